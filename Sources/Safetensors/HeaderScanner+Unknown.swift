extension HeaderScanner {
    /// Passes any JSON value that the format does not know, for files of later writers.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - depth: How many values enclose this one.
    /// - Throws: `SafetensorsError` if this is not a JSON value or nests too deep.
    mutating func skipValue(_ bytes: Span<UInt8>, depth: Int = 0) throws(SafetensorsError) {
        guard depth < Self.maximumDepth else {
            throw failure(
                .malformedHeader, "values nest deeper than \(Self.maximumDepth) levels, which no header needs"
            )
        }
        var isFirst = true
        switch peek(bytes) {
        case UInt8(ascii: "{"):
            position += 1
            while try key(bytes, isFirst: &isFirst) != nil {
                try skipValue(bytes, depth: depth + 1)
            }
        case UInt8(ascii: "["):
            position += 1
            while try !ends(with: "]", bytes, isFirst: &isFirst) {
                try skipValue(bytes, depth: depth + 1)
            }
        case UInt8(ascii: "\""): _ = try string(bytes)
        case UInt8(ascii: "t"): try skipWord("true", bytes)
        case UInt8(ascii: "f"): try skipWord("false", bytes)
        case UInt8(ascii: "n"): try skipWord("null", bytes)
        default: try skipNumber(bytes)
        }
    }

    private mutating func skipWord(_ word: StaticString, _ bytes: Span<UInt8>) throws(SafetensorsError) {
        let start = position
        for character in word.description.utf8 {
            guard position < end, bytes[position] == character else {
                throw failure(.malformedHeader, "this is neither true, false nor null", at: start)
            }
            position += 1
        }
    }

    private mutating func skipNumber(_ bytes: Span<UInt8>) throws(SafetensorsError) {
        let start = position
        if position < end, bytes[position] == UInt8(ascii: "-") { position += 1 }
        let whole = skipDigits(bytes)
        var isNumber = whole == 1 || (whole > 1 && bytes[position - whole] != 0x30)
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            isNumber = skipDigits(bytes) > 0 && isNumber
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            isNumber = skipDigits(bytes) > 0 && isNumber
        }
        guard isNumber else { throw failure(.malformedHeader, "no JSON value starts here", at: start) }
    }

    private mutating func skipDigits(_ bytes: Span<UInt8>) -> Int {
        let start = position
        while position < end, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        return position - start
    }
}
