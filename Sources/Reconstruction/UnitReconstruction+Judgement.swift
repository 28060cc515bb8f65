internal import TensorCore
internal import Vocabulary

/// How a unit has done on the images that were kept from learning.
struct Judge {
    /// Everything that learning moves.
    struct Snapshot: Sendable {
        let variables: [LinearLearner.Variables]
        let scales: [[Float]]
    }

    /// The least loss so far and the state that had it.
    private(set) var leastLoss = Double.infinity
    private(set) var best: Snapshot?
    /// How many judgements have passed since.
    private(set) var sinceBest = 0

    /// Takes a judgement.
    mutating func take(_ loss: Double, snapshot: () -> Snapshot) {
        if loss < leastLoss {
            (leastLoss, best, sinceBest) = (loss, snapshot(), 0)
        } else {
            sinceBest += 1
        }
    }
}

extension UnitReconstruction {
    /// Judges the unit, roundings hard, on the images that were kept from learning, if it is time.
    ///
    /// - Returns: The fused loss at the weights' full size; nil where it is not time, or no image was kept.
    @discardableResult
    func judgeIfDue() -> Double? {
        guard !images.validation.isEmpty,
            completed % settings.stepsBetweenJudgements == 0 || completed == settings.steps
        else { return nil }
        refreshWeights(hard: true)
        let factors = judgementFactors
        var (loss, judged) = (0.0, 0)
        // Whole batches only; the last one reaches back where images do not come out even.
        for start in stride(from: 0, to: images.validation.count, by: settings.batch) {
            let first = max(0, min(start, images.validation.count - settings.batch))
            var batch = Array(images.validation[first..<min(first + settings.batch, images.validation.count)])
            while batch.count < settings.batch {
                batch.append(batch[batch.count % images.validation.count])
            }
            let terms = forward(batch, factors: .none)
            loss += terms.scaled(by: factors).sum
            judged += 1
        }
        let mean = loss / Double(judged)
        judge.take(mean) {
            Judge.Snapshot(
                variables: linears.map(\.variables), scales: transform.sites.map(\.scales.elements))
        }
        return mean
    }

    /// The factors of the calibrated unit, schedules left out, so that judgements compare.
    private var judgementFactors: PerTerm<Double> {
        startFusion.factors(settings.weights)
    }

    /// Puts back what learning moved.
    func restore(_ snapshot: Judge.Snapshot) {
        for (linear, variables) in zip(linears, snapshot.variables) {
            linear.restore(variables)
        }
        for (site, scales) in zip(transform.sites, snapshot.scales) {
            for (group, scale) in scales.enumerated() {
                site.scales[group] = scale
            }
        }
    }
}
