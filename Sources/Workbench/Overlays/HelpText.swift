internal import RunText
internal import Runs
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

    /// What hyperparameters do, in the words of `mgrq explain`.
    static func parameters(matching filter: String) -> [Line] {
        let words = SearchedWords(filter)
        return HyperparameterField.Group.allCases.flatMap { group -> [Line] in
            let fields = group.fields.filter {
                words.areAll(
                    in: "\(group.rawValue) \($0.key) \($0.summary) \($0.guide.effect) \($0.guide.advice)")
            }
            guard !fields.isEmpty else { return [] }
            return [.heading(group.rawValue)]
                + fields.map { field in
                    let unit = field.guide.unit.isEmpty ? "" : " (\(field.guide.unit))"
                    return .binding(
                        keys: field.key,
                        text:
                            "\(field.guide.effect) \(field.range)\(unit), default \(field.value(of: .mgrq)). "
                            + "\(field.guide.advice) Source: \(field.guide.source).")
                }
        }
    }

    /// What healthy and sick curves look like, what they mean and what to do.
    static func charts(matching filter: String) -> [Line] {
        let words = SearchedWords(filter)
        let introduction = ChartGuide.introduction.filter { words.areAll(in: $0) }.map {
            Line.binding(keys: "", text: $0)
        }
        let patterns = ChartGuide.patterns.filter {
            words.areAll(in: "\($0.name) \($0.looks) \($0.meaning) \($0.advice)")
        }
        return (introduction.isEmpty ? [] : [.heading(ChartGuide.title)] + introduction)
            + patterns.flatMap { pattern -> [Line] in
                [
                    .heading(pattern.name), .binding(keys: "looks", text: pattern.looks),
                    .binding(keys: "means", text: pattern.meaning),
                    .binding(keys: "do", text: pattern.advice),
                ]
            }
    }

    /// The columns of the keys, with a gap after them.
    static func keyColumns(_ table: KeyTable) -> Int {
        min(24, (table.bindings.map { cellWidth($0.keysOrCommand) }.max() ?? 0) + 2)
    }

    /// The lines of the keys, wrapped to a width.
    static func rows(
        of table: KeyTable, matching filter: String, width: Int, first: [KeyContext] = []
    ) -> [Row] {
        rows(lines(of: table, matching: filter, first: first), keyColumns: keyColumns(table), width: width)
    }

    /// Lines, wrapped to a width.
    static func rows(_ lines: [Line], keyColumns: Int, width: Int) -> [Row] {
        lines.flatMap { line -> [Row] in
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

    /// The lines that contain every word of a filter, ignoring case, under their headings; some contexts come first.
    static func lines(of table: KeyTable, matching filter: String, first: [KeyContext] = []) -> [Line] {
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
        let order = first + KeyContext.allCases.filter { !first.contains($0) }
        return order.flatMap { context in
            section(context.rawValue) { $0.contexts.contains(context) && !isShared($0) }
                + (context == .run ? section("Lists and panels", isShared) : [])
        }
    }
}
