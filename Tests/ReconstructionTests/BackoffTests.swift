import Glibc
import Kernels
import Quantization
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@testable import Reconstruction

@Suite("Rates that are lowered")
final class BackoffTests {
    private let small = SmallTask(seed: 23, images: 8)

    deinit { small.pool.shutDown() }

    /// A calibrated unit with rates far too high for it.
    private func reconstruction(backoffs: Int, steps: Int = 40) throws -> UnitReconstruction {
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.steps = steps
        settings.weightLearningRate = 10
        settings.scaleLearningRate = 0.3
        settings.learningRateSchedule = .constant
        settings.backoffs = backoffs
        return small.reconstruction(small.task(1, state: try small.calibrated(1, bits: 4)), settings)
    }

    private func loss(of unit: QuantizedUnit) -> Double {
        let task = small.task(1, state: unit)
        let output = Matrix(rows: task.target.rows, columns: task.target.columns)
        ModelPass([unit.prepared(for: task.unit)], pool: small.pool).run(task.prefixInput, into: output)
        return squaredDistance(output, task.target)
    }

    @Test("a unit that gets worse learns on from its best state, at a tenth of the rates, and then ends")
    func lowers() throws {
        let reconstruction = try reconstruction(backoffs: 1)
        let before = loss(of: try small.calibrated(1, bits: 4))
        var changes: [RateChange] = []
        var steps = 0
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            steps += 1
            if let change = reconstruction.rateChange { changes.append(change) }
        }
        #expect(changes.count == 2)
        let first = try #require(changes.first)
        #expect(first.factor == 0.1 && first.ratio > RateBackoff.Limits.usual.first)
        let last = try #require(changes.last)
        #expect(
            last.factor == nil && last.ratio > RateBackoff.Limits.usual.later
                && last.restored >= first.restored)
        #expect(steps < 40)
        #expect(loss(of: try reconstruction.finish()) <= before * 1.0001)
    }

    @Test("after a lowering Adam begins anew: no weight moves further than its new rate")
    func beginsAnew() throws {
        let reconstruction = try reconstruction(backoffs: 2)
        let start = reconstruction.learned.snapshot
        while reconstruction.rateChange == nil, !reconstruction.isFinished { _ = reconstruction.step() }
        try #require(reconstruction.rateChange?.restored == 0)
        _ = reconstruction.step()
        let state = try small.calibrated(1, bits: 4)
        for (index, linear) in reconstruction.learned.snapshot.variables.enumerated() {
            guard case .uniform(let quantizer) = state.linears[index].quantizer else { continue }
            let before = start.variables[index].matrix
            for row in 0..<before.rows {
                let reach = 10 * 0.1 * quantizer.scales[row] * 1.01
                for column in 0..<before.columns {
                    #expect(abs(linear.matrix[row, column] - before[row, column]) <= reach)
                }
            }
        }
    }

    @Test("without backoffs the same unit gets worse, and nothing is judged")
    func never() throws {
        let reconstruction = try reconstruction(backoffs: 0)
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            #expect(reconstruction.rateChange == nil)
        }
        let before = loss(of: try small.calibrated(1, bits: 4))
        #expect(loss(of: try reconstruction.finish()) > before * RateBackoff.Limits.usual.first)
    }

    @Test("judging a unit that does not get worse changes no bit")
    func harmless() throws {
        func learned(_ backoffs: Int) throws -> QuantizedUnit {
            var settings = small.settings(block: 1, global: 0, local: 0)
            settings.backoffs = backoffs
            let state = small.disturbed(1, seed: 3)
            let reconstruction = small.reconstruction(small.task(1, state: state), settings)
            while !reconstruction.isFinished {
                _ = reconstruction.step()
                #expect(reconstruction.rateChange == nil)
            }
            return try reconstruction.finish()
        }
        #expect(try learned(2) == learned(0))
    }

    /// The divergence of a head on every image, roundings hard.
    private func divergence(_ reconstruction: UnitReconstruction) -> Double {
        reconstruction.evaluator.refreshWeights(hard: true)
        return reconstruction.evaluator.forward(Batch(images: Array(0..<8)), factors: .none).block ?? .nan
    }

    /// The divergence of a head in a given state.
    private func divergence(of head: QuantizedUnit) -> Double {
        let unit = small.model.units.count - 1
        return divergence(
            small.reconstruction(
                small.task(unit, state: head), small.settings(block: 1, global: 0, local: 0)))
    }

    /// A head with a rate that stays the same.
    private func head(rate: Double) throws -> UnitReconstruction {
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.steps = 40
        settings.weightLearningRate = rate
        settings.learningRateSchedule = .constant
        settings.backoffs = 2
        let unit = small.model.units.count - 1
        return small.reconstruction(
            small.task(unit, state: try small.calibrated(unit, bits: 3)), settings)
    }

    @Test("a head keeps its rates, however far its divergence rises")
    func headKeepsRates() throws {
        let reconstruction = try head(rate: 3)
        let start = divergence(reconstruction)
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            #expect(reconstruction.rateChange == nil)
        }
        let end = divergence(reconstruction)
        #expect(end > start * RateBackoff.Limits.usual.first)
        let fallbacks = try reconstruction.fallbacks()
        #expect(
            fallbacks.map(\.origin) == [.share(0.5), .share(0.25), .step(0, endRatio: end / start)])
        #expect(divergence(reconstruction) == end, "it is as learned")
        #expect(abs(divergence(of: fallbacks[2].unit) - start) < 1e-9, "it is as calibrated")
    }

    @Test("the best state of a head is the best that it was judged to have, on every image")
    func bestHead() throws {
        let reconstruction = try head(rate: 0.03)
        let start = divergence(reconstruction)
        var judged: [Double] = []
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            judged.append(divergence(reconstruction))
        }
        let end = judged.removeLast()
        let fallbacks = try reconstruction.fallbacks()
        guard let best = fallbacks.first, case .step(let step, let endRatio) = best.origin else {
            Issue.record("the best state is not the first fallback")
            return
        }
        #expect(fallbacks.count == 3 && abs(endRatio - end / start) < 1e-6)
        // It is judged every other step.
        let expected = try #require(judged.enumerated().filter { $0.offset % 2 == 1 }.map(\.element).min())
        #expect(expected < start && abs(divergence(of: best.unit) - expected) < 1e-6)
        #expect(judged[step - 1] == expected)
    }

    @Test("the first fallback is the state to which a unit was restored; without judging there is none")
    func bestState() throws {
        let reconstruction = try reconstruction(backoffs: 1)
        var restored = 0
        while !reconstruction.isFinished {
            _ = reconstruction.step()
            if let change = reconstruction.rateChange { restored = change.restored }
        }
        let steps = try reconstruction.fallbacks().compactMap { fallback -> Int? in
            guard case .step(let step, _) = fallback.origin else { return nil }
            return step
        }
        #expect(steps == (restored > 0 ? [restored] : []))
        #expect(try self.reconstruction(backoffs: 0).fallbacks().isEmpty)
    }

    @Test("fallbacks lie half and a quarter of the way from the calibrated state to the learned one")
    func partWay() throws {
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.steps = 8
        settings.backoffs = 1
        let reconstruction = small.reconstruction(
            small.task(1, state: try small.calibrated(1, bits: 4)), settings)
        let start = reconstruction.learned.snapshot
        while !reconstruction.isFinished { _ = reconstruction.step() }
        let end = reconstruction.learned.snapshot
        let partWay = try reconstruction.fallbacks().filter {
            if case .share = $0.origin { true } else { false }
        }
        #expect(partWay.map(\.origin) == [.share(0.5), .share(0.25)])
        for (fallback, share) in zip(partWay, [Float(0.5), 0.25]) {
            for (index, linear) in fallback.unit.linears.enumerated() {
                let biases = [start, end].map { $0.variables[index].bias?.elements ?? [] }
                let expected = zip(biases[0], biases[1]).map { $0 + share * ($1 - $0) }
                #expect(biases[0] != biases[1] && linear.bias?.elements == expected)
            }
            for (index, site) in fallback.unit.sites.enumerated() {
                guard case .uniform(let uniform) = site else { continue }
                for (group, scale) in uniform.scales.enumerated() {
                    let (first, last) = (start.scales[index][group], end.scales[index][group])
                    #expect(first != last && abs(scale / first - pow(last / first, share)) < 1e-6)
                }
            }
        }
    }

    @Test("limits: a quarter above the calibrated unit at first, a twentieth after a lowering")
    func limits() {
        let state = LearnedUnit.Snapshot(variables: [], scales: [])
        var backoff = RateBackoff(allowed: 2, limits: .usual, start: 2, state: state)
        func judge(_ loss: Double, _ step: Int) -> RateBackoff.Verdict {
            backoff.judge(loss, step: step) { state }
        }
        #expect(judge(1.9, 1) == .goOn && judge(2.59, 2) == .goOn && backoff.factor == 1)
        #expect(backoff.best.loss == 1.9 && backoff.best.step == 1)
        #expect(judge(2.61, 3) == .lower && backoff.factor == 0.1)
        #expect(judge(2.09, 4) == .goOn && judge(2.11, 5) == .lower && backoff.lowered == 2)
        #expect(judge(.nan, 6) == .end)
        #expect(backoff.best.step == 1)
    }
}
