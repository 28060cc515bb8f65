package import Runs
package import TerminalUI
internal import Vocabulary

/// The selection of the parameters panel, and its draft, which stays until it is applied or undone.
package struct ParameterEditor: Equatable, Sendable {
    /// The number of changes that can be undone.
    static let undoDepth = 100

    /// A value that is being typed.
    package struct Typing: Equatable, Sendable {
        package let key: String
        package var line: EditLine
        /// Why the text was not accepted.
        package var problem: String?
        /// Whether the text is still the old value, which the first typed character replaces.
        var isUntouched = true
    }

    /// The selected field: an index into `HyperparameterField.all`.
    package var selected = 0
    /// The drafted changes, one for each key.
    package private(set) var draft: [HyperparameterChange] = []
    package var typing: Typing?
    /// The one coming unit that changes are for; nil for all of them.
    package var unit: Int?
    private var history: [[HyperparameterChange]] = []

    var canUndo: Bool { !history.isEmpty }

    var field: HyperparameterField? {
        HyperparameterField.all.indices.contains(selected) ? HyperparameterField.all[selected] : nil
    }

    /// The drafted value of a field, if it has one.
    func drafted(_ field: HyperparameterField) -> String? { draft.last { $0.key == field.key }?.value }

    /// The hyperparameters with the draft.
    func applied(to base: Hyperparameters) -> Hyperparameters {
        var result = base
        // Every change was checked when it was drafted, so none can fail.
        _ = try? result.apply(draft)
        return result
    }

    /// Begins typing a value for the selected field.
    mutating func beginTyping(from base: Hyperparameters) {
        guard let field else { return }
        typing = Typing(key: field.key, line: EditLine(field.value(in: applied(to: base))))
    }

    /// Drafts the typed value, or says why it cannot.
    mutating func commitTyping(over base: Hyperparameters) {
        guard let typing, let field = HyperparameterField.named(typing.key) else { return }
        if let problem = put(trimmed(typing.line.text), into: field, over: base) {
            self.typing?.problem = problem
        } else {
            self.typing = nil
        }
    }

    /// Drafts a value.
    ///
    /// - Returns: Why it cannot be drafted; nil if it was.
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

    /// Takes the draft of the last session.
    mutating func draft(_ changes: [HyperparameterChange]) { draft = changes }

    /// Undoes the last change of the draft.
    mutating func undo() {
        draft = history.popLast() ?? draft
    }

    /// Removes changes from the draft that were applied.
    mutating func settle(_ changes: [HyperparameterChange]) {
        draft.removeAll { changes.contains($0) }
        if draft.isEmpty { history = [] }
    }

    /// The values of a field that has few, in order; nil for numbers.
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
