internal import TerminalUI

/// Every key there is.
///
/// One table, so that what is shown is what works.
struct KeyTable: Equatable, Sendable {
    /// The table as it comes.
    static let standard = KeyTable(
        bindings: run + charts + parameters + log + moving + start + everywhere + overlays)

    /// The bindings in the order of the help.
    var bindings: [KeyBinding]

    /// What a key does in the first of some contexts in which it does anything.
    func action(for key: Key, in contexts: [KeyContext]) -> Action? {
        for context in contexts {
            if let binding = bindings.first(where: { $0.contexts.contains(context) && $0.keys.contains(key) })
            {
                return binding.action
            }
        }
        return nil
    }

    /// The bindings of some contexts, each action once.
    func bindings(in contexts: [KeyContext]) -> [KeyBinding] {
        var seen: Set<Action> = []
        var taken: Set<Key> = []
        var result: [KeyBinding] = []
        for context in contexts {
            for binding in bindings where binding.contexts.contains(context) {
                let isShadowed = binding.keys.first.map { taken.contains($0) } ?? true
                if !isShadowed, seen.insert(binding.action).inserted { result.append(binding) }
            }
            for binding in bindings where binding.contexts.contains(context) {
                taken.formUnion(binding.keys)
            }
        }
        return result
    }

    /// The first key of an action, for sentences; its name in the palette where settings took its keys away.
    func text(of action: Action, in context: KeyContext? = nil) -> String {
        let candidates = bindings.filter { $0.action == action }
        let binding = candidates.first { binding in context.map { binding.contexts.contains($0) } ?? true }
        guard let binding = binding ?? candidates.first else { return action.name }
        return binding.keys.isEmpty ? ":\(binding.name)" : binding.firstKeyText
    }

    static let panels: [KeyContext] = Panel.allCases.map { KeyContext($0) }
}
