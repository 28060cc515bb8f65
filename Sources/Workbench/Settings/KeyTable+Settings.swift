internal import Runs
internal import TerminalUI

extension KeyTable {
    /// Keys that mean the same in every program, or that terminals keep for themselves.
    private static let reserved: Set<Key> = [
        .control("c"), .control("z"), .control("l"), .control("s"), .control("q"),
    ]
    /// Places in which characters are typed.
    private static let typing: Set<KeyContext> = [
        .field, .filter, .search, .help, .export, .palette, .open, .parameterValue,
    ]

    /// The table with other keys for some bindings.
    ///
    /// - Parameter mapping: `name: Key` or `name: [Key, …]`; an empty list removes the keys.
    /// - Returns: The table.
    /// - Throws: An unknown name or key, a key that cannot be given, or two meanings of a key in one place.
    func rebound(by mapping: YAMLMapping) throws(PlanError) -> KeyTable {
        try mapping.check(known: bindings.map(\.name))
        var table = self
        for index in table.bindings.indices {
            let binding = table.bindings[index]
            guard let line = mapping.line(of: binding.name) else { continue }
            do throws(PlanError) {
                guard !binding.contexts.contains(.always) else {
                    throw .conflict(
                        "“\(binding.name)” has the same key in every program and cannot have another")
                }
                guard let names = try mapping.texts(binding.name) else {
                    throw .badValue(key: binding.name, value: "null", accepted: "a key, or a list of keys")
                }
                var keys: [Key] = []
                for name in names { keys.append(try Self.key(named: name, for: binding)) }
                table.bindings[index].keys = keys
            } catch {
                throw error.located(at: line)
            }
        }
        try table.expectNoConflict(mapping)
        return table
    }

    private static func key(named name: String, for binding: KeyBinding) throws(PlanError) -> Key {
        guard let key = Key(named: name) else {
            throw .badValue(
                key: binding.name, value: name,
                accepted: "a character, Space, Enter, Esc, Tab, Up, PgDn, F1 to F12, Ctrl-X or Alt-x")
        }
        if reserved.contains(key) { throw .conflict("\(key.name) cannot be given another meaning") }
        if case .character = key, binding.contexts.contains(where: typing.contains) {
            throw .conflict(
                "“\(key.name)” is typed where “\(binding.name)” works; use a key that types nothing")
        }
        return key
    }

    /// Places with keys of their own in which those of others work as well, innermost first.
    private static let stacks: [[KeyContext]] =
        [
            [.start, .everywhere], [.filtered, .log, .run, .everywhere],
            [.found, .units, .run, .everywhere], [.found, .parameters, .run, .everywhere],
        ] + KeyContext.panels.map { [$0, .run, .everywhere] }

    /// Refuses a key with two meanings in one context, and a binding that settings have hidden.
    private func expectNoConflict(_ mapping: YAMLMapping) throws(PlanError) {
        for context in KeyContext.allCases {
            try expectNoConflict(context, context, mapping)
        }
        for stack in Self.stacks {
            for (depth, inner) in stack.enumerated() {
                for outer in stack[(depth + 1)...] {
                    try expectNoConflict(inner, outer, mapping)
                }
            }
        }
    }

    /// Refuses a key with a meaning in both of two contexts, unless it had both before settings.
    private func expectNoConflict(
        _ inner: KeyContext, _ outer: KeyContext, _ mapping: YAMLMapping
    ) throws(PlanError) {
        for first in bindings where first.contexts.contains(inner) {
            for second in bindings where second.contexts.contains(outer) {
                // Few share a key, and a name takes long to spell.
                guard let key = first.keys.first(where: second.keys.contains), second.name != first.name
                else { continue }
                let (line, other) = (mapping.line(of: first.name), mapping.line(of: second.name))
                guard line != nil || other != nil,
                    !(Self.standard.has(key, for: first) && Self.standard.has(key, for: second))
                else { continue }
                // The later line caused it.
                let isFirst = (line ?? 0) >= (other ?? 0)
                let (own, taken, place) = isFirst ? (first, second, outer) : (second, first, inner)
                throw PlanError.conflict(
                    "\(key.name) for “\(own.name)” is the key of “\(taken.name)” "
                        + "(\(place.rawValue): \(taken.help)); give one of them another"
                ).located(at: mapping.line(of: own.name))
            }
        }
    }

    private func has(_ key: Key, for binding: KeyBinding) -> Bool {
        bindings.contains { $0.name == binding.name && $0.keys.contains(key) }
    }

    /// Every binding as a line: context, keys, name, help.
    var listing: [String] {
        var lines: [String] = []
        for context in KeyContext.allCases {
            let members = bindings.filter { $0.contexts.contains(context) }
            guard !members.isEmpty else { continue }
            lines.append(context.rawValue)
            lines += members.map { binding in
                let keys = binding.keys.isEmpty ? "(none)" : binding.keyText
                return "  \(fitted(keys, width: 18)) \(fitted(binding.name, width: 20)) \(binding.help)"
            }
        }
        return lines
    }
}
