import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers
import Vocabulary

@testable import Reconstruction

/// One combination of settings, such as that of a preset.
struct Way: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let change: @Sendable (inout Hyperparameters) -> Void

    static let all: [Way] = [
        Way(testDescription: "brecq") { block(&$0, .brecq) { $0.rounding = .adaround } },
        Way(testDescription: "qdrop") {
            block(&$0, .squaredError) {
                $0.rounding = .adaround
                drop(&$0)
            }
        },
        Way(testDescription: "pd-quant") {
            $0.rounding = .adaround
            $0.globalWeight = 10
            drop(&$0)
        },
        Way(testDescription: "aphq") {
            block(&$0, .aphq) {
                $0.rounding = .adaround
                drop(&$0)
            }
        },
        Way(testDescription: "fima") {
            block(&$0, .fima) {
                $0.rounding = .adaround
                drop(&$0)
            }
        },
        Way(testDescription: "glf") {
            $0.globalTarget = .features
            $0.fusion = .firstStep
        },
        Way(testDescription: "mgrq") {
            $0.fusion = .firstStep
            $0.globalShare = 0.5
            $0.validationShare = 0.25
        },
        Way(testDescription: "channel divergence, running mean") {
            $0.localDistance = .channelDivergence
            $0.fusion = .runningMean
        },
        Way(testDescription: "moments, gradient norms") {
            $0.localDistance = .moments
            $0.fusion = .gradientNorm
        },
        Way(testDescription: "uncertainty, ramp and decay") {
            $0.fusion = .uncertainty
            $0.globalSchedule = .ramp
            $0.localSchedule = .decay
            $0.warmUp = 0.3
        },
    ]

    private static func drop(_ settings: inout Hyperparameters) {
        settings.inputDrop = 0.5
        settings.activationDrop = 0.5
    }
}

@Suite("Every way to supervise and to learn")
struct SupervisionTests {
    private func settings(_ small: SmallTask, _ way: Way? = nil, batch: Int? = nil) -> Hyperparameters {
        var settings = small.settings(block: 2, global: 0.7, local: 0.5)
        settings.batch = batch ?? settings.batch
        way?.change(&settings)
        return settings
    }

    @Test(
        "learning lowers the output's error, and leaves the teacher, the suffix and the caches as they were",
        arguments: Way.all)
    func teacher(way: Way) throws {
        let small = SmallTask(seed: 2, images: 24, threads: 2)
        defer { small.pool.shutDown() }
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        func fingerprint() -> [[Float]] {
            let output = Matrix(rows: 24, columns: 5)
            ModelPass(small.fullPrecision, pool: small.pool).run(small.images, into: output)
            return [
                output.elements, task.prefixInput.elements, task.fullPrecisionInput.elements,
                task.target.elements, task.logits.elements, task.features.elements,
            ]
        }
        let before = fingerprint()
        var learning = settings(small, way, batch: 8)
        learning.steps = 60
        // In quantizer steps; roundings go from one level to the other over several units.
        learning.weightLearningRate = learning.rounding == .ste ? 0.02 : 0.1
        let reconstruction = small.reconstruction(task, learning)
        while !reconstruction.isFinished {
            let measured = reconstruction.step()
            #expect(measured.loss.isFinite)
        }
        let learned = try reconstruction.finish()
        let errors = [task.state, learned].map {
            SupervisedUnit(small, small.task(1, state: $0)).block(Array(0..<24))
        }
        #expect(
            errors[1] < 0.95 * errors[0], "the output's error went from \(errors[0]) to \(errors[1])")
        #expect(fingerprint() == before)
        for (linear, state) in zip(learned.linears, task.state.linears) {
            #expect(linear.weight.shape == state.weight.shape)
            let codes = try #require(linear.quantizer.codes(of: linear.weight.matrix()))
            #expect(codes.allSatisfy { $0 < 8 })
        }
    }

    @Test("the same seed gives the same bits for any number of threads", arguments: Way.all)
    func threads(way: Way) throws {
        func learn(_ threads: Int) throws -> QuantizedUnit {
            let small = SmallTask(seed: 5, images: 40, threads: threads)
            defer { small.pool.shutDown() }
            let reconstruction = small.reconstruction(
                small.task(1, state: try small.calibrated(1, bits: 3)), settings(small, way, batch: 33))
            for _ in 0..<4 { _ = reconstruction.step() }
            return try reconstruction.finish()
        }
        #expect(try learn(1) == learn(3))
    }

    @Test(
        "gradients of every local distance and of shared weights agree with differences",
        arguments: LocalDistance.allCases, [true, false])
    func differences(distance: LocalDistance, weighted: Bool) {
        let small = SmallTask(seed: 8)
        defer { small.pool.shutDown() }
        let state = small.disturbed(1, seed: 8)
        var settings = settings(small)
        settings.localDistance = distance
        settings.localWeight = 3
        settings.blockDistance = weighted ? .aphq : .squaredError
        settings.globalShare = 0.5
        func gradients(_ state: QuantizedUnit) -> (loss: Double, weights: [[Float]]) {
            let result = small.reconstruction(small.task(1, state: state), settings)
                .gradients(on: Array(0..<small.images.rows))
            return (result.loss, result.weights)
        }
        let analytic = gradients(state).weights
        for layer in state.linears.indices {
            var (difference, size) = (0.0, 0.0)
            for element in stride(from: 3, to: state.linears[layer].weight.count, by: 41) {
                let step: Float = 4e-3
                var (up, down) = (state, state)
                up.linears[layer].weight.elements[element] += step
                down.linears[layer].weight.elements[element] -= step
                let numeric = (gradients(up).loss - gradients(down).loss) / Double(2 * step)
                let error = numeric - Double(analytic[layer][element])
                difference += error * error
                size += numeric * numeric
            }
            #expect(
                difference.squareRoot() <= 1e-2 * size.squareRoot() + 1e-6,
                "layer \(layer): off by \(difference.squareRoot()) of \(size.squareRoot())")
        }
    }

    @Test(
        "metrics' gradients agree with differences, and even errors give the mean square",
        arguments: 0..<3)
    func metrics(kind: Int) {
        let target = seededMatrix(12, 5, seed: 2)
        // No error is near 0, where magnitudes have no slope.
        let output = Matrix(
            rows: 12, columns: 5,
            elements: zip(target.elements, seededMatrix(12, 5, seed: 1).elements).map {
                $0 + $1 + ($1 < 0 ? -0.1 : 0.1)
            })
        func positive(_ rows: Int, seed: UInt64) -> Matrix {
            let x = seededMatrix(rows, 5, seed: seed)
            return Matrix(rows: rows, columns: 5, elements: x.elements.map { abs($0) + 0.1 })
        }
        let metric: BlockMetric =
            switch kind {
            case 0: .perImage(positive(12, seed: 3))
            case 1: .shared(positive(4, seed: 4))
            default:
                .shared(
                    positive(4, seed: 4),
                    lowRank: .init(
                        gradients: positive(8, seed: 5), inverse: [[0.4, -0.1], [-0.1, 0.3]], scale: 0.7))
            }
        let gradient = Matrix(rows: 12, columns: 5)
        _ = metric.sum(output, target, weights: nil, gradient: gradient, factor: 0.5)
        for row in 0..<12 {
            for column in 0..<5 {
                let (value, step): (Float, Float) = (output[row, column], 1e-2)
                output[row, column] = value + step
                let up = metric.sum(output, target, weights: nil)
                output[row, column] = value - step
                let down = metric.sum(output, target, weights: nil)
                output[row, column] = value
                let numeric = 0.5 * (up - down) / Double(2 * step)
                #expect(abs(numeric - Double(gradient[row, column])) <= 2e-2 * abs(numeric) + 2e-3)
            }
        }
        guard kind < 2 else { return }
        let shifted = Matrix(rows: 12, columns: 5, elements: target.elements.map { $0 + 0.5 })
        #expect(abs(metric.sum(shifted, target, weights: nil) / 60 - 0.25) <= 1e-5)
    }

    @Test("a step takes more images of a unit that gives few rows for each, and never more than there are")
    func leastRows() throws {
        let small = SmallTask(seed: 8, images: 40)
        defer { small.pool.shutDown() }
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.batch = 8
        func images(_ unit: Int, leastRows: Int) throws -> Int {
            settings.leastRows = leastRows
            let task = small.task(unit, state: try small.calibrated(unit, bits: 4))
            return small.reconstruction(task, settings).settings.batch
        }
        let head = small.model.units.count - 1
        #expect(try images(1, leastRows: 0) == 8 && images(head, leastRows: 0) == 8)
        // A block gives five rows for each image, the head one.
        #expect(try images(1, leastRows: 32) == 8 && images(head, leastRows: 32) == 32)
        #expect(try images(1, leastRows: 51) == 11)
        #expect(try images(head, leastRows: 256) == 40)
    }

    @Test("dropped elements keep their values and gradients; the others have the quantizer's")
    func drops() throws {
        let quantizer = SiteQuantizer.uniform(
            try UniformQuantizer(
                bits: try BitWidth(2), scales: [0.3], zeroPoints: [1], groups: .columns(width: 10)))
        let values = seededMatrix(12, 10, seed: 1)
        let whole = QuantizingTransform([quantizer])
        let transform = whole.collectingScaleGradients()
            .dropping(share: 0.5, seed: 7, images: 0..<4, scratch: FloatStorage(count: 120))
        let (out, plain) = (Matrix(rows: 12, columns: 10), Matrix(rows: 12, columns: 10))
        transform.apply(0, values, into: out)
        whole.apply(0, values, into: plain)
        let gradient = seededMatrix(12, 10, seed: 2)
        let passed = Matrix(rows: 12, columns: 10, elements: gradient.elements)
        transform.backward(0, gradient: passed, values: values, transformed: out)
        var dropped = 0
        for index in 0..<120 {
            let value = values.elements[index]
            if out.elements[index] == value {
                dropped += 1
                #expect(passed.elements[index] == gradient.elements[index])
            } else {
                #expect(out.elements[index] == plain.elements[index])
                let code = (value / 0.3).rounded(.toNearestOrEven) + 1
                #expect(passed.elements[index] == (code < 0 || code > 3 ? 0 : gradient.elements[index]))
            }
        }
        #expect((30...90).contains(dropped))
        let part = whole.dropping(share: 0.5, seed: 7, images: 2..<4, scratch: FloatStorage(count: 60))
        let half = Matrix(rows: 6, columns: 10)
        part.apply(0, values.rows(6..<12), into: half)
        #expect(half.elements == out.rows(6..<12).elements)
    }

    @Test("norms and cosines of the terms' gradients add up to the norm of the whole")
    func cosines() throws {
        let small = SmallTask(seed: 9)
        defer { small.pool.shutDown() }
        let settings = settings(small)
        let images = Array(0..<small.images.rows)
        // Of weights in full precision nothing is learned, and nothing is measured.
        let unlearned = small.reconstruction(
            small.task(1, state: small.disturbed(1, seed: 9)), settings
        )
        .step()
        #expect(unlearned.gradientNorms == Terms() && unlearned.gradientCosines == GradientCosines())
        let quantized = try small.calibrated(1, bits: 8)
        let learning = small.reconstruction(small.task(1, state: quantized), settings)
        let gradients = learning.gradients(on: images).weights
        let measured = learning.step()
        let (norms, cosines) = (
            try #require(measured.gradientNorms), try #require(measured.gradientCosines)
        )
        let (b, g, l) = (
            try #require(norms.block), try #require(norms.global), try #require(norms.local)
        )
        let sum =
            b * b + g * g + l * l + 2 * b * g * (try #require(cosines[TermPair(.block, .global)])) + 2 * b * l
            * (try #require(cosines[TermPair(.block, .local)])) + 2 * g * l
            * (try #require(cosines[TermPair(.global, .local)]))
        let expected = gradients.reduce(0.0) { $1.reduce($0) { $0 + Double($1) * Double($1) } }
        #expect(abs(sum - expected) <= 1e-3 * expected)
        // Each norm is that of the term alone.
        for (norm, weights) in [(b, (2.0, 0.0, 0.0)), (g, (0, 0.7, 0)), (l, (0, 0, 0.5))] {
            var single = settings
            (single.blockWeight, single.globalWeight, single.localWeight) = weights
            let alone = small.reconstruction(small.task(1, state: quantized), single).gradients(
                on: images)
            let length = alone.weights.joined().reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
            #expect(abs(norm - length) <= 1e-3 * length)
        }
        #expect(measured.operatorLosses?.map(\.name) == small.model.units[1].operators.map(\.name))
        let mean = (measured.operatorLosses ?? []).reduce(0) { $0 + $1.loss / 6 }
        #expect(abs(mean - (measured.terms.local ?? 0)) <= 1e-6 * (1 + mean))
    }

    @Test(
        "validation images decide which state is kept, and learning ends when they stop improving"
    )
    func judgement() throws {
        let small = SmallTask(seed: 11, images: 24)
        defer { small.pool.shutDown() }
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        var settings = settings(small, batch: 6)
        settings.validationShare = 0.25
        settings.patience = 2
        // Steps that only do harm.
        settings.weightLearningRate = 1
        settings.steps = 40
        let reconstruction = small.reconstruction(task, settings)
        var steps = 0
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            steps += 1
        }
        #expect(steps == 8)
        let kept = try reconstruction.finish()
        #expect(
            kept.linears.map { $0.quantizedWeight().elements }
                == task.state.linears.map { $0.quantizedWeight().elements })
    }

    @Test("no view of a validation image is learned from")
    func views() {
        let small = SmallTask(seed: 3, images: 8)
        defer { small.pool.shutDown() }
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.validationShare = 0.5
        settings.batch = 2
        let reconstruction = small.reconstruction(
            small.task(1, state: small.disturbed(1, seed: 1), views: 2), settings)
        let kept = reconstruction.images.validation
        #expect(kept.count == 2)
        #expect(kept.allSatisfy { $0 < 4 })
        #expect(
            reconstruction.images.learned
                == (0..<8).filter { !kept.contains($0) && !kept.contains($0 - 4) })
    }
}

private func block(
    _ settings: inout Hyperparameters, _ distance: BlockDistance,
    _ change: (inout Hyperparameters) -> Void
) {
    settings.globalWeight = 0
    settings.localWeight = 0
    settings.blockDistance = distance
    change(&settings)
}
