import TensorCore

extension Mutator {
    private static let words = [
        "null", "true", "~", "-1", "1e999", "9223372036854775808", "0.1e-400", "\"\\ud800\"", "[]", "{}",
        "&a", "*a",
        "<<", "!!binary", "|", "- ", "---", "#", "'", "\"", "\u{202E}", "\u{0}", "\u{1B}[2J", "nan", "../..",
    ]

    /// Changes one thing in a text of words, numbers and brackets, such as JSON or YAML.
    mutating func change(text bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        switch generator.index(below: 9) {
        case 0, 1:
            if let one = word(in: bytes), let other = word(in: bytes) {
                bytes.replaceSubrange(one, with: Array(bytes[other]))
            }
        case 2, 3:
            if let one = word(in: bytes) {
                bytes.replaceSubrange(one, with: Array((any(of: Self.words) ?? "").utf8))
            }
        case 4:
            if let one = line(in: bytes), let other = line(in: bytes) {
                bytes.insert(contentsOf: Array(bytes[one]), at: other.lowerBound)
            }
        case 5: if let one = line(in: bytes) { bytes.removeSubrange(one) }
        case 6:
            let bracket = any(of: Array("[{(<".utf8)) ?? 0
            let count = any(of: [1, 2, 40, 5000]) ?? 1
            bytes.insert(
                contentsOf: Array(repeating: bracket, count: count), at: generator.index(below: bytes.count))
        case 7:
            if let one = word(in: bytes) {
                bytes.replaceSubrange(one, with: Array("\(any(of: Self.telling) ?? 0)".utf8))
            }
        default: changeContent(of: &bytes)
        }
    }

    /// The place of one run of letters and digits.
    private mutating func word(in bytes: [UInt8]) -> Range<Int>? {
        func isPart(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF) || byte == 0x5F
                || byte == 0x2E
        }
        var start = generator.index(below: bytes.count)
        while start < bytes.count, !isPart(bytes[start]) { start += 1 }
        while start > 0, start < bytes.count, isPart(bytes[start - 1]) { start -= 1 }
        var end = start
        while end < bytes.count, isPart(bytes[end]) { end += 1 }
        return start < end ? start..<end : nil
    }

    /// The place of one line, with its end.
    private mutating func line(in bytes: [UInt8]) -> Range<Int>? {
        let place = generator.index(below: bytes.count)
        let start = bytes[..<place].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let end = bytes[place...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
        return start < end ? start..<end : nil
    }
}
