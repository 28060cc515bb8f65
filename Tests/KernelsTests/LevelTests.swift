import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// What every kernel but the products makes of seeded inputs, by name.
private func allResults(_ rows: Int, _ columns: Int, seed: UInt64) -> [String: [UInt32]] {
    let x = seededMatrix(rows, columns, seed: seed, scale: 3)
    let y = seededMatrix(rows, columns, seed: seed + 1, scale: 3)
    let gamma = seededVector(columns, seed: seed + 2)
    let scales = seededVector(rows, seed: seed + 3, in: 0.2...0.4)
    let zeroPoints = Vector(Array(repeating: 7, count: rows))
    let groups = QuantizationGroups.rows(perGroup: 1)
    let mean = Vector(count: rows)
    let reciprocal = Vector(count: rows)
    let slot = Vector(count: max(rows, columns))
    var results: [String: [UInt32]] = [:]
    func keep(_ name: String, _ run: (Matrix) -> Void) {
        let out = seededMatrix(rows, columns, seed: seed + 4)
        run(out)
        results[name] = bitPatterns(out)
    }
    func keep(_ name: String, _ value: Double) {
        results[name] = [UInt32(truncatingIfNeeded: value.bitPattern), UInt32(value.bitPattern >> 32)]
    }
    keep("add") { add(x, y, scaledBy: gamma, into: $0) }
    keep("scaleColumns") { scaleColumns(x, by: gamma, into: $0, accumulate: true) }
    keep("scale") { scale(x, by: 0.3, into: $0, accumulate: true) }
    keep("scaledDifference") { scaledDifference(x, y, factor: 0.3, into: $0, accumulate: true) }
    keep("squaredDistance", squaredDistance(x, y))
    keep("gelu") { gelu(x, into: $0) }
    keep("geluBackward") { geluBackward(y, x: x, into: $0, accumulate: true) }
    keep("sigmoidUnit") { sigmoidUnit(x, .silu, into: $0) }
    keep("multiplyElements") { multiplyElements(x, y, into: $0) }
    keep("normalizeHeads") {
        guard columns > 0 else { return }
        let reciprocals = Matrix(rows: rows, columns: 1)
        let out = clone(x)
        normalizeHeads(out, lengths: Vector([2]), reciprocals: reciprocals)
        copy(y, into: $0)
        normalizeHeadsBackward($0, out: out, lengths: Vector([2]), reciprocals: reciprocals)
    }
    keep("rotatePairs") {
        guard columns.isMultiple(of: 2), columns > 0 else { return }
        rotatePairs($0, cosines: x, sines: y, halves: false)
        rotatePairs($0, cosines: x, sines: y, halves: true)
    }
    keep("relu") { relu(x, limit: 0.5, into: $0) }
    keep("reluBackward") { reluBackward(y, x: x, limit: 0.5, into: $0, accumulate: true) }
    keep("layerNorm") {
        layerNorm(
            x, gamma: gamma, beta: gamma, epsilon: 1e-6, into: $0, mean: mean, reciprocalDeviation: reciprocal
        )
    }
    keep("layerNormBackward") {
        layerNormBackward(y, x: x, gamma: gamma, mean: mean, reciprocalDeviation: reciprocal, into: $0)
    }
    keep("softmaxRows") { softmaxRows(x, into: $0, scale: 0.7) }
    keep("softmaxRowsBackward") { softmaxRowsBackward(y, out: x, into: $0, scale: 0.7) }
    keep("kullbackLeibler") {
        keep("divergence", kullbackLeibler(target: x, student: y, temperature: 2, gradient: $0))
    }
    keep("fakeQuantize") {
        fakeQuantize(x, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, groups: groups, into: $0)
    }
    keep("fakeQuantizeBackward") {
        fakeQuantizeBackward(
            y, x: x, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, groups: groups, into: $0,
            scaleGradients: slot[0..<rows])
    }
    keep("logarithmic") { fakeQuantizeLogSqrt2(x, deltas: scales, maximumCode: 15, groups: groups, into: $0) }
    keep("searched logarithmic") {
        fakeQuantizeSearchedLog(
            x,
            SearchedLogParameters(
                deltas: scales, steps: Vector(scales.elements.map { ($0 * 40).rounded() + 1 }), shift: 0.17,
                maximumCode: 15), groups: groups, into: $0)
    }
    keep("adaRoundInitialise") { adaRoundInitialise(x, scales: scales, into: $0) }
    keep("adaRound") {
        adaRound(x, alpha: y, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, hard: false, into: $0)
    }
    keep("adaRoundBackward") {
        adaRoundBackward(
            y, w: x, alpha: y, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, regularizer: 0.1,
            beta: 3, into: $0)
    }
    keep("adaRoundPenalty", adaRoundPenalty(y, beta: 3))
    keep("adamStep") {
        let moments = clone(x)
        let squares = reference(rows, columns) { Double(y[$0, $1]) * Double(y[$0, $1]) }
        adamStep(
            parameters: $0, gradients: y, firstMoments: moments, secondMoments: squares,
            settings: AdamSettings(learningRate: 1e-3, step: 5))
    }
    columnSums(x, into: slot[0..<columns])
    results["sums and scale gradients"] = slot.elements.map(\.bitPattern)
    results["moments"] = (mean.elements + reciprocal.elements).map(\.bitPattern)
    return results
}

extension KernelSuite {
    @Suite("Instruction levels") struct Levels {
        @Test("the level in use is the best one, and any available one can be forced")
        func choice() {
            #expect(InstructionLevel.available.first == .baseline)
            #expect(InstructionLevel.current == InstructionLevel.available.last)
            for level in InstructionLevel.available {
                #expect(at(level) { InstructionLevel.current } == level)
            }
        }

        @Test("forcing a level that the machine does not have ends the process")
        func unavailable() async {
            await #expect(processExitsWith: .failure) {
                for level in InstructionLevel.allCases where !InstructionLevel.available.contains(level) {
                    InstructionLevel.force(level)
                }
            }
        }

        @Test(
            "every kernel has the same bits at every level with fused multiply-add",
            .enabled(if: fusedLevels.count > 1, oneFusedLevel),
            arguments: [(1, 1), (3, 5), (5, 17), (33, 47)], 0..<3 as Range<UInt64>)
        func sameBits(shape: (rows: Int, columns: Int), seed: UInt64) throws {
            let results = fusedLevels.map { level in
                at(level) { allResults(shape.rows, shape.columns, seed: seed) }
            }
            let first = try #require(results.first)
            for other in results.dropFirst() {
                for (name, bits) in first {
                    #expect(other[name] == bits, "\(name)")
                }
            }
        }

        @Test("the probe counts what the machine can do", arguments: InstructionLevel.available)
        func probe(level: InstructionLevel) {
            #expect(at(level) { peakProbe(rounds: 100_000) } > 1)
        }
    }
}
