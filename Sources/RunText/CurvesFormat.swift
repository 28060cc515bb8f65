internal import Runs
package import Vocabulary

/// The format of a file of measurements.
package enum CurvesFormat: String, FileFormat {
    /// A line with the columns' names, then one for each step.
    case csv
    /// A list of objects with the same names, one for each step.
    case json

    /// The text before the first step.
    package var opening: String {
        switch self {
        case .csv: Self.columns.map(\.name).joined(separator: ",") + "\n"
        case .json: "["
        }
    }

    /// The text after the last step.
    package var closing: String {
        switch self {
        case .csv: ""
        case .json: "\n]\n"
        }
    }

    /// A step.
    ///
    /// - Parameters:
    ///   - sample: The step's measurements.
    ///   - unit: The unit's name.
    ///   - isFirst: Whether it is the first of the file.
    /// - Returns: The step's part of the file.
    package func text(of sample: StepSample, unit: String, isFirst: Bool) -> String {
        switch self {
        case .csv:
            return Self.columns.map { $0.value(sample, unit).cell }.joined(separator: ",") + "\n"
        case .json:
            let members = Self.columns.map { "\"\($0.name)\": \($0.value(sample, unit).json)" }
            return "\(isFirst ? "" : ",")\n{\(members.joined(separator: ", "))}"
        }
    }

    /// A column of the table.
    private struct Column: Sendable {
        let name: String
        let value: @Sendable (StepSample, String) -> Value

        init(_ name: String, _ value: @escaping @Sendable (StepSample, String) -> Value) {
            (self.name, self.value) = (name, value)
        }
    }

    /// A cell: a name, a count, or a number that may not have been measured.
    private enum Value {
        case name(String)
        case count(Int)
        case number(Double?)

        /// The cell in CSV (RFC 4180); empty for an unknown number.
        var cell: String {
            switch self {
            case .name(let name):
                name.contains { ",\"\n".contains($0) } ? "\"\(name.replacing("\"", with: "\"\""))\"" : name
            case .count(let count): "\(count)"
            case .number(let number): known(number).map { "\($0)" } ?? ""
            }
        }

        var json: String {
            switch self {
            case .name(let name): JSONText.quoted(name)
            case .count(let count): "\(count)"
            case .number(let number): known(number).map { "\($0)" } ?? "null"
            }
        }

        private func known(_ number: Double?) -> Double? { number.flatMap { $0.isFinite ? $0 : nil } }
    }

    private static let columns: [Column] =
        [
            Column("unit") { .name($1) }, Column("attempt") { sample, _ in .count(sample.attempt) },
            Column("step") { sample, _ in .count(sample.step) },
            Column("steps") { sample, _ in .count(sample.steps) }, number("loss") { $0.loss },
            number("validation_loss") { $0.validationLoss },
        ] + terms("") { $0.terms } + terms("weighted_") { $0.weighted }
        + terms("gradient_norm_") { $0.gradientNorms }
        + TermPair.allCases.map { pair in
            number("cosine_\(pair.first.rawValue)_\(pair.second.rawValue)") { $0.gradientCosines?[pair] }
        }

    private static func number(_ name: String, _ value: @escaping @Sendable (StepSample) -> Double?) -> Column
    {
        Column(name) { sample, _ in .number(value(sample)) }
    }

    private static func terms(
        _ prefix: String, _ values: @escaping @Sendable (StepSample) -> Terms?
    ) -> [Column] {
        Term.allCases.map { term in number("\(prefix)\(term.rawValue)") { values($0)?[term] ?? nil } }
    }
}
