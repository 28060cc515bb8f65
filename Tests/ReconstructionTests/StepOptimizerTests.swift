import Glibc
import Kernels
import Quantization
import TensorCore
import Testing
import Vocabulary

@testable import Reconstruction

@Suite("Updates of scales, apart from any model")
struct StepOptimizerTests {
    /// Two sites of one and of three groups, one in full precision and one with logarithmic levels.
    private func unit() throws -> LearnedUnit {
        let bits = try BitWidth(4)
        return LearnedUnit(
            QuantizedUnit(
                linears: [], vectors: [],
                sites: [
                    .uniform(
                        try UniformQuantizer(
                            bits: bits, scales: [0.5], zeroPoints: [3], groups: .columns(width: 6))),
                    .fullPrecision,
                    .uniform(
                        try UniformQuantizer(
                            bits: bits, scales: [0.1, 0.2, 0.4], zeroPoints: [0, 1, 2],
                            groups: .columns(width: 2)
                        )),
                    .logSqrt2(try LogSqrt2Quantizer(bits: bits, deltas: [0.7], groups: .columns(width: 6))),
                ]), linears: [], settings: Hyperparameters())
    }

    private func scales(_ unit: LearnedUnit) -> [[Float]] {
        unit.transform.sites.map { $0.learnedScales?.elements ?? [] }
    }

    @Test(
        "a first update moves each scale by the rate against its gradient, whatever the gradient's size"
    )
    func first() throws {
        let unit = try unit()
        var optimizer = StepOptimizer(unit)
        optimizer.updateScales(step: 1, rate: 0.01, gradients: [[100], [], [-1e-3, 0, 2], []])
        let expected: [[Float]] = [[0.5 * 0.99], [], [0.1 * 1.01, 0.2, 0.4 * 0.99], []]
        for (found, wanted) in zip(scales(unit), expected) {
            #expect(found.count == wanted.count)
            for (a, b) in zip(found, wanted) { #expect(abs(a - b) < 1e-5 * b) }
        }
    }

    @Test("the logarithm of a scale converges to the minimum of a parabola")
    func parabola() throws {
        let unit = try unit()
        var optimizer = StepOptimizer(unit)
        let targets: [[Float]] = [[0.8], [], [0.15, 0.1, 0.4], []]
        for step in 1...400 {
            // The loss is ½ (log s − log t)², whose gradient by s is log(s / t) / s.
            let gradients = zip(scales(unit), targets).map { scales, targets -> [Float] in
                zip(scales, targets).map { scale, target in Float(log(Double(scale / target))) / scale }
            }
            optimizer.updateScales(
                step: step, rate: 0.02 * (1 - Double(step) / 400), gradients: gradients)
        }
        for (found, wanted) in zip(scales(unit), targets) {
            for (a, b) in zip(found, wanted) { #expect(abs(a - b) < 0.01 * b) }
        }
    }

    @Test("snapshots bring scales back, and logarithmic quantizers stay what they are")
    func snapshots() throws {
        let unit = try unit()
        var optimizer = StepOptimizer(unit)
        let (before, quantizers) = (unit.snapshot, try unit.transform.quantizers())
        optimizer.updateScales(step: 1, rate: 0.1, gradients: [[1], [], [1, 1, 1], []])
        let moved = try unit.transform.quantizers()
        #expect(moved[0] != quantizers[0] && moved[2] != quantizers[2])
        #expect(moved[1] == quantizers[1] && moved[3] == quantizers[3])
        unit.restore(before)
        #expect(try unit.transform.quantizers() == quantizers)
    }

    @Test("a scale that is no longer above 0 ends learning with an error")
    func diverged() throws {
        let unit = try unit()
        var optimizer = StepOptimizer(unit)
        optimizer.updateScales(step: 1, rate: 1.5, gradients: [[1], [], [0, 0, 0], []])
        #expect(throws: QuantizationError.self) { try unit.transform.quantizers() }
    }
}
