package import ChartScale
package import Runs
package import Vocabulary

/// The measurements of an attempt's steps, in memory that does not grow with the steps.
package struct UnitCurves: Equatable, Sendable {
    /// The bins of a series: twice the columns of a wide panel.
    package static let capacity = 256

    /// The number of steps of the attempt.
    package let steps: Int
    /// The attempt's hyperparameters.
    package let hyperparameters: Hyperparameters
    /// Whether the unit is the head, whose block term is the KL of the logits.
    package let isHead: Bool
    /// The block term over the calibration images, calibrated; nil while it is not known.
    package var calibratedLoss: Double?
    /// The block term over the calibration images as the attempt was kept; nil before its end.
    package var finalLoss: Double?
    /// The block term.
    package private(set) var loss: SeriesBins
    /// Each term as measured.
    package private(set) var terms: TermSeries
    /// Each term as it enters the loss.
    package private(set) var weighted: TermSeries
    /// The norm of each weighted term's gradient, at the probed steps.
    package private(set) var gradients: TermSeries
    /// The cosine between the gradients of two terms, at the probed steps.
    package private(set) var cosines: [TermPair: SeriesBins] = [:]
    /// Each operator's part of the local term at the probed steps, in the order of the unit.
    package private(set) var operators: [OperatorSeries] = []
    /// Where learning rates were lowered, or learning ended, because the unit got worse; in the order of steps.
    package private(set) var rateMarks: [RateMark] = []
    /// How much of what was learned is kept; nil for all of it, and where the unit is in a state that it was judged to have.
    package var keptShare: Double?
    /// The block term at the first step, before any update.
    private var firstLoss: Double?

    /// The curves of an attempt before its first step.
    package init(
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

    package mutating func append(_ mark: RateMark) { rateMarks.append(mark) }

    /// Whether the steps shown go beyond the head's own, to those of all units together.
    private var learnsTogether: Bool { (loss.latest?.x ?? 0) > Double(hyperparameters.steps) }

    /// The learning rate at a step as a share of the plan's; nil where nothing is learned.
    package func rateShare(at step: Double) -> Double? {
        let (own, joint) = (hyperparameters.steps, isHead ? hyperparameters.jointSteps : 0)
        let last =
            isHead ? hyperparameters.lastStep + hyperparameters.lastJointStep : hyperparameters.lastStep
        guard step <= Double(last) + 0.5 else { return nil }
        if joint > 0, step > Double(own) + 0.5 {
            return hyperparameters.learningRateFactor(at: max(0, step - 1 - Double(own)) / Double(joint))
        }
        let progress = max(0, step - 1) / Double(max(1, own))
        return rateFactor(at: step).map { $0 * hyperparameters.learningRateFactor(at: progress) }
    }

    /// The factor on the plan's learning rates at a step; nil after learning has ended.
    private func rateFactor(at step: Double) -> Double? {
        guard let mark = rateMarks.last(where: { Double($0.step) < step - 0.5 }) else { return 1 }
        return mark.factor
    }

    /// The end of learning in an earlier state; nil if it did not end so.
    var earlierState: RateMark? { rateMarks.last { $0.factor == nil } }

    package mutating func append(_ sample: StepSample) {
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
    package struct Reference: Equatable, Sendable {
        package let value: Double
        /// Whether it is that of the calibrated unit over the images it is scored on; else that of the first step, which is
        /// the calibrated unit on one batch.
        package let isCalibrated: Bool

        package init(value: Double, isCalibrated: Bool) {
            (self.value, self.isCalibrated) = (value, isCalibrated)
        }

        /// Its name beside the curves.
        package var name: String { isCalibrated ? "calibrated" : "first step" }
    }

    /// The loss that is 1 on the chart; nil if there is none above 0.
    ///
    /// The calibrated loss is a mean squared error (at the head, a KL). Where the steps measure another distance, only
    /// their own first value is comparable.
    package var reference: Reference? {
        let isComparable = isHead || hyperparameters.blockDistance == .squaredError
        if let calibratedLoss, isComparable, calibratedLoss > 0, calibratedLoss.isFinite {
            return Reference(value: calibratedLoss, isCalibrated: true)
        }
        guard let firstLoss, firstLoss > 0, firstLoss.isFinite else { return nil }
        return Reference(value: firstLoss, isCalibrated: false)
    }

    /// The block term divided by that of the calibrated unit; nil without a reference.
    package var ratios: [ChartPoint]? {
        reference.map { reference in
            loss.points.map { ChartPoint(x: $0.x, y: $0.y / reference.value) }
        }
    }

    /// The range of these ratios within each part of the steps.
    package var ratioBand: [BandPoint] {
        guard let reference else { return [] }
        return loss.band.map {
            BandPoint(x: $0.x, low: $0.low / reference.value, high: $0.high / reference.value)
        }
    }

    /// How the curve goes; nil before the first step, and without a reference.
    package var verdict: CurveVerdict? {
        ratios.flatMap { CurveVerdict($0, progress: (loss.latest?.x ?? 0) / Double(steps)) }
    }

    /// Where the unit has come to.
    ///
    /// - Parameter report: The attempt's report; nil while it is in work.
    /// - Returns: The longest form first; none before the first step.
    package func verdicts(_ report: AttemptReport?) -> [String] {
        guard let verdict else { return [] }
        guard let report else {
            let factor = rateFactor(at: .infinity) ?? 1
            let slowed =
                factor < 1 ? [verdict.text + ", rates ÷ \(QuantityText.fixed(1 / factor, decimals: 0))"] : []
            return slowed + [verdict.text, QuantityText.change(verdict.ratio)]
        }
        if report.reverted {
            return ["put back: learning ended at \(QuantityText.change(verdict.ratio))", "put back"]
        }
        guard let change = QuantityText.change(from: report.calibratedLoss, to: report.finalLoss) else {
            return []
        }
        // These say what the head did by itself.
        if learnsTogether { return [change] }
        if let earlier = earlierState {
            guard earlier.restored > 0 else {
                return [
                    "as calibrated: learning ended at \(QuantityText.change(verdict.ratio))", "as calibrated",
                ]
            }
            return [
                "\(change), the best state, after step \(earlier.restored)", "\(change), best state", change,
            ]
        }
        if let keptShare {
            let share = QuantityText.share(keptShare)
            return ["\(change), \(share) of what it learned is kept", "\(change), \(share) kept", change]
        }
        if report.ending == .finishedEarly { return ["\(change), finished early", change] }
        switch verdict.trend {
        case .begun: return [change]
        case .improving:
            return ["\(change), still improving at the end", "\(change), still improving", change]
        case .flat: return ["\(change), flat at the end", "\(change), flat", change]
        case .rising, .diverging: return ["\(change), rising at the end", "\(change), rising", change]
        }
    }

    /// The range of an axis of ratios: tight around the curve and 1, and moderately wider for other curves.
    ///
    /// An attempt that diverged would otherwise make the differences of the one shown invisible. So others widen the range
    /// to at most its own extent on each side.
    package static func ratioRange(
        of points: [ChartPoint], others: [[ChartPoint]], within steps: ClosedRange<Double>, scale: AxisScale
    ) -> ClosedRange<Double> {
        func values(_ points: [ChartPoint]) -> [Double] {
            points.filter { steps.contains($0.x) && $0.y.isFinite }.map(\.y)
        }
        let own = values(points)
        let (low, high) = (min(own.min() ?? 1, 0.98), max(own.max() ?? 1, 1.02))
        let isLog = scale == .log && low > 0
        let least = isLog ? low * low / high : low - (high - low)
        let most = isLog ? high * high / low : high + (high - low)
        let wide = others.flatMap(values).map { min(max($0, least), most) }
        return Axis(fitting: own + [low, high] + wide, scale: scale).range
    }

    // MARK: - Terms

    /// Each term's share of the gradient, the mean over the probed steps; nil before the first, and for a term that is
    /// off.
    package var gradientShares: Terms? {
        guard let last = gradients.latest else { return nil }
        let shares = gradients.shares
        return Terms { term in
            guard last[term] != nil else { return nil }
            let known = shares[term].map(\.y).filter(\.isFinite)
            return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
        }
    }

    /// Why a term is off, in a few words and in fewer; nil if it is on.
    package func absence(of term: Term) -> (long: String, short: String)? {
        guard let last = terms.latest, last[term] == nil else { return nil }
        if !hyperparameters.isOn(term) {
            return ("\(term.rawValue)_weight is 0", "\(term.rawValue)_weight is 0")
        }
        return isHead
            ? ("the head's block term is the KL of the logits already", "logits' KL")
            : ("this unit has no operators inside whose outputs could be compared", "no operators inside")
    }
}

/// A step after which a unit had got worse and was put in an earlier state.
package struct RateMark: Equatable, Sendable {
    package let step: Int
    /// The step after which it had been in that state; 0 is the calibrated unit.
    package let restored: Int
    /// The factor on the plan's learning rates from then on; nil where learning ended.
    package let factor: Double?

    package init(step: Int, restored: Int, factor: Double?) {
        (self.step, self.restored, self.factor) = (step, restored, factor)
    }
}

/// The measurements of one operator of a unit.
package struct OperatorSeries: Equatable, Sendable {
    /// The operator's name, such as `qkv`.
    package let name: String
    package var losses: SeriesBins
}

/// A series for each supervision term, with values at the same places.
package struct TermSeries: Equatable, Sendable {
    private var series: PerTerm<SeriesBins>
    /// The values added last; nil before the first.
    package private(set) var latest: Terms?

    package init(range: ClosedRange<Double>) {
        series = PerTerm { _ in SeriesBins(range: range, capacity: UnitCurves.capacity) }
    }

    package mutating func append(_ values: Terms, at x: Double) {
        latest = values
        for term in Term.allCases { series[term].add(x: x, y: values[term] ?? 0) }
    }

    /// The values nearest to a place.
    package func values(nearest x: Double) -> Terms? {
        latest?.zip(series) { latest, series in latest == nil ? nil : series.bin(nearest: x)?.bin.mean }
    }

    /// A term's values; none for a term that is off.
    package func points(of term: Term) -> [ChartPoint] { latest?[term] == nil ? [] : series[term].points }

    /// Each term's share of the sum, 0 through 1; a gap where a value is not finite or the sum is 0.
    package var shares: PerTerm<[ChartPoint]> {
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
