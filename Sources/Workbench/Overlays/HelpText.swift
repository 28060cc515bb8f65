internal import TerminalUI

/// The help, made from the key table.
enum HelpText {
    /// One line of it.
    enum Line: Equatable {
        /// Where the keys below it have a meaning.
        case heading(String)
        /// Keys and their effects.
        case binding(keys: String, text: String)
    }

    /// One row of it, as wide as the screen allows.
    struct Row: Equatable {
        /// The keys, or the heading; empty where a text continues.
        let keys: String
        /// Their effect; nil for a heading.
        let text: String?
    }

    /// The columns of the keys, with a gap after them.
    static func keyColumns(_ table: KeyTable) -> Int {
        min(24, (table.bindings.map { cellWidth($0.keysOrCommand) }.max() ?? 0) + 2)
    }

    /// The lines, wrapped to a width.
    static func rows(of table: KeyTable, matching filter: String, width: Int) -> [Row] {
        let keyColumns = keyColumns(table)
        return lines(of: table, matching: filter).flatMap { line -> [Row] in
            switch line {
            case .heading(let name): return [Row(keys: name, text: nil)]
            case .binding(let keys, let text):
                let parts = wrapped(text, width: max(10, width - keyColumns - 1))
                return parts.enumerated().map { Row(keys: $0.offset == 0 ? keys : "", text: $0.element) }
            }
        }
    }

    /// Whether a key means the same in so many places that it is listed once.
    private static func isShared(_ binding: KeyBinding) -> Bool { binding.contexts.count >= 4 }

    /// The lines that contain every word of a filter, ignoring case, under their headings.
    static func lines(of table: KeyTable, matching filter: String) -> [Line] {
        let words = SearchedWords(filter)
        func section(_ name: String, _ isMember: (KeyBinding) -> Bool) -> [Line] {
            let bindings = table.bindings.filter { binding in
                guard !binding.keys.isEmpty || binding.isInPalette else { return false }
                return isMember(binding)
                    && words.areAll(in: "\(name) \(binding.keysOrCommand) \(binding.name) \(binding.help)")
            }
            guard !bindings.isEmpty else { return [] }
            return [.heading(name)] + bindings.map { .binding(keys: $0.keysOrCommand, text: $0.help) }
        }
        return KeyContext.allCases.flatMap { context in
            section(context.rawValue) { $0.contexts.contains(context) && !isShared($0) }
                + (context == .run ? section("Lists and panels", isShared) : [])
        }
    }
}
