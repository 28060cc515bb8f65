package import Runs
package import TerminalUI
internal import Vocabulary

/// The parameter panel's selection and its draft, which is kept until it is applied or undone.
package struct ParameterEditor: Equatable, Sendable {
    /// How far undo reaches.
    static let undoDepth = 100

    /// A value that is being typed.
    package struct Typing: Equatable, Sendable {
        /// The field's key.
        package let key: String
        /// The text so far.
        package var line: EditLine
        /// Why the text was not taken.
        package var problem: String?
        /// Whether the text is still the old value, which the first character replaces.
        var isUntouched = true
    }

    /// The selected field: an index into `HyperparameterField.all`.
    package var selected = 0
    /// What would be different; one change for each key.
    package private(set) var draft: [HyperparameterChange] = []
    /// The value that is being typed, if one is.
    package var typing: Typing?
    /// The one coming unit that changes are for; nil for all of them.
    package var unit: Int?
    private var history: [[HyperparameterChange]] = []

    /// Whether there is something to undo.
    var canUndo: Bool { !history.isEmpty }

    /// The selected field.
    var field: HyperparameterField? {
        HyperparameterField.all.indices.contains(selected) ? HyperparameterField.all[selected] : nil
    }

    /// The drafted value of a field, if it has one.
    func drafted(_ field: HyperparameterField) -> String? { draft.last { $0.key == field.key }?.value }

    /// What the hyperparameters would be with the draft.
    func applied(to base: Hyperparameters) -> Hyperparameters {
        var result = base
        // Every change was checked when it was drafted; none can fail here.
        _ = try? result.apply(draft)
        return result
    }

    /// Begins to type a new value for the selected field.
    mutating func beginTyping(from base: Hyperparameters) {
        guard let field else { return }
        typing = Typing(key: field.key, line: EditLine(field.value(in: applied(to: base))))
    }

    /// Takes the typed value into the draft, or says why not.
    mutating func commitTyping(over base: Hyperparameters) {
        guard let typing, let field = HyperparameterField.named(typing.key) else { return }
        if let problem = put(trimmed(typing.line.text), into: field, over: base) {
            self.typing?.problem = problem
        } else {
            self.typing = nil
        }
    }

    /// Puts a value into the draft.
    ///
    /// - Returns: Why it cannot be; nil where it was taken.
    mutating func put(_ text: String, into field: HyperparameterField, over base: Hyperparameters) -> String?
    {
        if let obstacle = Self.obstacle(to: field) { return obstacle }
        var trial = base
        do throws(PlanError) {
            try field.set(text, in: &trial)
        } catch {
            return error.description
        }
        let value = field.value(in: trial)
        var changed = draft.filter { $0.key != field.key }
        if value != field.value(in: base) {
            changed.append(HyperparameterChange(key: field.key, value: value))
        }
        if changed != draft {
            history = history.suffix(Self.undoDepth - 1) + [draft]
            draft = changed
        }
        return nil
    }

    /// Why a field cannot be changed at a gate.
    static func obstacle(to field: HyperparameterField) -> String? {
        field.isShared ? "\(field.key) is one value for the whole model: it is set before a run" : nil
    }

    /// Takes a draft that was kept from the last time.
    mutating func draft(_ changes: [HyperparameterChange]) { draft = changes }

    /// Takes the last change of the draft back.
    mutating func undo() {
        draft = history.popLast() ?? draft
    }

    /// Forgets drafted values that have become real.
    mutating func settle(_ changes: [HyperparameterChange]) {
        draft.removeAll { changes.contains($0) }
        if draft.isEmpty { history = [] }
    }

    /// The values that a field of few values takes, in order; nil for numbers.
    static func choices(of field: HyperparameterField) -> [String]? {
        switch field.kind {
        case .bits: ["2", "3", "4", "5", "6", "7", "8", "16"]
        case .choice(let words): words
        case .flag: ["false", "true"]
        case .integer, .number: nil
        }
    }

    private func trimmed(_ text: String) -> String {
        let text = text.drop { $0 == " " }
        let end = text.lastIndex { $0 != " " }
        return end.map { String(text[...$0]) } ?? ""
    }
}
