/// Why a settings or theme file cannot be used, or what in it was passed over.
package struct SettingsProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as the user named it.
    package let file: String
    /// The line, from 1; nil if the whole file is meant.
    package let line: Int?
    /// What is wrong and what would be accepted.
    package let message: String

    /// Makes a problem.
    package init(file: String, line: Int?, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// One sentence: `FILE:LINE: message`.
    package var description: String {
        line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}

/// The subset of TOML that themes and settings use.
///
/// Comments, `[sections]`, `key = value`; values are strings in double quotes on one line, numbers,
/// `true` and `false`, and lists of strings.
package struct SettingsText: Hashable, Sendable {
    /// A value.
    package enum Value: Hashable, Sendable {
        /// A text.
        case string(String)
        /// A number.
        case number(Double)
        /// A truth value.
        case boolean(Bool)
        /// Several texts.
        case strings([String])
    }

    /// A key with its value.
    package struct Entry: Hashable, Sendable {
        /// The section it stands in; empty before the first.
        package let section: String
        /// Its name.
        package let key: String
        /// Its value.
        package let value: Value
        /// Its line, from 1.
        package let line: Int
    }

    /// The file, as the user named it.
    package let file: String
    /// The entries in the order of the file; no key appears twice in a section.
    package let entries: [Entry]

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: The whole file.
    ///   - file: Its name, for messages.
    /// - Throws: The first line that is not of this format.
    package init(parsing text: String, file: String) throws(SettingsProblem) {
        self.file = file
        var entries: [Entry] = []
        var seen: [String: Int] = [:]
        var section = ""
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, content) in lines.enumerated() {
            var line = SettingsLine(content, file: file, number: index + 1)
            if line.isOver() { continue }
            if line.take("[") {
                section = try line.name()
                try line.expect("]")
                try line.end()
                continue
            }
            let key = try line.name()
            try line.expect("=")
            let value = try line.value()
            try line.end()
            let path = "\(section).\(key)"
            if let first = seen[path] {
                throw line.problem("\"\(key)\" was already given in line \(first); remove one of them")
            }
            seen[path] = index + 1
            entries.append(Entry(section: section, key: key, value: value, line: index + 1))
        }
        self.entries = entries
    }
}

/// One line of a settings file, consumed from the left.
struct SettingsLine {
    private var rest: Substring
    private let file: String
    private let number: Int

    init(_ line: Substring, file: String, number: Int) {
        rest = line
        self.file = file
        self.number = number
    }

    func problem(_ message: String) -> SettingsProblem {
        SettingsProblem(file: file, line: number, message: message)
    }

    /// Whether only spaces and a comment remain.
    mutating func isOver() -> Bool {
        skipSpaces()
        return rest.isEmpty || rest.first == "#"
    }

    mutating func end() throws(SettingsProblem) {
        guard isOver() else { throw problem("\"\(rest)\" is left over; one entry belongs in a line") }
    }

    mutating func take(_ character: Character) -> Bool {
        skipSpaces()
        guard rest.first == character else { return false }
        rest.removeFirst()
        return true
    }

    mutating func expect(_ character: Character) throws(SettingsProblem) {
        guard take(character) else {
            throw problem("\"\(character)\" is missing; write `key = value` or `[section]`")
        }
    }

    /// A bare name of letters, digits, `_` and `-`.
    mutating func name() throws(SettingsProblem) -> String {
        skipSpaces()
        let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
        guard !name.isEmpty else {
            throw problem("a name of letters, digits, \"_\" and \"-\" is missing")
        }
        rest = rest.dropFirst(name.count)
        return String(name)
    }

    mutating func value() throws(SettingsProblem) -> SettingsText.Value {
        skipSpaces()
        if rest.first == "\"" { return .string(try string()) }
        if take("[") { return .strings(try strings()) }
        let word = rest.prefix { !$0.isWhitespace && $0 != "#" }
        rest = rest.dropFirst(word.count)
        switch word {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default:
            guard let number = Double(word), number.isFinite else {
                throw problem(
                    "\"\(word)\" is no value; use a string in double quotes, a number, true, false, "
                        + "or a list of strings")
            }
            return .number(number)
        }
    }

    private mutating func strings() throws(SettingsProblem) -> [String] {
        var list: [String] = []
        while !take("]") {
            if !list.isEmpty {
                try expect(",")
                if take("]") { break }
            }
            list.append(try string())
        }
        return list
    }

    private mutating func string() throws(SettingsProblem) -> String {
        guard take("\"") else { throw problem("a string in double quotes is missing") }
        var text = ""
        while let character = rest.popFirst() {
            if character == "\"" { return text }
            guard character == "\\" else {
                text.append(character)
                continue
            }
            switch rest.popFirst() {
            case "\"": text.append("\"")
            case "\\": text.append("\\")
            case "n": text.append("\n")
            case "t": text.append("\t")
            default: throw problem("unknown escape in a string; use \\\", \\\\, \\n or \\t")
            }
        }
        throw problem("the string has no closing double quote")
    }

    private mutating func skipSpaces() {
        rest = rest.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    }
}
