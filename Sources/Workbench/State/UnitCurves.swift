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
    /// The attempt's hyperparameters.
    let hyperparameters: Hyperparameters
    /// Whether the unit is the head, whose block term is the KL of the logits.
    let isHead: Bool
    /// The block term over the calibration images, calibrated; nil while it is not known.
    var calibratedLoss: Double?
    /// The block term.
    private(set) var loss: SeriesBins
    /// Each term as measured.
    private(set) var terms: TermSeries
    /// Each term as it enters the loss.
    private(set) var weighted: TermSeries
    /// The norm of each weighted term's gradient, at the probed steps.
    private(set) var gradients: TermSeries
    /// The cosine between the gradients of two terms, at the probed steps.
    private(set) var cosines: [TermPair: SeriesBins] = [:]
    /// Each operator's part of the local term at the probed steps, in the order of the unit.
    private(set) var operators: [OperatorSeries] = []
    /// The block term at the first step, before any update.
    private var firstLoss: Double?

    init(
        steps: Int, hyperparameters: Hyperparameters = Hyperparameters(), isHead: Bool = false,
        calibratedLoss: Double? = nil
    ) {
        self.steps = max(steps, 2)
        self.hyperparameters = hyperparameters
        self.isHead = isHead
        self.calibratedLoss = calibratedLoss
        let range = 1...Double(self.steps)
        loss = SeriesBins(range: range, capacity: Self.capacity)
        terms = TermSeries(range: range)
        weighted = TermSeries(range: range)
        gradients = TermSeries(range: range)
    }

    mutating func append(_ sample: StepSample) {
        let x = Double(sample.step)
        let block = sample.terms.block ?? sample.loss
        if sample.step == 1 { firstLoss = block }
        loss.add(x: x, y: block)
        terms.append(sample.terms, at: x)
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

    // MARK: - Relative to the calibrated unit

    /// The block term that curves are divided by.
    struct Reference: Equatable, Sendable {
        let value: Double
        /// Whether it is that of the calibrated unit over all calibration images; else that of the first step, which is
        /// the calibrated unit on one batch.
        let isCalibrated: Bool

        /// Its name beside the curves.
        var name: String { isCalibrated ? "calibrated" : "first step" }
    }

    /// The loss that is 1 on the chart; nil if there is none above 0.
    ///
    /// The calibrated loss is a mean squared error (at the head, a KL). Where the steps measure another distance, only
    /// their own first value is comparable.
    var reference: Reference? {
        let isComparable = isHead || hyperparameters.blockDistance == .squaredError
        if let calibratedLoss, isComparable, calibratedLoss > 0, calibratedLoss.isFinite {
            return Reference(value: calibratedLoss, isCalibrated: true)
        }
        guard let firstLoss, firstLoss > 0, firstLoss.isFinite else { return nil }
        return Reference(value: firstLoss, isCalibrated: false)
    }

    /// The block term divided by that of the calibrated unit; nil without a reference.
    var ratios: [ChartPoint]? {
        reference.map { reference in
            loss.points.map { ChartPoint(x: $0.x, y: $0.y / reference.value) }
        }
    }

    /// The range of these ratios within each part of the steps.
    var ratioBand: [BandPoint] {
        guard let reference else { return [] }
        return loss.band.map {
            BandPoint(x: $0.x, low: $0.low / reference.value, high: $0.high / reference.value)
        }
    }

    /// How the curve goes; nil before the first step, and without a reference.
    var verdict: CurveVerdict? {
        ratios.flatMap { CurveVerdict($0, progress: (loss.latest?.x ?? 0) / Double(steps)) }
    }

    // MARK: - Terms

    /// Each term's share of the gradient, the mean over the probed steps; nil before the first, and for a term that is
    /// off.
    var gradientShares: Terms? {
        guard let last = gradients.latest else { return nil }
        let shares = gradients.shares
        return Terms { term in
            guard last[term] != nil else { return nil }
            let known = shares[term].map(\.y).filter(\.isFinite)
            return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
        }
    }

    /// Why a term is off, in a few words and in fewer; nil if it is on.
    func absence(of term: Term) -> (long: String, short: String)? {
        guard let last = terms.latest, last[term] == nil else { return nil }
        if !hyperparameters.isOn(term) {
            return ("\(term.rawValue)_weight is 0", "\(term.rawValue)_weight is 0")
        }
        return isHead
            ? ("the head's block term is the KL of the logits already", "logits' KL")
            : ("this unit has no operators inside whose outputs could be compared", "no operators inside")
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

    /// A term's values; none for a term that is off.
    func points(of term: Term) -> [ChartPoint] { latest?[term] == nil ? [] : series[term].points }

    /// Each term's share of the sum, 0 through 1; a gap where a value is not finite or the sum is 0.
    var shares: PerTerm<[ChartPoint]> {
        let all = series.map(\.points)
        let sums = all.block.indices.map { index in
            Term.allCases.reduce(0) { $0 + max(0, all[$1][index].y) }
        }
        return PerTerm { term in
            zip(all[term], sums).map { point, sum in
                ChartPoint(x: point.x, y: sum > 0 && sum.isFinite ? max(0, point.y) / sum : .nan)
            }
        }
    }
}
