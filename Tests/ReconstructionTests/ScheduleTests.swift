import TensorCore
import Testing
import Vocabulary

@testable import Reconstruction

@Suite("Schedules of weights, rates and exponents")
struct ScheduleTests {
    private func settings(steps: Int = 100) -> Hyperparameters {
        var settings = Hyperparameters()
        (settings.steps, settings.batch, settings.warmUp) = (steps, 4, 0)
        (settings.blockWeight, settings.globalWeight, settings.localWeight) = (2, 3, 5)
        return settings
    }

    @Test(
        "a term's weight stays, rises over the first fifth, or falls along half a cosine",
        arguments: [
            (WeightSchedule.constant, [1, 1, 1, 1, 1]), (.ramp, [0, 0.5, 1, 1, 1]),
            (.decay, [1, 0.975_528_258, 0.904_508_497, 0.5, 0]),
        ] as [(WeightSchedule, [Double])])
    func factors(schedule: WeightSchedule, expected: [Double]) {
        for (progress, factor) in zip([0, 0.1, 0.2, 0.5, 1], expected) {
            #expect(abs(schedule.factor(at: progress) - factor) < 1e-9, "at \(progress)")
        }
    }

    @Test(
        "learning rates rise over the warm-up and then follow their schedule over what is left",
        arguments: [
            (0.0, [1, 0.853_553_391, 0.5, 0]), (0.25, [0, 1, 0.75, 0]), (0.5, [0, 0.5, 1, 0]),
            (1.0, [0, 0.25, 0.5, 0]),
        ] as [(Double, [Double])])
    func learningRate(warmUp: Double, expected: [Double]) {
        var settings = settings()
        settings.warmUp = warmUp
        for (progress, factor) in zip([0, 0.25, 0.5, 1], expected) {
            #expect(abs(settings.learningRateFactor(at: progress) - factor) < 1e-9, "at \(progress)")
        }
    }

    @Test("a constant learning rate stays at its highest after the warm-up")
    func constantRate() {
        var settings = settings()
        settings.learningRateSchedule = .constant
        settings.warmUp = 0.5
        #expect([0, 0.25, 0.5, 0.75, 1].map(settings.learningRateFactor) == [0, 0.5, 1, 1, 1])
    }

    @Test(
        "about twenty steps are probed and ten are validated, however many there are",
        arguments: [1, 10, 20, 2000])
    func intervals(steps: Int) {
        let settings = settings(steps: steps)
        #expect(settings.stepsBetweenProbes == (steps < 40 ? 1 : steps / 20))
        #expect(settings.stepsBetweenValidations == (steps < 20 ? 1 : steps / 10))
    }

    @Test("each term's weight follows its own schedule")
    func termWeights() {
        let small = SmallTask(seed: 1)
        defer { small.pool.shutDown() }
        var settings = settings()
        (settings.blockSchedule, settings.globalSchedule, settings.localSchedule) = (
            .decay, .ramp, .constant
        )
        let reconstruction = small.reconstruction(
            small.task(1, state: small.disturbed(1, seed: 1)), settings)
        #expect(reconstruction.weights(at: 0) == PerTerm(block: 2, global: 0, local: 5))
        let halfway = reconstruction.weights(at: 0.5)
        #expect(abs(halfway.block - 1) < 1e-12 && halfway.global == 3 && halfway.local == 5)
        #expect(abs(reconstruction.weights(at: 0.1).global - 1.5) < 1e-12)
    }

    @Test("AdaRound's exponent is off for the first fifth, then falls from 20 to 2")
    func roundingExponent() throws {
        let small = SmallTask(seed: 1)
        defer { small.pool.shutDown() }
        var settings = settings()
        let state = small.disturbed(1, seed: 1)
        func exponents() -> [Double?] {
            let reconstruction = small.reconstruction(small.task(1, state: state), settings)
            return [0, 0.19, 0.2, 0.6, 1].map(reconstruction.roundingExponent)
        }
        #expect(exponents() == [nil, nil, nil, nil, nil])
        settings.rounding = .adaround
        settings.roundingRegularizer = 1
        let found = exponents()
        #expect(found[0] == nil && found[1] == nil)
        for (exponent, expected) in zip(found[2...], [20.0, 11, 2]) {
            #expect(abs(try #require(exponent) - expected) < 1e-9)
        }
    }

    @Test(
        "candidates are scored on the originals, on 512 of them at most",
        arguments: [(1, 1), (512, 512), (4096, 512)])
    func scored(originals: Int, expected: Int) {
        let small = SmallTask(seed: 1)
        let task = small.task(1, state: small.disturbed(1, seed: 1), originals: originals)
        #expect(task.scored == expected)
    }
}
