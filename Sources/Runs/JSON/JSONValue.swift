/// A JSON document (RFC 8259) as a value.
///
/// Members keep their order and numbers their text, so that what is read and written again is the same.
package enum JSONValue: Equatable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number in the text of the document.
    case number(String)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object; names are different from one another.
    case object([JSONMember])

    /// The member with a name; nil where there is none, or where this is no object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// A number in its shortest text that reads back to the same value; `null` where it is not finite.
    package static func finite(_ value: Double) -> JSONValue {
        value.isFinite ? .number("\(value)") : .null
    }

    /// A whole number.
    package static func integer(_ value: some BinaryInteger) -> JSONValue { .number("\(value)") }
}

/// A name and its value in a JSON object.
package struct JSONMember: Equatable, Sendable {
    /// The name.
    package var name: String
    /// The value.
    package var value: JSONValue

    /// Makes a member.
    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// Why a text is not the JSON that was expected.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was found and what was expected.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

// MARK: - Text

extension JSONValue {
    /// The document on one line, without spaces, without a line end.
    package var line: String {
        var text = ""
        write(to: &text, indentation: nil)
        return text
    }

    /// The document over several lines, each level indented by two spaces, with a line end.
    ///
    /// Arrays of numbers stay on one line.
    package var page: String {
        var text = ""
        write(to: &text, indentation: 0)
        return text + "\n"
    }

    private func write(to text: inout String, indentation: Int?) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .number(let literal): text += literal
        case .string(let string): Self.write(string, to: &text)
        case .array(let elements):
            let flat = elements.allSatisfy { if case .number = $0 { true } else { false } }
            let inner = flat ? nil : indentation
            Self.write(elements, between: ("[", "]"), to: &text, indentation: inner) { element, text, level in
                element.write(to: &text, indentation: level)
            }
        case .object(let members):
            Self.write(members, between: ("{", "}"), to: &text, indentation: indentation) {
                member, text, level in
                Self.write(member.name, to: &text)
                text += level == nil ? ":" : ": "
                member.value.write(to: &text, indentation: level)
            }
        }
    }

    private static func write<Part>(
        _ parts: [Part], between brackets: (String, String), to text: inout String, indentation: Int?,
        _ body: (Part, inout String, Int?) -> Void
    ) {
        text += brackets.0
        let inner = indentation.map { $0 + 2 }
        for (index, part) in parts.enumerated() {
            text += index == 0 ? "" : ","
            if let inner { text += "\n" + String(repeating: " ", count: inner) }
            body(part, &text, inner)
        }
        if let indentation, !parts.isEmpty { text += "\n" + String(repeating: " ", count: indentation) }
        text += brackets.1
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
