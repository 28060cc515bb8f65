/// The help, made from the key table.
enum HelpText {
    /// One line of it.
    enum Line: Equatable {
        /// Where the keys below it have a meaning.
        case heading(String)
        /// Keys and what they do.
        case binding(keys: String, text: String)
    }

    /// The places in the order of the help.
    private static let order: [KeyContext] = [
        .run, .units, .reconstruction, .contributions, .sweep, .parameters, .log, .field, .start, .everywhere,
        .always, .small, .export, .overwrite, .result, .themes, .quit, .help,
    ]

    /// The lines in which a filter occurs, whatever the case; a heading stays with any of its lines.
    static func lines(matching filter: String) -> [Line] {
        let words = filter.lowercased().split(separator: " ")
        return order.flatMap { context -> [Line] in
            let bindings = KeyTable.all.filter { binding in
                let text = "\(context.rawValue) \(binding.keyText) \(binding.help)".lowercased()
                return binding.contexts.contains(context) && words.allSatisfy { text.contains($0) }
            }
            guard !bindings.isEmpty else { return [] }
            return [.heading(context.rawValue)] + bindings.map { .binding(keys: $0.keyText, text: $0.help) }
        }
    }
}
