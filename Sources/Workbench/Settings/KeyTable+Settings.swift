internal import Runs
internal import TerminalUI

extension KeyTable {
    /// Keys that mean the same in every program, or that terminals keep for themselves.
    private static let reserved: Set<Key> = [
        .control("c"), .control("z"), .control("l"), .control("s"), .control("q"),
    ]
    /// Places in which characters are typed.
    private static let typing: Set<KeyContext> = [.field, .filter, .help, .export, .palette, .open]

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

    /// Looks for a key that means two things in one place.
    private func expectNoConflict(_ lines: [String: Int], file: String) throws(SettingsProblem) {
        for context in KeyContext.allCases {
            var owners: [Key: KeyBinding] = [:]
            for binding in bindings where binding.contexts.contains(context) {
                for key in binding.keys {
                    guard let other = owners.updateValue(binding, forKey: key), other.name != binding.name
                    else {
                        continue
                    }
                    // The line that caused it; both may have one.
                    let (mine, theirs) = (lines[binding.name], lines[other.name])
                    let isMine = (mine ?? 0) >= (theirs ?? 0)
                    let (own, taken) = isMine ? (binding, other) : (other, binding)
                    throw SettingsProblem(
                        file: file, line: isMine ? mine : theirs,
                        message: "\(key.name) for \"\(own.name)\" is the key of \"\(taken.name)\" "
                            + "(\(context.rawValue): \(taken.help)); give one of them another")
                }
            }
        }
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
