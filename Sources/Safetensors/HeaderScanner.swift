/// Reads the pieces of JSON that a header consists of, from untrusted bytes.
///
/// It looks at no byte outside `position ..< end`, never recurses deeper than `maximumDepth`, and takes
/// time proportional to the bytes it passes.
struct HeaderScanner {
    /// How deep values that the format does not know may nest before the header is refused.
    static let maximumDepth = 32

    /// The accepted form of an extent or an offset.
    private static let accepted = "a whole number from 0 to \(Int.max) in plain digits"

    /// The path, for errors.
    let file: String
    /// Where the header ends.
    let end: Int
    /// The next byte to look at.
    var position: Int
    /// The tensor whose entry is being read, for errors.
    var tensor: String?

    /// An error at `byte`, or at the scanner's position.
    func failure(_ code: SafetensorsError.Code, _ detail: String, at byte: Int? = nil) -> SafetensorsError {
        SafetensorsError(code, file: file, tensor: tensor, byte: byte ?? position, detail: detail)
    }

    private func unexpected(_ bytes: Span<UInt8>, _ wanted: String) -> SafetensorsError {
        guard position < end else {
            return failure(.malformedHeader, "the header ends where it should have \(wanted)")
        }
        let byte = bytes[position]
        let found =
            byte > 0x20 && byte < 0x7F
            ? "'\(Character(Unicode.Scalar(byte)))'" : "the byte 0x\(String(byte, radix: 16))"
        return failure(.malformedHeader, "the header has \(found) where it should have \(wanted)")
    }

    /// Moves to the next byte that is not white space and returns it; nil at the end of the header.
    mutating func peek(_ bytes: Span<UInt8>) -> UInt8? {
        while position < end {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case let byte: return byte
            }
        }
        return nil
    }

    /// Passes one character, which must come next but for white space.
    mutating func expect(_ scalar: Unicode.Scalar, _ bytes: Span<UInt8>, or wanted: String? = nil)
        throws(SafetensorsError)
    {
        guard peek(bytes) == UInt8(ascii: scalar) else { throw unexpected(bytes, wanted ?? "'\(scalar)'") }
        position += 1
    }

    /// Skips the next comma or closing bracket, and returns whether it was the bracket.
    ///
    /// - Parameters:
    ///   - close: The bracket that ends the list.
    ///   - bytes: The file.
    ///   - isFirst: Whether no element came yet, so that a comma is not expected; false afterwards.
    /// - Returns: Whether the list is over.
    /// - Throws: `SafetensorsError` if neither comes next.
    mutating func ends(with close: Unicode.Scalar, _ bytes: Span<UInt8>, isFirst: inout Bool)
        throws(SafetensorsError) -> Bool
    {
        let next = peek(bytes)
        if next == UInt8(ascii: close) {
            position += 1
            return true
        }
        if isFirst {
            isFirst = false
            return false
        }
        guard next == UInt8(ascii: ",") else { throw unexpected(bytes, "',' or '\(close)'") }
        position += 1
        return false
    }

    /// The next key of an object whose opening brace has been passed; nil once its closing brace has.
    mutating func key(_ bytes: Span<UInt8>, isFirst: inout Bool) throws(SafetensorsError) -> String? {
        guard try !ends(with: "}", bytes, isFirst: &isFirst) else { return nil }
        let key = try string(bytes)
        try expect(":", bytes)
        return key
    }

    /// Passes a string and returns it.
    mutating func string(_ bytes: Span<UInt8>) throws(SafetensorsError) -> String {
        try expect("\"", bytes, or: "a string")
        let start = position
        var decoded: [UInt8]?
        while position < end {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                if let decoded { return try text(decoded.span, from: start) }
                return try text(bytes.extracting(start..<position - 1), from: start)
            case UInt8(ascii: "\\"):
                if decoded == nil {
                    var prefix: [UInt8] = []
                    for index in start..<position { prefix.append(bytes[index]) }
                    decoded = prefix
                }
                decoded?.append(contentsOf: try escape(bytes))
            case 0..<0x20:
                throw unexpected(bytes, "an escape, since strings may not contain control characters")
            default:
                decoded?.append(byte)
                position += 1
            }
        }
        throw failure(.malformedHeader, "the string that starts here has no end", at: start - 1)
    }

    private func text(_ utf8: Span<UInt8>, from start: Int) throws(SafetensorsError) -> String {
        do {
            return String(copying: try UTF8Span(validating: utf8))
        } catch {
            throw failure(.malformedHeader, "the string that starts here is not valid UTF-8", at: start)
        }
    }

    /// Passes a backslash with what belongs to it and returns the UTF-8 that it stands for.
    private mutating func escape(_ bytes: Span<UInt8>) throws(SafetensorsError) -> [UInt8] {
        let start = position
        position += 1
        guard position < end else { throw unexpected(bytes, "the rest of an escape") }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "u"): break
        default: throw failure(.malformedHeader, "the string has an unknown escape", at: start)
        }
        var code = try hexadecimal(bytes)
        if code & 0xFC00 == 0xD800, position + 1 < end, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try hexadecimal(bytes)
            guard low & 0xFC00 == 0xDC00 else {
                throw failure(.malformedHeader, "the string has half a surrogate pair", at: start)
            }
            code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw failure(.malformedHeader, "the string has half a surrogate pair", at: start)
        }
        return Array(Character(scalar).utf8)
    }

    private mutating func hexadecimal(_ bytes: Span<UInt8>) throws(SafetensorsError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard position < end, let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
                throw unexpected(bytes, "a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Passes a number that must be a whole one from 0 to 2⁶³ − 1 and returns it.
    ///
    /// - Parameters:
    ///   - bytes: The file.
    ///   - code: The error for a number outside that range.
    /// - Returns: The number.
    /// - Throws: `SafetensorsError` with `code` for another number, `malformedHeader` for anything else.
    mutating func count(_ bytes: Span<UInt8>, orElse code: SafetensorsError.Code) throws(SafetensorsError)
        -> Int
    {
        guard let first = peek(bytes) else { throw unexpected(bytes, Self.accepted) }
        let start = position
        guard first != UInt8(ascii: "-") else {
            throw failure(code, "a negative number stands where only \(Self.accepted) can", at: start)
        }
        var value = 0
        while position < end, case let digit = bytes[position], digit >= 0x30, digit <= 0x39 {
            let (tens, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = tens.addingReportingOverflow(Int(digit - 0x30))
            guard !overflowed, !carried else {
                throw failure(code, "a number is too large; it must be \(Self.accepted)", at: start)
            }
            value = sum
            position += 1
        }
        guard position > start else { throw unexpected(bytes, Self.accepted) }
        guard position - start == 1 || first != 0x30 else {
            throw failure(.malformedHeader, "a number starts with 0; it must be \(Self.accepted)", at: start)
        }
        if position < end, bytes[position] == UInt8(ascii: ".") || bytes[position] | 0x20 == UInt8(ascii: "e")
        {
            throw failure(
                code, "a number has a fraction or an exponent; it must be \(Self.accepted)", at: start)
        }
        return value
    }
}
