import Kernels
import Quantization
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@testable import Reconstruction

@Suite("The terms of a batch, by their definitions")
final class TermTests {
    /// A step takes 8 of 24 images, in tasks of 4.
    private let small = SmallTask(seed: 12, images: 24)
    private let batch = [3, 20, 7, 11, 0, 15, 9, 22]

    deinit { small.pool.shutDown() }

    private func settings(block: Double = 0, global: Double = 0, local: Double = 0) -> Hyperparameters {
        var settings = small.settings(block: block, global: global, local: local)
        settings.batch = 8
        return settings
    }

    private func loss(_ task: ReconstructionTask, _ settings: Hyperparameters, _ batch: [Int]? = nil)
        -> Double
    {
        small.reconstruction(task, settings).gradients(on: batch ?? self.batch).loss
    }

    private func expect(
        _ found: Double?, _ expected: Double, tolerance: Double = 2e-4,
        _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(
            abs((found ?? .nan) - expected) <= tolerance * abs(expected),
            "\(found ?? .nan) is not \(expected)",
            sourceLocation: location)
    }

    @Test(
        "block: the mean squared error of outputs on the quantized prefix's activations"
    )
    func block() {
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        expect(loss(task, settings(block: 3)), 3 * SupervisedUnit(small, task).block(batch))
    }

    @Test(
        "global: the divergence of logits at its temperature, over the images that the term sees",
        arguments: [1, 0.5])
    func logits(share: Double) {
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        var settings = settings(global: 2)
        settings.globalTarget = .logits
        settings.temperature = 3
        settings.globalShare = share
        let seen = Array(batch.prefix(Int(8 * share)))
        expect(loss(task, settings), 2 * SupervisedUnit(small, task).logits(seen, temperature: 3))
    }

    @Test(
        "global: the mean squared error of features, over the images that the term sees",
        arguments: [1, 0.5])
    func features(share: Double) {
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        var settings = settings(global: 2)
        settings.globalTarget = .features
        settings.globalShare = share
        let seen = Array(batch.prefix(Int(8 * share)))
        expect(loss(task, settings), 2 * SupervisedUnit(small, task).features(seen))
    }

    @Test(
        "local: the mean over operators of their distances from the full-precision unit on its full-precision input",
        arguments: LocalDistance.allCases)
    func local(distance: LocalDistance) {
        let small = SmallTask(seed: 12, images: 4)
        defer { small.pool.shutDown() }
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        var settings = small.settings(block: 0, global: 0, local: 2)
        settings.localDistance = distance
        let images = [2, 0, 3, 1]
        let losses = SupervisedUnit(small, task).operators(images, distance, powerImages: images)
        let reconstruction = small.reconstruction(task, settings)
        let mean = losses.reduce(0, +) / Double(losses.count)
        expect(reconstruction.gradients(on: images).loss, 2 * mean)
        let step = reconstruction.step()
        expect(step.terms.local, mean)
        #expect(step.operatorLosses?.map(\.name) == task.unit.operators.map(\.name))
        for (found, expected) in zip(step.operatorLosses ?? [], losses) {
            expect(found.loss, expected)
        }
    }

    @Test("local: distances of more than one task's images are one mean")
    func localOfTasks() {
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        var settings = settings(local: 1)
        settings.batch = 24
        let all = Array(0..<24)
        let expected = SupervisedUnit(small, task).operators(all, .relative, powerImages: all)
        expect(loss(task, settings, all), expected.reduce(0, +) / Double(expected.count))
    }

    @Test("the head's only term is the divergence of its logits at temperature 1")
    func head() {
        let task = small.task(3, state: small.disturbed(3, seed: 2, by: 0.5))
        let reconstruction = small.reconstruction(task, settings(block: 2, global: 5, local: 5))
        expect(
            reconstruction.gradients(on: batch).loss,
            2 * SupervisedUnit(small, task).logits(batch, temperature: 1))
        let step = reconstruction.step()
        #expect(step.terms.global == nil && step.terms.local == nil)
    }

    @Test("a step's loss is the sum of its weighted terms, which follow their schedules")
    func sum() throws {
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        var settings = settings(block: 2, global: 3, local: 5)
        settings.batch = 24
        settings.scaleLearningRate = 0
        (settings.blockSchedule, settings.globalSchedule) = (.decay, .ramp)
        let reconstruction = small.reconstruction(task, settings)
        let unit = SupervisedUnit(small, task)
        let all = Array(0..<24)
        let local = unit.operators(all, .relative, powerImages: all)
        // Nothing can be learned of a unit in full precision, so every step has the same terms.
        for step in 0..<3 {
            let measured = reconstruction.step()
            expect(measured.terms.block, unit.block(all))
            expect(measured.terms.global, unit.logits(all, temperature: 4))
            expect(measured.terms.local, local.reduce(0, +) / Double(local.count))
            let progress = Double(step) / 30
            let weights = [2 * halfCosine(at: progress), 3 * progress / 0.2, 5]
            let weighted = measured.weighted
            expect(weighted.block, weights[0] * unit.block(all))
            expect(weighted.global, weights[1] * unit.logits(all, temperature: 4))
            let sum = (weighted.block ?? 0) + (weighted.global ?? 0) + (weighted.local ?? 0)
            expect(measured.loss, sum, tolerance: 1e-12)
            #expect(measured.step == step + 1)
        }
    }

    @Test("first steps: at the start every term weighs as much as its weight")
    func divisors() {
        var settings = settings(block: 2, global: 3, local: 5)
        settings.fusion = .firstStep
        let task = small.task(1, state: small.disturbed(1, seed: 2))
        // A mean over a few batches: near the mean over all images.
        let part = small.reconstruction(task, settings).step().weighted
        #expect((1..<4).contains(part.block ?? 0) && (1.5..<6).contains(part.global ?? 0))
        settings.batch = 24
        let whole = small.reconstruction(task, settings).step().weighted
        for (found, weight) in [(whole.block, 2.0), (whole.global, 3), (whole.local, 5)] {
            expect(found, weight, tolerance: 1e-5)
        }
    }

    @Test(
        "AdaRound's loss has the regulariser in it from the second fifth on, and fusion's penalty always"
    )
    func penalties() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 3))
        var settings = settings(block: 2, global: 3)
        settings.steps = 5
        settings.rounding = .adaround
        settings.roundingRegularizer = 0.1
        settings.fusion = .uncertainty
        let reconstruction = small.reconstruction(task, settings)
        for step in 0..<5 {
            let (beta, penalty) = (
                20 - 18 * (Double(step) / 5 - 0.2) / 0.8, reconstruction.fusion.penalty
            )
            let roundings = reconstruction.learned.roundingPenalty(exponent: step > 0 ? beta : 2)
            #expect(roundings > 0)
            let measured = reconstruction.step()
            let terms = (measured.weighted.block ?? 0) + (measured.weighted.global ?? 0)
            expect(measured.loss, terms + penalty + (step > 0 ? 0.1 * roundings : 0), tolerance: 1e-9)
        }
        #expect(reconstruction.fusion.penalty != 0)
    }
}
