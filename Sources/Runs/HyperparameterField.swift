package import Vocabulary

/// One editable value of `Hyperparameters`.
///
/// It has a name, the accepted values, and closures that read and write the value as text. The table `all` drives
/// plans, `--set`, the parameter editor, `mgrq explain` and docs/hyperparameters.md.
package struct HyperparameterField: Sendable {
    /// The values that a field accepts.
    package enum Kind: Equatable, Sendable {
        /// 2 through 8, or 16.
        case bits
        /// A whole number.
        case integer(ClosedRange<Int>)
        /// A finite number.
        case number(ClosedRange<Double>)
        /// One of these words.
        case choice([String])
        /// `true` or `false`.
        case flag
    }

    /// The headings that fields are listed under, in order.
    package enum Group: String, CaseIterable, Sendable {
        case bits = "Bits"
        case learning = "Learning"
        case supervision = "Supervision"
        case calibration = "Calibration"
        /// The fields that all units of a model share.
        case wholeModel = "Whole model, fixed before a run"
    }

    /// The values that a field takes in turn, from the lowest to the highest.
    package enum Ladder: Equatable, Sendable {
        /// Every accepted word or width.
        case words
        /// These numbers.
        case values([Double])
        /// The multiples of a number.
        case multiples(of: Double)
        /// 0, if it is accepted, and 1, 2 and 5 times the powers of ten from a number on.
        case decades(from: Double)
    }

    /// What a person needs to know before changing a field.
    package struct Guide: Equatable, Sendable {
        /// What the value does, in a sentence.
        package let effect: String
        /// The unit of the value; empty for words.
        package let unit: String
        /// When to change it, in a sentence.
        package let advice: String
        /// Where it comes from: a paper, a decision record, or this program.
        package let source: String

        init(_ effect: String, unit: String = "", when advice: String, source: String) {
            (self.effect, self.unit, self.advice, self.source) = (effect, unit, advice, source)
        }
    }

    /// The name in plans, flags and on the screen.
    package let key: String
    /// The meaning of the value, in a few words.
    package let summary: String
    /// The effects of a change, in a few words.
    package let affects: String
    /// The accepted values.
    package let kind: Kind
    /// The heading that it is listed under.
    package let group: Group
    /// How its value moves with one press of a key.
    package let ladder: Ladder
    /// What a person needs to know before changing it.
    package let guide: Guide
    private let read: @Sendable (Hyperparameters) -> String
    private let write: @Sendable (inout Hyperparameters, String) -> Bool

    /// Whether all units of a model share the value, so that it is fixed before a run.
    package var isShared: Bool { group == .wholeModel }

    /// The value as text, in the form that `set` accepts.
    package func value(in hyperparameters: Hyperparameters) -> String { read(hyperparameters) }

    /// Sets the value from text.
    ///
    /// - Throws: `PlanError.badValue` with the key, the text and the accepted values.
    package func set(_ text: String, in hyperparameters: inout Hyperparameters) throws(PlanError) {
        guard write(&hyperparameters, text) else {
            throw .badValue(key: key, value: text, accepted: accepted)
        }
    }

    /// The value of a preset's plan.
    package func value(of preset: Preset) -> String { read(preset.hyperparameters) }

    /// The next higher or lower value on the field's ladder; nil where there is none.
    ///
    /// - Parameters:
    ///   - text: A value as text; one between two rungs moves to the nearer end.
    ///   - offset: 1 for the next higher value, -1 for the next lower one.
    /// - Returns: The value as text.
    package func neighbour(of text: String, offset: Int) -> String? {
        let rungs = self.rungs
        guard let numbers = rungs.numbers else {
            guard let index = rungs.words.firstIndex(of: text) else { return rungs.words.first }
            return rungs.words.indices.contains(index + offset) ? rungs.words[index + offset] : nil
        }
        guard let value = Double(text) else { return nil }
        // Values are read from text, so equal ones are equal bit by bit.
        let next = offset > 0 ? numbers.first { $0 > value } : numbers.last { $0 < value }
        guard let next else { return nil }
        if case .integer = kind { return String(Int(next)) }
        return "\(next)"
    }

    /// The word after a value, the first after the last; nil for widths and numbers, which are typed.
    package func nextWord(after text: String) -> String? {
        switch kind {
        case .bits, .integer, .number: nil
        case .choice, .flag: neighbour(of: text, offset: 1) ?? rungs.words.first
        }
    }

    /// The values on the field's ladder, rising.
    private var rungs: (words: [String], numbers: [Double]?) {
        let range: ClosedRange<Double>
        switch kind {
        case .bits: return (Hyperparameters.bitWidths.map(String.init), nil)
        case .choice(let words): return (words, nil)
        case .flag: return (["false", "true"], nil)
        case .integer(let whole): range = Double(whole.lowerBound)...Double(whole.upperBound)
        case .number(let numbers): range = numbers
        }
        let numbers: [Double]
        switch ladder {
        case .words: numbers = []
        case .values(let values): numbers = values
        case .multiples(let unit):
            let count = Int((range.upperBound / unit).rounded(.down))
            numbers = (0...count).map { (Double($0) * unit * 1e6).rounded() / 1e6 }
        case .decades(let least):
            var (power, result) = (least, [0.0])
            while power <= range.upperBound {
                for factor in [1.0, 2, 5] {
                    result.append(Double("\(Float(power * factor))") ?? power * factor)
                }
                power *= 10
            }
            numbers = result
        }
        return ([], numbers.filter(range.contains))
    }

    /// The accepted values in the form of a table: `2–8, 16`, `0 to 1`, `ste, adaround`.
    package var range: String {
        func text(_ number: Double) -> String {
            let text = "\(number)"
            if number >= 1e5 { return "1e\(String(Int(number)).count - 1)" }
            return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        }
        switch kind {
        case .bits: return "2 to 8, or 16"
        case .integer(let range): return "\(range.lowerBound) to \(text(Double(range.upperBound)))"
        case .number(let range): return "\(text(range.lowerBound)) to \(text(range.upperBound))"
        case .choice(let words): return words.joined(separator: ", ")
        case .flag: return "true, false"
        }
    }

    /// The accepted values, for messages.
    package var accepted: String {
        switch kind {
        case .bits: "2 through 8, or 16 for full precision"
        case .integer(let range): "a whole number from \(range.lowerBound) through \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) through \(range.upperBound)"
        case .choice(let words): words.joined(separator: ", ")
        case .flag: "true or false"
        }
    }

    /// The field with a key; nil if there is none.
    package static func named(_ key: String) -> HyperparameterField? { all.first { $0.key == key } }

    /// The fields that all units of a model share; no unit can override them.
    package static let shared = all.filter(\.isShared)

    static func bits(
        _ key: String, _ summary: String, _ path: any WritableKeyPath<Hyperparameters, Int> & Sendable,
        _ guide: Guide
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: "calibration, accuracy and size", kind: .bits,
            group: .bits, ladder: .words, guide: guide,
            read: { String($0[keyPath: path]) },
            write: { target, text in
                guard let value = Int(text), Hyperparameters.bitWidths.contains(value) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    static func integer(
        _ group: Group, _ key: String, _ summary: String, _ affects: String, _ range: ClosedRange<Int>,
        _ path: any WritableKeyPath<Hyperparameters, Int> & Sendable, _ ladder: Ladder, _ guide: Guide
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .integer(range), group: group,
            ladder: ladder, guide: guide,
            read: { String($0[keyPath: path]) },
            write: { target, text in
                guard let value = Int(text), range.contains(value) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    static func number(
        _ group: Group, _ key: String, _ summary: String, _ affects: String, _ range: ClosedRange<Double>,
        _ path: any WritableKeyPath<Hyperparameters, Double> & Sendable, _ ladder: Ladder, _ guide: Guide
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .number(range), group: group,
            ladder: ladder, guide: guide,
            read: { "\($0[keyPath: path])" },
            write: { target, text in
                guard let value = Double(text), value.isFinite, range.contains(value) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ group: Group, _ key: String, _ summary: String, _ affects: String,
        _ path: any WritableKeyPath<Hyperparameters, Value> & Sendable, _ guide: Guide
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .choice(Value.allCases.map(\.rawValue)),
            group: group, ladder: .words, guide: guide,
            read: { $0[keyPath: path].rawValue },
            write: { target, text in
                guard let value = Value(rawValue: text) else { return false }
                target[keyPath: path] = value
                return true
            })
    }

    static func flag(
        _ group: Group, _ key: String, _ summary: String, _ affects: String,
        _ path: any WritableKeyPath<Hyperparameters, Bool> & Sendable, _ guide: Guide
    ) -> HyperparameterField {
        HyperparameterField(
            key: key, summary: summary, affects: affects, kind: .flag, group: group, ladder: .words,
            guide: guide,
            read: { $0[keyPath: path] ? "true" : "false" },
            write: { target, text in
                guard let value = Bool(text) else { return false }
                target[keyPath: path] = value
                return true
            })
    }
}
