import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers
import Vocabulary

@testable import Reconstruction

@Suite("Steps, drops and validation")
final class StepTests {
    private let small = SmallTask(seed: 21, images: 8)
    private let all = Array(0..<8)

    deinit { small.pool.shutDown() }

    /// A unit whose weights stay as they are while the scales of its activations, too large at first, are learned.
    private func activationsOnly() throws -> QuantizedUnit {
        var state = small.disturbed(1, seed: 3)
        state.sites = try small.calibrated(1, bits: 4).sites.map { site in
            guard case .uniform(let uniform) = site else { return site }
            return .uniform(
                try UniformQuantizer(
                    bits: uniform.bits, scales: uniform.scales.map { 2 * $0 }, zeroPoints: uniform.zeroPoints,
                    groups: uniform.groups))
        }
        return state
    }

    private func settings(steps: Int = 100, rate: Double = 0.02) -> Hyperparameters {
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.steps = steps
        settings.scaleLearningRate = rate
        settings.learningRateSchedule = .constant
        return settings
    }

    @Test(
        "scales follow Adam on their logarithms, whose rates follow their schedule",
        arguments: [false, true])
    func scales(decays: Bool) throws {
        let state = try activationsOnly()
        var settings = settings()
        settings.steps = 10
        settings.learningRateSchedule = decays ? .cosine : .constant
        let reconstruction = small.reconstruction(small.task(1, state: state), settings)
        var scales = scales(of: state.sites)
        var first = scales.map { $0.map { _ in 0.0 } }
        var second = first
        for step in 0..<6 {
            let gradients = reconstruction.gradients(on: all).scales
            let rate = 0.02 * (decays ? halfCosine(at: Double(step) / 10) : 1)
            let (firstScale, secondScale) = (
                1 - (0...step).reduce(1.0) { power, _ in power * 0.9 },
                1 - (0...step).reduce(1.0) { power, _ in power * 0.999 }
            )
            for site in scales.indices {
                for group in scales[site].indices {
                    let slope = Double(gradients[site][group]) * scales[site][group]
                    first[site][group] = 0.9 * first[site][group] + 0.1 * slope
                    second[site][group] = 0.999 * second[site][group] + 0.001 * slope * slope
                    let size = (second[site][group] / secondScale).squareRoot()
                    scales[site][group] *= 1 - rate * first[site][group] / firstScale / (size + 1e-12)
                }
            }
            _ = reconstruction.step()
            let found = self.scales(of: try reconstruction.learned.transform.quantizers())
            for site in scales.indices {
                #expect(relativeError(found[site], scales[site]) < 1e-4, "step \(step), site \(site)")
            }
        }
    }

    /// The learned scales of each site.
    private func scales(of sites: [SiteQuantizer]) -> [[Double]] {
        sites.map { site in
            if case .uniform(let uniform) = site { uniform.scales.map(Double.init) } else { [] }
        }
    }

    @Test("learned scales lower the loss, and the finished unit has them")
    func scalesLearn() throws {
        let state = try activationsOnly()
        let task = small.task(1, state: state)
        let reconstruction = small.reconstruction(task, settings(steps: 60))
        let before = reconstruction.gradients(on: all).loss
        while !reconstruction.isFinished { _ = reconstruction.step() }
        let after = reconstruction.gradients(on: all).loss
        #expect(after < 0.7 * before, "from \(before) to \(after)")
        let learned = try reconstruction.finish()
        let again = small.reconstruction(small.task(1, state: learned), settings())
        #expect(again.gradients(on: all).loss == after)
        #expect(learned.linears == state.linears && learned.vectors == state.vectors)
    }

    @Test("a rate of 0 leaves scales as they are")
    func noRate() throws {
        let state = try activationsOnly()
        let reconstruction = small.reconstruction(small.task(1, state: state), settings(rate: 0))
        _ = reconstruction.step()
        #expect(try reconstruction.finish() == state)
    }

    @Test(
        "weights and biases move by their rate in the first step, times the warm-up's factor",
        arguments: [0, 0.5])
    func weights(warmUp: Double) throws {
        let state = try small.calibrated(1, bits: 4)
        var settings = settings()
        settings.steps = 4
        settings.weightLearningRate = 0.3
        settings.warmUp = warmUp
        let reconstruction = small.reconstruction(small.task(1, state: state), settings)
        let before = reconstruction.learned.linears.map(\.variables)
        _ = reconstruction.step()
        _ = reconstruction.step()
        let after = reconstruction.learned.linears.map(\.variables)
        // With a warm-up over half of four steps, the rate is 0 in the first and half in the second.
        let most = warmUp == 0 ? 0.6 : 0.15
        for (layer, linear) in state.linears.enumerated() {
            guard case .uniform(let quantizer) = linear.quantizer else { continue }
            let moves = zip(after[layer].matrix.elements, before[layer].matrix.elements).enumerated().map {
                Double(abs($1.0 - $1.1) / quantizer.scales[$0 / after[layer].matrix.columns])
            }
            let longest = try #require(moves.max())
            #expect(longest < 1.5 * most && longest > 0.7 * most, "\(longest) against \(most)")
            let (old, new) = (try #require(before[layer].bias), try #require(after[layer].bias))
            for output in 0..<old.columns {
                let move = abs(new[0, output] - old[0, output]) / quantizer.scales[output]
                #expect(move > 0 && Double(move) < 1.5 * most)
            }
        }
    }

    @Test("AdaRound's regulariser decides roundings while the unit learns")
    func roundings() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 4))
        func penalty(_ regularizer: Double) -> Double {
            var settings = settings(rate: 0)
            (settings.rounding, settings.roundingRegularizer) = (.adaround, regularizer)
            settings.weightLearningRate = 0.1
            let reconstruction = small.reconstruction(task, settings)
            while !reconstruction.isFinished { _ = reconstruction.step() }
            return reconstruction.learned.roundingPenalty(exponent: 2)
        }
        #expect(penalty(1) < 0.05 * penalty(0))
    }

    @Test("with an input drop of 1 the input is that of full precision")
    func fullInputDrop() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 4))
        var settings = settings()
        settings.inputDrop = 1
        let reconstruction = small.reconstruction(task, settings)
        let (dropped, plain) = (
            SupervisedUnit(small, task, input: task.fullPrecisionInput).block(all),
            SupervisedUnit(small, task).block(all)
        )
        #expect(abs(dropped - plain) > 0.05 * plain, "equal inputs would test nothing")
        #expect(
            abs(reconstruction.gradients(on: all).loss - plain) < 1e-4 * plain,
            "nothing is dropped outside of steps")
        #expect(abs((reconstruction.step().terms.block ?? 0) - dropped) < 1e-4 * dropped)
    }

    @Test(
        "a share of the input's elements is that of full precision, others in each step",
        arguments: [0.25, 0.75])
    func inputDrop(share: Double) {
        // The second block's input: that of the first has the same class token for every image.
        let task = small.task(2, state: small.disturbed(2, seed: 3))
        var settings = settings()
        settings.inputDrop = share
        let reconstruction = small.reconstruction(task, settings)
        var choices: [[Bool]] = []
        for _ in 0..<2 {
            _ = reconstruction.step()
            // Batches have their own order, so each row is looked for among those of all images.
            let inputs = reconstruction.evaluator.workspace.chunks.flatMap { chunk in
                SupervisedUnit.rows(
                    chunk.input, of: Array(0..<chunk.images.count), among: chunk.images.count)
            }
            var chosen: [Bool] = []
            var images: Set<Int> = []
            for row in inputs.indices {
                let found = (0..<task.prefixInput.rows).first { candidate in
                    inputs[row].indices.allSatisfy {
                        let value = Float(inputs[row][$0])
                        return value == task.prefixInput[candidate, $0]
                            || value == task.fullPrecisionInput[candidate, $0]
                    }
                }
                guard let found else {
                    Issue.record("row \(row) is not a mixture of both inputs")
                    continue
                }
                images.insert(found)
                chosen += inputs[row].indices.map {
                    Float(inputs[row][$0]) == task.fullPrecisionInput[found, $0]
                }
            }
            #expect(images.count == task.prefixInput.rows)
            let ratio = Double(chosen.count { $0 }) / Double(chosen.count)
            #expect(abs(ratio - share) < 0.1, "\(ratio)")
            choices.append(chosen)
        }
        #expect(choices[0] != choices[1])
    }

    @Test("with an activation drop of 1 nothing is quantized; smaller shares lie between")
    func activationDrop() throws {
        let state = try activationsOnly()
        let task = small.task(1, state: state)
        var settings = settings(rate: 0)
        func block(_ share: Double) -> Double {
            settings.activationDrop = share
            return small.reconstruction(task, settings).step().terms.block ?? .nan
        }
        var unquantized = state
        unquantized.sites = small.untouched(1).sites
        let (most, least) = (
            SupervisedUnit(small, task).block(all),
            SupervisedUnit(small, small.task(1, state: unquantized)).block(all)
        )
        #expect(abs(block(1) - least) < 1e-4 * least && abs(block(0) - most) < 1e-4 * most)
        #expect(least < 0.8 * most)
        let (little, much) = (block(0.1), block(0.9))
        #expect(abs(little - most) < abs(little - least) && abs(much - least) < abs(much - most))
    }

    @Test(
        "validation drops nothing, follows no schedule, and uses images that are not learned from")
    func validation() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 4))
        var settings = settings(steps: 10, rate: 0)
        settings.blockWeight = 3
        settings.weightLearningRate = 0
        settings.blockSchedule = .ramp
        settings.inputDrop = 1
        settings.activationDrop = 1
        settings.validationShare = 0.5
        settings.batch = 4
        let reconstruction = small.reconstruction(task, settings)
        let (learned, validation) = reconstruction.images
        #expect(validation.count == 4 && (learned + validation).sorted() == all)
        let expected = 3 * SupervisedUnit(small, task).block(validation)
        for _ in 0..<3 {
            let found = try #require(reconstruction.step().validationLoss)
            #expect(abs(found - expected) < 1e-4 * expected)
        }
    }

    @Test("validation comes at tenths of the steps and at the end")
    func validationTimes() throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 4))
        var settings = settings(steps: 25)
        settings.validationShare = 0.25
        let reconstruction = small.reconstruction(task, settings)
        var validated: [Int] = []
        while !reconstruction.isFinished {
            let step = reconstruction.step()
            if step.validationLoss != nil { validated.append(step.step) }
        }
        #expect(validated == Array(stride(from: 2, through: 24, by: 2)) + [25])
    }

    @Test(
        "patience ends learning after that many validations without a gain; 0 never does",
        arguments: [0, 1, 3])
    func patience(count: Int) throws {
        let task = small.task(1, state: try small.calibrated(1, bits: 4))
        var settings = settings(steps: 20, rate: 0)
        settings.weightLearningRate = 0
        settings.validationShare = 0.25
        settings.patience = count
        let reconstruction = small.reconstruction(task, settings)
        var steps = 0
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            steps += 1
        }
        // The first validation comes before any step; an equal loss is not a gain.
        #expect(steps == (count == 0 ? 20 : 2 * count))
    }

    @Test("the finished unit has the scales of the best validation, neither the first nor the last")
    func best() throws {
        let task = small.task(1, state: try activationsOnly())
        var settings = settings(steps: 40, rate: 0.1)
        settings.validationShare = 0.5
        settings.batch = 4
        let reconstruction = small.reconstruction(task, settings)
        var judged: [(loss: Double, scales: [[Double]])] = []
        while !reconstruction.isFinished {
            if let loss = reconstruction.step().validationLoss {
                judged.append((loss, scales(of: try reconstruction.learned.transform.quantizers())))
            }
        }
        let best = try #require(judged.min { $0.loss < $1.loss })
        #expect(best.loss < judged[0].loss && best.loss < judged[judged.count - 1].loss)
        #expect(scales(of: try reconstruction.finish().sites) == best.scales)
    }
}
