internal import Runs
internal import TerminalUI

extension KeyTable {
    /// Keys that mean the same in every program, or that terminals keep for themselves.
    private static let reserved: Set<Key> = [
        .control("c"), .control("z"), .control("l"), .control("s"), .control("q"),
    ]
    /// Places in which characters are typed.
    private static let typing: Set<KeyContext> = [.field, .filter, .search, .help, .export, .palette, .open]

    /// The table with other keys for some bindings.
    ///
    /// - Parameters:
    ///   - entries: `name = "Key"` or `name = ["Key", …]`; an empty list takes the keys away.
    ///   - file: The name of the settings file, for messages.
    /// - Returns: The table.
    /// - Throws: A name or a key that is not known, a key that cannot be given, or two meanings of a key in one place.
    func rebound(by entries: [SettingsText.Entry], file: String) throws(SettingsProblem) -> KeyTable {
        var table = self
        var lines: [String: Int] = [:]
        for entry in entries {
            func problem(_ message: String) -> SettingsProblem {
                SettingsProblem(file: file, line: entry.line, message: message)
            }
            guard let index = table.bindings.firstIndex(where: { $0.name == entry.key }) else {
                let near = closest(to: entry.key, among: bindings.map(\.name))
                throw problem(
                    "there is no action \"\(entry.key)\"; "
                        + (near.map { "did you mean \"\($0)\"?" } ?? "mgrq workbench --dump-keys lists them"))
            }
            guard !table.bindings[index].contexts.contains(.always) else {
                throw problem("\"\(entry.key)\" has the same key in every program and cannot have another")
            }
            let names: [String] =
                switch entry.value {
                case .string(let name): [name]
                case .strings(let names): names
                default: throw problem("\"\(entry.key)\" must be a key in double quotes, or a list of keys")
                }
            var keys: [Key] = []
            for name in names {
                keys.append(try Self.key(named: name, for: table.bindings[index], problem))
            }
            table.bindings[index].keys = keys
            lines[entry.key] = entry.line
        }
        try table.expectNoConflict(lines, file: file)
        return table
    }

    private static func key(
        named name: String, for binding: KeyBinding, _ problem: (String) -> SettingsProblem
    ) throws(SettingsProblem) -> Key {
        guard let key = Key(named: name) else {
            throw problem(
                "\"\(name)\" is no key; use a character, Space, Enter, Esc, Tab, Up, PgDn, F1 to F12, Ctrl-X or Alt-x"
            )
        }
        if reserved.contains(key) { throw problem("\(key.name) cannot be given another meaning") }
        if case .character = key, binding.contexts.contains(where: typing.contains) {
            throw problem(
                "\"\(key.name)\" is typed where \"\(binding.name)\" works; use a key that types nothing")
        }
        return key
    }

    /// Places with keys of their own in which those of others work as well, innermost first.
    private static let stacks: [[KeyContext]] =
        [
            [.start, .everywhere], [.filtered, .log, .run, .everywhere],
            [.found, .units, .run, .everywhere], [.found, .parameters, .run, .everywhere],
        ] + KeyContext.panels.map { [$0, .run, .everywhere] }

    /// Looks for a key that means two things in one place, and for one that settings hid behind another.
    private func expectNoConflict(_ lines: [String: Int], file: String) throws(SettingsProblem) {
        for context in KeyContext.allCases {
            try expectNoConflict(context, context, lines, file: file)
        }
        for stack in Self.stacks {
            for (depth, inner) in stack.enumerated() {
                for outer in stack[(depth + 1)...] {
                    try expectNoConflict(inner, outer, lines, file: file)
                }
            }
        }
    }

    /// Looks for a key with a meaning in each of two contexts; one that is given before settings is meant.
    private func expectNoConflict(
        _ inner: KeyContext, _ outer: KeyContext, _ lines: [String: Int], file: String
    ) throws(SettingsProblem) {
        for first in bindings where first.contexts.contains(inner) {
            for second in bindings where second.contexts.contains(outer) && second.name != first.name {
                guard lines[first.name] != nil || lines[second.name] != nil,
                    let key = first.keys.first(where: second.keys.contains),
                    !(Self.standard.has(key, for: first) && Self.standard.has(key, for: second))
                else { continue }
                // The line that caused it; both may have one.
                let isFirst = (lines[first.name] ?? 0) >= (lines[second.name] ?? 0)
                let (own, taken, place) = isFirst ? (first, second, outer) : (second, first, inner)
                throw SettingsProblem(
                    file: file, line: lines[own.name],
                    message: "\(key.name) for \"\(own.name)\" is the key of \"\(taken.name)\" "
                        + "(\(place.rawValue): \(taken.help)); give one of them another")
            }
        }
    }

    private func has(_ key: Key, for binding: KeyBinding) -> Bool {
        bindings.contains { $0.name == binding.name && $0.keys.contains(key) }
    }

    /// Every binding as a line: where, keys, name, what it does.
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
