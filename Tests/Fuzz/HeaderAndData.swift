import TensorCore

/// A safetensors file in parts: the JSON of its header and the data.
struct HeaderAndData {
    var header: [UInt8]
    var data: [UInt8]
    /// The header's length in the file, if it is not the true one.
    var announced: UInt64?

    /// Takes a file apart; nil where it is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count > 16, bytes[8] == UInt8(ascii: "{") else { return nil }
        let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
        guard length <= UInt64(bytes.count - 8) else { return nil }
        header = Array(bytes[8..<8 + Int(length)])
        data = Array(bytes[(8 + Int(length))...])
    }

    /// The file put together again.
    var bytes: [UInt8] {
        let length = announced ?? UInt64(header.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) } + header + data
    }

    /// The places of strings, quotation marks left out, and of whole numbers.
    fileprivate var tokens: (strings: [Range<Int>], numbers: [Range<Int>]) {
        var (strings, numbers): ([Range<Int>], [Range<Int>]) = ([], [])
        var place = 0
        while place < header.count {
            let start = place
            switch header[place] {
            case UInt8(ascii: "\""):
                place += 1
                while place < header.count, header[place] != UInt8(ascii: "\"") {
                    place += header[place] == UInt8(ascii: "\\") ? 2 : 1
                }
                if place < header.count { strings.append(start + 1..<place) }
                place += 1
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                while place < header.count, (0x30...0x39).contains(header[place]) { place += 1 }
                numbers.append(start..<place)
            default: place += 1
            }
        }
        return (strings, numbers)
    }
}

extension Mutator {
    private static let types = [
        "F32", "F16", "BF16", "F64", "I32", "I64", "U8", "BOOL", "F8_E4M3", "F4", "C64", "F33",
    ]
    private static let values = [
        "null", "true", "-1.5e+3", "\"\\ud83d\\ude00\"", "[[], {}]", "{\"a\": [0, {}]}", "01",
    ]

    /// Changes the data, or one thing in the header.
    mutating func change(_ file: inout HeaderAndData) {
        let tokens = file.tokens
        func replace(_ range: Range<Int>, by text: String) {
            file.header.replaceSubrange(range, with: Array(text.utf8))
        }
        switch generator.index(below: 12) {
        case 0...2: changeContent(of: &file.data)
        case 3:
            if let number = any(of: tokens.numbers) {
                let old = UInt64(String(decoding: file.header[number], as: UTF8.self)) ?? 0
                let near = [old &+ 1, old &- 1, old &* 2, old / 2]
                replace(number, by: "\(any(of: near + Self.telling) ?? 0)")
            }
        case 4:
            if let one = any(of: tokens.numbers), let other = any(of: tokens.numbers) {
                replace(one, by: String(decoding: file.header[other], as: UTF8.self))
            }
        case 5:
            let found = tokens.strings.filter {
                Self.types.contains(String(decoding: file.header[$0], as: UTF8.self))
            }
            if let type = any(of: found) { replace(type, by: any(of: Self.types) ?? "F32") }
        case 6:
            if let one = any(of: tokens.strings), let other = any(of: tokens.strings) {
                replace(one, by: String(decoding: file.header[other], as: UTF8.self))
            }
        case 7:
            // A letter as an escape means the same.
            if let place = any(of: tokens.strings.filter { !$0.isEmpty }).map(\.lowerBound),
                file.header[place] < 0x80, file.header[place] != UInt8(ascii: "\\")
            {
                let digits = String(file.header[place], radix: 16)
                replace(
                    place..<place + 1, by: "\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            }
        case 8:
            // A field that readers do not know is passed over.
            let braces = file.header.indices.dropFirst().filter { file.header[$0] == UInt8(ascii: "{") }
            if let brace = any(of: braces) {
                replace(brace + 1..<brace + 1, by: "\"later\":\(any(of: Self.values) ?? "0"),")
            }
        case 9:
            let marks = file.header.indices.filter { [0x2C, 0x3A, 0x5B, 0x7B].contains(file.header[$0]) }
            if let mark = any(of: marks) {
                replace(mark + 1..<mark + 1, by: any(of: [" ", "\n\t", "\u{B}"]) ?? "")
            }
        case 10:
            if let start = any(of: tokens.strings)?.lowerBound, let end = any(of: tokens.strings)?.upperBound,
                start < end
            {
                file.header.removeSubrange(start..<min(end, start + 64))
            }
        default: file.announced = any(of: Self.telling)
        }
    }
}
