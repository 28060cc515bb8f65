internal import ChartScale
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// The measurements of an attempt's steps, in memory that does not grow with the steps.
package struct UnitCurves: Equatable, Sendable {
    /// The bins of a series: twice the columns of a wide panel.
    static let capacity = 256

    /// The number of steps of the attempt.
    let steps: Int
    private(set) var loss: SeriesBins
    /// Each term's weighted loss; 0 for a term that is off.
    private(set) var weighted: TermSeries
    /// The norm of each weighted term's gradient, at the probed steps.
    private(set) var gradients: TermSeries
    /// The cosine between the gradients of two terms, at the probed steps.
    private(set) var cosines: [TermPair: SeriesBins] = [:]
    /// Each operator's part of the local term at the probed steps, in the order of the unit.
    private(set) var operators: [OperatorSeries] = []

    init(steps: Int) {
        self.steps = max(steps, 2)
        let range = 1...Double(self.steps)
        loss = SeriesBins(range: range, capacity: Self.capacity)
        weighted = TermSeries(range: range)
        gradients = TermSeries(range: range)
    }

    mutating func append(_ sample: StepSample) {
        let x = Double(sample.step)
        loss.add(x: x, y: sample.terms.block ?? sample.loss)
        weighted.append(sample.weighted, at: x)
        if let norms = sample.gradientNorms {
            gradients.append(norms, at: x)
        }
        for pair in TermPair.allCases {
            guard let cosine = sample.gradientCosines?[pair] else { continue }
            cosines[pair, default: Self.probes(steps)].add(x: x, y: cosine)
        }
        for local in sample.operatorLosses ?? [] {
            let index = operators.firstIndex { $0.name == local.name } ?? operators.count
            if index == operators.count {
                operators.append(OperatorSeries(name: local.name, losses: Self.probes(steps)))
            }
            operators[index].losses.add(x: x, y: local.loss)
        }
    }

    /// An empty series for values that only probed steps have.
    private static func probes(_ steps: Int) -> SeriesBins {
        SeriesBins(range: 1...Double(steps), capacity: capacity / 4)
    }
}

/// The measurements of one operator of a unit.
struct OperatorSeries: Equatable, Sendable {
    /// The operator's name, such as `qkv`.
    let name: String
    var losses: SeriesBins
}

/// A series for each supervision term, with values at the same places.
struct TermSeries: Equatable, Sendable {
    private var series: PerTerm<SeriesBins>
    /// The values added last; nil before the first.
    private(set) var latest: Terms?

    init(range: ClosedRange<Double>) {
        series = PerTerm { _ in SeriesBins(range: range, capacity: UnitCurves.capacity) }
    }

    mutating func append(_ values: Terms, at x: Double) {
        latest = values
        for term in Term.allCases { series[term].add(x: x, y: values[term] ?? 0) }
    }

    /// The values nearest to a place.
    func values(nearest x: Double) -> Terms? {
        latest?.zip(series) { latest, series in latest == nil ? nil : series.bin(nearest: x)?.bin.mean }
    }

    /// The series as parts of a whole.
    var samples: [ShareSample] {
        let all = Term.allCases.map { series[$0].points }
        return all[0].enumerated().map { index, point in
            ShareSample(x: point.x, parts: all.map { $0[index].y })
        }
    }
}
