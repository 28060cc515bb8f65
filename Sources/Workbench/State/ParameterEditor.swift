internal import RunText
package import Runs
package import TerminalUI
internal import Vocabulary

/// Some fields of the list of parameters, under a heading.
struct ParameterSection: Equatable {
    let heading: String
    let keys: [String]

    var fields: [HyperparameterField] { keys.compactMap(HyperparameterField.named) }

    /// The changed fields, then the others by group; empty sections are left out.
    static func all(changedFirst keys: [String]) -> [ParameterSection] {
        let changed = HyperparameterField.all.map(\.key).filter(keys.contains)
        let groups = HyperparameterField.Group.allCases.map { group in
            ParameterSection(
                heading: group.rawValue, keys: group.fields.map(\.key).filter { !changed.contains($0) })
        }
        return ([ParameterSection(heading: "Changed from the preset", keys: changed)] + groups)
            .filter { !$0.keys.isEmpty }
    }
}

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

    /// The key of the selected field.
    private(set) var key = HyperparameterField.all.first?.key ?? ""
    /// Whether the selection was moved; before, it is the first line.
    private var wasMoved = false
    /// The keys that are listed first, because their values were changed.
    ///
    /// It changes at a gate and when the panel gets the focus, not while values are edited, so that no line moves below
    /// the selection.
    private(set) var changedFirst: [String] = []
    /// The drafted changes, one for each key.
    package private(set) var draft: [HyperparameterChange] = []
    package var typing: Typing?
    /// The one coming unit that changes are for; nil for all of them.
    package var unit: Int?
    private var history: [[HyperparameterChange]] = []

    var canUndo: Bool { !history.isEmpty }

    var field: HyperparameterField? { HyperparameterField.named(key) }

    /// The sections of the list: what was changed, then the groups.
    var sections: [ParameterSection] { ParameterSection.all(changedFirst: changedFirst) }

    /// The fields in the order of the list.
    var order: [HyperparameterField] { sections.flatMap(\.fields) }

    /// The selected field: an index into ``order``.
    package var selected: Int {
        get { order.firstIndex { $0.key == key } ?? 0 }
        set {
            let order = order
            wasMoved = true
            if order.indices.contains(newValue) { key = order[newValue].key }
        }
    }

    /// Lists fields first whose values differ from those that the plan started from, drafts included.
    mutating func listChangedFirst(_ values: Hyperparameters, plan: RunPlan) {
        changedFirst = plan.preset.hyperparameters(for: plan.target).changes(to: applied(to: values)).map(
            \.key)
        if !wasMoved { key = order.first?.key ?? key }
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

    /// Takes a draft that was kept.
    mutating func draft(_ changes: [HyperparameterChange]) { draft = changes }

    /// Moves the value of a field to the next on its ladder.
    ///
    /// - Returns: Why it cannot; nil if it did.
    mutating func move(_ field: HyperparameterField, by offset: Int, over base: Hyperparameters) -> String? {
        let value = field.value(in: applied(to: base))
        guard let next = field.neighbour(of: value, offset: offset) else {
            return "\(field.key) accepts \(field.accepted)"
        }
        return put(next, into: field, over: base)
    }

    /// Undoes the last change of the draft.
    mutating func undo() {
        draft = history.popLast() ?? draft
    }

    /// Removes changes from the draft that were applied.
    mutating func settle(_ changes: [HyperparameterChange]) {
        draft.removeAll { changes.contains($0) }
        if draft.isEmpty { history = [] }
    }

    private func trimmed(_ text: String) -> String {
        let text = text.drop { $0 == " " }
        let end = text.lastIndex { $0 != " " }
        return end.map { String(text[...$0]) } ?? ""
    }
}
