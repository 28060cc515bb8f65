import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// Which elements share parameters, and how many sets of them there are.
struct Grouping: Sendable, CustomTestStringConvertible {
    let rows: Int
    let columns: Int
    let groups: QuantizationGroups
    let count: Int

    var testDescription: String { "\(rows)×\(columns), \(count) groups: \(groups)" }

    /// The group of one element, by the definition.
    func group(_ row: Int, _ column: Int) -> Int {
        switch groups {
        case .columns(let width): column / width
        case .rows(let perGroup): (row / perGroup) % count
        }
    }

    static let all: [Grouping] = [
        Grouping(rows: 1, columns: 1, groups: .columns(width: 1), count: 1),
        Grouping(rows: 5, columns: 33, groups: .columns(width: 33), count: 1),
        Grouping(rows: 3, columns: 17, groups: .columns(width: 1), count: 17),
        Grouping(rows: 4, columns: 60, groups: .columns(width: 20), count: 3),
        Grouping(rows: 17, columns: 5, groups: .rows(perGroup: 1), count: 17),
        Grouping(rows: 12, columns: 35, groups: .rows(perGroup: 2), count: 3),
        Grouping(rows: 0, columns: 4, groups: .columns(width: 4), count: 1),
    ]

    static let atLevels = InstructionLevel.available.flatMap { level in all.map { (level, $0) } }

    func scales(seed: UInt64) -> Vector { seededVector(count, seed: seed, in: 0.1...0.4) }

    /// Zero points inside and outside of the sixteen codes.
    func zeroPoints(seed: UInt64) -> Vector {
        Vector(seededVector(count, seed: seed, in: -5...20).elements.map { $0.rounded() })
    }
}

/// The unclipped code and the ratio x / s of one element, in the arithmetic that the engine promises.
private func code(_ x: Float, _ scale: Float, _ zeroPoint: Float) -> (ratio: Float, code: Float) {
    let ratio = x / scale
    return (ratio, ratio.rounded(.toNearestOrEven) + zeroPoint)
}

extension KernelSuite {
    @Suite("Affine quantizers") struct Affine {
        @Test("values and codes are exactly those of the definition", arguments: Grouping.atLevels)
        func forward(level: InstructionLevel, grouping: Grouping) {
            let x = seededMatrix(grouping.rows, grouping.columns, seed: 1, scale: 4, padding: 3)
            let scales = grouping.scales(seed: 2)
            let zeroPoints = grouping.zeroPoints(seed: 3)
            let out = seededMatrix(grouping.rows, grouping.columns, seed: 4, padding: 1)
            let codes = seededMatrix(grouping.rows, grouping.columns, seed: 5, padding: 2)
            let restored = seededMatrix(grouping.rows, grouping.columns, seed: 6, padding: 2)
            at(level) {
                fakeQuantize(
                    x, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, groups: grouping.groups,
                    into: out)
                quantize(
                    x, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, groups: grouping.groups,
                    into: codes)
                dequantize(
                    codes, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, groups: grouping.groups,
                    into: restored)
            }
            for row in 0..<grouping.rows {
                for column in 0..<grouping.columns {
                    let group = grouping.group(row, column)
                    let expected = min(
                        max(code(x[row, column], scales[group], zeroPoints[group]).code, 0), 15)
                    #expect(codes[row, column] == expected)
                    #expect(out[row, column] == scales[group] * (expected - zeroPoints[group]))
                }
            }
            #expect(bitPatterns(out) == bitPatterns(restored))
            #expect(paddingIsUntouched(out) && paddingIsUntouched(codes))
        }

        @Test(
            "ties go to the even level", arguments: InstructionLevel.available,
            [(0.5, 0), (1.5, 2), (2.5, 2), (3.5, 4), (-0.5, 0), (-1.5, -2), (-2.5, -2)] as [(Float, Float)])
        func ties(level: InstructionLevel, tie: (x: Float, expected: Float)) {
            let x = reference(1, 17) { _, _ in Double(tie.x) * 0.25 }
            at(level) {
                fakeQuantize(
                    x, scales: Vector([0.25]), zeroPoints: Vector([128]), maximumCode: 255,
                    groups: .columns(width: 17), into: x)
            }
            #expect(x.elements == Array(repeating: tie.expected * 0.25, count: 17))
        }

        @Test(
            "no quantizer gives more than 2^b values", arguments: InstructionLevel.available,
            Array(2...8))
        func valueCount(level: InstructionLevel, bits: Int) {
            let x = reference(1, 20_001) { Double($1 - 10_000) / 1000 }
            let maximumCode = 1 << bits - 1
            let zeroPoint = Float(maximumCode / 2)
            at(level) {
                fakeQuantize(
                    x, scales: Vector([20 / Float(2 * maximumCode)]), zeroPoints: Vector([zeroPoint]),
                    maximumCode: maximumCode, groups: .columns(width: 20_001), into: x)
            }
            #expect(Set(x.elements).count == 1 << bits)
        }

        @Test(
            "numbers too large for rounding are clipped all the same", arguments: InstructionLevel.available)
        func largeNumbers(level: InstructionLevel) {
            let x = Matrix(
                rows: 1, columns: 6, elements: [1e30, -1e30, 8_388_609, -8_388_609, 16_777_215, 3e9])
            at(level) {
                fakeQuantize(
                    x, scales: Vector([1]), zeroPoints: Vector([0]), maximumCode: 255,
                    groups: .columns(width: 6), into: x)
            }
            #expect(x.elements == [255, 0, 255, 0, 255, 255])
        }

        @Test("gradients are the closed forms of LSQ", arguments: Grouping.atLevels)
        func backward(level: InstructionLevel, grouping: Grouping) {
            let x = seededMatrix(grouping.rows, grouping.columns, seed: 7, scale: 4, padding: 3)
            let dOut = seededMatrix(grouping.rows, grouping.columns, seed: 8, padding: 1)
            let dX = seededMatrix(grouping.rows, grouping.columns, seed: 9, padding: 2)
            let before = clone(dX)
            let scales = grouping.scales(seed: 10)
            let zeroPoints = grouping.zeroPoints(seed: 11)
            let scaleGradients = seededVector(grouping.count, seed: 12)
            var expectedScales = scaleGradients.elements.map(Double.init)
            let expected = reference(grouping.rows, grouping.columns) { row, column in
                let group = grouping.group(row, column)
                let (ratio, unclipped) = code(x[row, column], scales[group], zeroPoints[group])
                let gradient = Double(dOut[row, column])
                let inside = unclipped >= 0 && unclipped <= 15
                let slope =
                    unclipped < 0
                    ? -zeroPoints[group]
                    : inside ? ratio.rounded(.toNearestOrEven) - ratio : 15 - zeroPoints[group]
                expectedScales[group] += gradient * Double(slope)
                return Double(before[row, column]) + (inside ? gradient : 0)
            }
            at(level) {
                fakeQuantizeBackward(
                    dOut, x: x, scales: scales, zeroPoints: zeroPoints, maximumCode: 15,
                    groups: grouping.groups, into: dX, accumulate: true, scaleGradients: scaleGradients)
            }
            #expect(largestDifference(dX, expected) < 1e-6)
            #expect(relativeError(scaleGradients.elements.map(Double.init), expectedScales) < 1e-5)
            at(level) {
                fakeQuantizeBackward(
                    dOut, x: x, scales: scales, zeroPoints: zeroPoints, maximumCode: 15,
                    groups: grouping.groups, into: dX)
                scaledDifference(expected, before, factor: 1, into: before)
            }
            #expect(largestDifference(dX, before) < 1e-6)
            #expect(paddingIsUntouched(dX))
        }

        @Test("the scale's gradient is the slope between two rounding borders")
        func scaleSlope() {
            // Codes stay as they are for so small a change of the scale, clipped elements included, so the
            // derivative of s · (code − z) is exact; inside, LSQ adds the −x / s of the rounding's identity.
            let x = Matrix(rows: 1, columns: 4, elements: [-9, 0.3, 1.15, 9])
            let gradient = Vector(count: 1)
            let dX = Matrix(rows: 1, columns: 4)
            let ones = Matrix(rows: 1, columns: 4, elements: [1, 1, 1, 1])
            fakeQuantizeBackward(
                ones, x: x, scales: Vector([0.5]), zeroPoints: Vector([3]), maximumCode: 7,
                groups: .columns(width: 4), into: dX, scaleGradients: gradient)
            #expect(dX.elements == [0, 1, 1, 0])
            let expected: Float = -3 + (1 - 0.6) + (2 - 2.3) + 4
            #expect(abs(gradient[0] - expected) < 1e-6)
        }

        @Test("groups that do not make the matrix end the process")
        func mismatch() async {
            await #expect(processExitsWith: .failure) {
                let x = Matrix(rows: 2, columns: 10)
                fakeQuantize(
                    x, scales: Vector([1, 1, 1]), zeroPoints: Vector([0, 0, 0]), maximumCode: 15,
                    groups: .columns(width: 3), into: x)
            }
        }
    }
}
