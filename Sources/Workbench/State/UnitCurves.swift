internal import Runs
internal import TerminalUI

/// What was measured at the steps of one attempt, in constant memory however many steps there are.
public struct UnitCurves: Equatable, Sendable {
    /// How many parts a series has: twice the columns of a wide panel.
    static let capacity = 256

    /// The number of steps of the attempt.
    let steps: Int
    /// The block term as measured.
    private(set) var loss: SeriesBins
    /// Each term's weighted loss; 0 where a term is switched off.
    private(set) var weighted: TermSeries
    /// The norm of each weighted term's gradient, at the steps where it was probed.
    private(set) var gradients: TermSeries

    init(steps: Int) {
        self.steps = max(steps, 2)
        let range = 1...Double(self.steps)
        loss = SeriesBins(range: range, capacity: Self.capacity)
        weighted = TermSeries(range: range)
        gradients = TermSeries(range: range)
    }

    /// Adds what a step measured.
    mutating func append(_ sample: StepSample) {
        let x = Double(sample.step)
        loss.add(x: x, y: sample.terms.block ?? sample.loss)
        weighted.append(sample.weighted, at: x)
        if let norms = sample.gradientNorms {
            gradients.append(norms, at: x)
        }
    }
}

/// A series for each supervision term, all with values at the same places.
struct TermSeries: Equatable, Sendable {
    private var block: SeriesBins
    private var global: SeriesBins
    private var local: SeriesBins
    /// The values added last; nil before the first.
    private(set) var latest: TermValues?

    init(range: ClosedRange<Double>) {
        block = SeriesBins(range: range, capacity: UnitCurves.capacity)
        (global, local) = (block, block)
    }

    mutating func append(_ values: TermValues, at x: Double) {
        latest = values
        block.add(x: x, y: values.block ?? 0)
        global.add(x: x, y: values.global ?? 0)
        local.add(x: x, y: values.local ?? 0)
    }

    /// The values nearest to a place.
    func values(nearest x: Double) -> TermValues? {
        guard let block = block.bin(nearest: x), let global = global.bin(nearest: x),
            let local = local.bin(nearest: x)
        else { return nil }
        func known(_ value: Double, _ latest: Double?) -> Double? { latest == nil ? nil : value }
        return TermValues(
            block: known(block.bin.mean, latest?.block), global: known(global.bin.mean, latest?.global),
            local: known(local.bin.mean, latest?.local))
    }

    /// The three series as parts of a whole.
    var samples: [ShareSample] {
        zip(block.points, zip(global.points, local.points)).map { block, others in
            ShareSample(x: block.x, block: block.y, global: others.0.y, local: others.1.y)
        }
    }
}
