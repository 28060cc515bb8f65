extension JSONValue {
    /// How deep arrays and objects may lie in one another.
    static let maximumDepth = 64

    /// Reads one document, strictly as in RFC 8259; a name that comes twice in an object is refused.
    ///
    /// - Parameter bytes: UTF-8 text that holds the document and nothing else but white space.
    /// - Throws: `JSONError` that says at which byte, from 0, the text stops being JSON.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

/// Reads a document byte by byte.
private struct JSONParser {
    let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let result = try value(depth: 0)
        skipSpace()
        guard position == bytes.count else { throw unexpected("the end") }
        return result
    }

    private func unexpected(_ expected: String) -> JSONError {
        let found =
            position < bytes.count
            ? (0x21...0x7E).contains(bytes[position])
                ? "“\(Character(UnicodeScalar(bytes[position])))”" : "byte \(bytes[position])" : "the end"
        return JSONError("\(found) at byte \(position), where \(expected) was expected")
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
            position += 1
        }
    }

    private mutating func take(_ byte: Character) -> Bool {
        guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
        position += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < JSONValue.maximumDepth else {
            throw JSONError("more than \(JSONValue.maximumDepth) levels at byte \(position)")
        }
        skipSpace()
        guard position < bytes.count else { throw unexpected("a value") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[position...].starts(with: word.utf8) else { throw unexpected("a value") }
        position += word.utf8.count
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var members: [JSONMember] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw unexpected("a name")
            }
            let name = try string()
            guard names.insert(name).inserted else { throw JSONError("the name “\(name)” comes twice") }
            skipSpace()
            guard take(":") else { throw unexpected("“:”") }
            members.append(JSONMember(name, try value(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw unexpected("“,” or “}”") }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw unexpected("“,” or “]”") }
        }
    }

    private mutating func number() throws(JSONError) -> String {
        let start = position
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else { throw unexpected(start == 0 ? "a value" : "a digit") }
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        var result: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                guard let text = String(validating: result, as: UTF8.self) else {
                    throw JSONError("the string that ends at byte \(position) is not UTF-8")
                }
                return text
            case UInt8(ascii: "\\"):
                position += 1
                result += String(Character(try escape())).utf8
            case 0..<0x20:
                throw unexpected("an escaped control character")
            default:
                result.append(byte)
                position += 1
            }
        }
        throw unexpected("the end of a string")
    }

    private mutating func escape() throws(JSONError) -> UnicodeScalar {
        let escapes: [(Character, UnicodeScalar)] = [
            ("\"", "\""), ("\\", "\\"), ("/", "/"), ("b", "\u{8}"), ("f", "\u{C}"), ("n", "\n"), ("r", "\r"),
            ("t", "\t"),
        ]
        for (letter, scalar) in escapes where take(letter) {
            return scalar
        }
        guard take("u") else { throw unexpected("an escape sequence") }
        let first = try fourDigits()
        guard (0xD800..<0xDC00).contains(first) else {
            guard let scalar = UnicodeScalar(first) else { throw unexpected("the first half of a pair") }
            return scalar
        }
        guard take("\\"), take("u") else { throw unexpected("the second half of a pair") }
        let second = try fourDigits()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw unexpected("the second half of a pair") }
        return scalar
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        guard bytes.count - position >= 4,
            bytes[position..<position + 4].allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
            let value = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw unexpected("four hexadecimal digits") }
        position += 4
        return value
    }
}
