package import Runs
internal import Vocabulary

/// Everything that a run measured, as numbers: what `--format json` writes, and what a page has inside.
package struct RunSeries: Equatable, Codable, Sendable {
    /// The only schema there is.
    package static let schema = 1

    /// The schema of the file.
    package var schema = RunSeries.schema
    /// The version of the program.
    package var version: String
    /// The model's display name.
    package var model: String
    /// The preset's name.
    package var preset: String
    /// The bits, such as `W4A4`.
    package var bits: String
    /// The seed of the plan.
    package var seed: UInt64
    /// Of so many measured steps one is here; 1 for all of them.
    package var stride = 1
    /// Every attempt at every unit, in the order of units.
    package var attempts: [AttemptSeries]
    /// The evaluations of whole models and of prefixes; of each the latest.
    package var evaluations: [MeasuredModel]
    /// The points of the sweep.
    package var sweep: [SweepPoint]
    /// The final model's noise floor; nil where it was not measured.
    package var noiseFloor: NoiseFloor?
    /// The comparisons of exported files with the final model; nil without any.
    package var verifications: [RunMeasurements.Verification]?

    /// Some of the steps, so that the values are at most as many as a limit; the last step of each attempt stays.
    package func thinned(toValues limit: Int) -> RunSeries {
        let count = attempts.reduce(0) { $0 + $1.count }
        guard count > limit else { return self }
        var result = self
        result.stride = stride * ((count + limit - 1) / max(1, limit))
        for index in result.attempts.indices { result.attempts[index].thin(to: result.stride / stride) }
        return result
    }
}

/// A model, and how it compares with full precision.
package struct MeasuredModel: Equatable, Sendable {
    /// The model.
    package var subject: EvaluationSubject
    /// What was measured.
    package var evaluation: Evaluation
}

extension MeasuredModel: Codable {
    private enum CodingKeys: CodingKey { case evaluation }

    package init(from decoder: any Decoder) throws {
        subject = try EvaluationSubject(from: decoder)
        evaluation = try decoder.container(keyedBy: CodingKeys.self).decode(
            Evaluation.self, forKey: .evaluation)
    }

    /// The members of the subject, and `evaluation`.
    package func encode(to encoder: any Encoder) throws {
        try subject.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(evaluation, forKey: .evaluation)
    }
}

/// The measurements of one attempt.
package struct AttemptSeries: Equatable, Codable, Sendable {
    /// A quantity over steps.
    package struct Series: Equatable, Codable, Sendable {
        /// Its name, such as `block_loss`.
        package var name: String
        /// The steps that it was measured at; nil for those of the attempt.
        package var steps: [Int]?
        /// Its values, to 24 bits; nil where one is not finite.
        package var values: [Float?]
    }

    /// The unit's name.
    package var unit: String
    /// The number of the attempt, from 1.
    package var attempt: Int
    /// Whether it is the unit's chosen one.
    package var isChosen: Bool
    /// When it began and ended, in seconds since the run began; the end of one that was interrupted is its last line.
    package var began: Double
    package var ended: Double
    /// The measured steps.
    package var steps: [Int] = []
    /// The quantities that were measured.
    package var series: [Series] = []
    /// The result; nil for an attempt that was interrupted.
    package var outcome: AttemptReport?

    package init(unit: String, attempt: Int, began: Double) {
        (self.unit, self.attempt, self.began, ended) = (unit, attempt, began, began)
        isChosen = false
    }

    /// The number of values.
    package var count: Int { series.reduce(0) { $0 + $1.values.count } }

    /// The values of a quantity with their steps, in order.
    package func values(of series: Series) -> [(step: Int, value: Float?)] {
        zip(series.steps ?? steps, series.values).map { ($0, $1) }
    }

    /// Adds the measurements of a step.
    mutating func append(_ sample: StepSample) {
        steps.append(sample.step)
        var values: [(String, Double?)] = [("loss", sample.loss), ("validation_loss", sample.validationLoss)]
        func add(_ name: (Term) -> String, _ terms: Terms?) {
            for term in Term.allCases { values.append((name(term), terms?[term])) }
        }
        add({ "\($0.rawValue)_loss" }, sample.terms)
        add({ "weighted_\($0.rawValue)" }, sample.weighted)
        add({ "gradient_norm_\($0.rawValue)" }, sample.gradientNorms)
        for pair in TermPair.allCases {
            values.append(
                ("cosine_\(pair.first.rawValue)_\(pair.second.rawValue)", sample.gradientCosines?[pair]))
        }
        for local in sample.operatorLosses ?? [] {
            values.append(("operator_loss/\(local.name)", local.loss))
        }
        for case (let name, let value?) in values { insert(value, at: sample.step, to: name) }
    }

    private mutating func insert(_ value: Double, at step: Int, to name: String) {
        let index = series.firstIndex { $0.name == name } ?? series.count
        if index == series.count { series.append(Series(name: name, steps: [], values: [])) }
        series[index].steps?.append(step)
        series[index].values.append(value.isFinite ? Float(value) : nil)
    }

    /// Leaves out the steps of quantities that were measured at every step.
    mutating func close() {
        for index in series.indices where series[index].steps == steps { series[index].steps = nil }
    }

    /// Keeps one of so many values of each quantity, and the last.
    fileprivate mutating func thin(to stride: Int) {
        func kept<Value>(_ values: [Value]) -> [Value] {
            values.indices.filter { $0 % stride == 0 || $0 == values.count - 1 }.map { values[$0] }
        }
        steps = kept(steps)
        for index in series.indices {
            series[index].steps = series[index].steps.map(kept)
            series[index].values = kept(series[index].values)
        }
    }
}
