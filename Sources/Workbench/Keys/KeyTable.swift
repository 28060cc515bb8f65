internal import TerminalUI

/// All keys; the footer and the help show this table.
struct KeyTable: Equatable, Sendable {
    /// The table before settings.
    static let standard = KeyTable(
        bindings: run + charts + Panel.allCases.flatMap { $0.content.keys } + search + panels + moves + start
            + everywhere + overlays)

    /// The rows in the order of the help.
    var bindings: [KeyBinding]

    /// The row of an action.
    subscript(action: Action) -> KeyBinding? { bindings.first { $0.action == action } }

    /// The action of a key in the first of some contexts that has one.
    func action(for key: Key, in contexts: [KeyContext]) -> Action? {
        for context in contexts {
            for binding in bindings where binding.contexts.contains(context) && binding.keys.contains(key) {
                return binding.action
            }
        }
        return nil
    }

    /// The rows of some contexts, each once, without those whose first key means something else further in.
    func bindings(in contexts: [KeyContext]) -> [KeyBinding] {
        var taken: Set<Key> = []
        var result: [KeyBinding] = []
        for context in contexts {
            let members = bindings.filter { $0.contexts.contains(context) }
            result += members.filter { $0.keys.first.map { !taken.contains($0) } ?? false }
            taken.formUnion(members.flatMap(\.keys))
        }
        return result
    }

    /// The first key of an action, for sentences; its name in the palette if settings took its keys away.
    func text(of action: Action) -> String {
        guard let binding = self[action], !binding.keys.isEmpty else { return ":\(action.name)" }
        return binding.firstKeyText
    }
}
