internal import TerminalUI

/// The help, made from the key table.
enum HelpText {
    /// One line of it.
    enum Line: Equatable {
        /// Where the keys below it have a meaning.
        case heading(String)
        /// Keys and what they do.
        case binding(keys: String, text: String)
    }

    /// One row of it, as wide as the screen allows.
    struct Row: Equatable {
        /// The keys, or the heading; empty where a text goes on.
        let keys: String
        /// What they do; nil for a heading.
        let text: String?
    }

    /// The columns that keys take, with a gap behind them.
    static func keyColumns(_ table: KeyTable) -> Int {
        min(24, (table.bindings.map { cellWidth($0.keyText) }.max() ?? 0) + 2)
    }

    /// The lines, broken where they are too long for a width.
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

    /// The places in the order of the help.
    private static let order: [KeyContext] = [
        .run, .units, .reconstruction, .contributions, .sweep, .parameters, .log, .filtered, .found, .field,
        .filter, .search,
        .start, .everywhere, .always, .small, .palette, .open, .export, .overwrite, .result, .redo,
        .attempts, .rollBack, .site, .images, .themes, .quit,
        .help,
    ]

    /// Whether a binding means the same in so many places that it is said once.
    private static func isShared(_ binding: KeyBinding) -> Bool { binding.contexts.count >= 4 }

    /// The lines in which a filter occurs, whatever the case; a heading stays with any of its lines.
    static func lines(of table: KeyTable, matching filter: String) -> [Line] {
        let words = SearchedWords(filter)
        func section(_ name: String, _ isMember: (KeyBinding) -> Bool) -> [Line] {
            let bindings = table.bindings.filter { binding in
                guard !binding.keys.isEmpty else { return false }
                return isMember(binding)
                    && words.areAll(in: "\(name) \(binding.keyText) \(binding.name) \(binding.help)")
            }
            guard !bindings.isEmpty else { return [] }
            return [.heading(name)] + bindings.map { .binding(keys: $0.keyText, text: $0.help) }
        }
        var lines: [Line] = []
        for context in order {
            lines += section(context.rawValue) { $0.contexts.contains(context) && !isShared($0) }
            if context == .run { lines += section("Lists and panels", isShared) }
        }
        return lines
    }
}
