/// Compression of pictures of screens (RFC 1951): one block with the fixed code.
///
/// What repeats is looked for at two distances only, the pixel before and the row above; screens have little else.
enum Deflate {
    /// Compresses bytes.
    ///
    /// - Parameters:
    ///   - bytes: What to compress.
    ///   - stride: The bytes of a row.
    /// - Returns: The compressed bytes.
    static func compressed(_ bytes: [UInt8], stride: Int) -> [UInt8] {
        var writer = BitWriter()
        // The last block, with the fixed code.
        writer.write(0b011, count: 3)
        let distances = [3, stride].filter { (1...32_768).contains($0) }
        var index = 0
        while index < bytes.count {
            var best = (length: 0, distance: 0)
            for distance in distances where distance <= index {
                var length = 0
                while length < 258, index + length < bytes.count,
                    bytes[index + length] == bytes[index + length - distance]
                {
                    length += 1
                }
                if length > best.length { best = (length, distance) }
            }
            if best.length >= 3 {
                writer.write(length: best.length)
                writer.write(distance: best.distance)
                index += best.length
            } else {
                writer.write(symbol: Int(bytes[index]))
                index += 1
            }
        }
        writer.write(symbol: 256)
        return writer.finished
    }
}

/// Bits in the order of deflate: the lowest of a byte first.
private struct BitWriter {
    private var bytes: [UInt8] = []
    private var pending: UInt32 = 0
    private var count = 0

    /// The bytes, the last one filled with zeros.
    var finished: [UInt8] { count > 0 ? bytes + [UInt8(truncatingIfNeeded: pending)] : bytes }

    /// Writes a number, its lowest bit first.
    mutating func write(_ value: Int, count bits: Int) {
        pending |= UInt32(truncatingIfNeeded: value) << UInt32(count)
        count += bits
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= 8
        }
    }

    /// Writes a code, its highest bit first.
    private mutating func writeCode(_ code: Int, count bits: Int) {
        for bit in (0..<bits).reversed() { write(code >> bit & 1, count: 1) }
    }

    /// Writes a literal or a length's symbol with the fixed code (RFC 1951, 3.2.6).
    mutating func write(symbol: Int) {
        switch symbol {
        case 0...143: writeCode(0b0011_0000 + symbol, count: 8)
        case 144...255: writeCode(0b1_1001_0000 + symbol - 144, count: 9)
        case 256...279: writeCode(symbol - 256, count: 7)
        default: writeCode(0b1100_0000 + symbol - 280, count: 8)
        }
    }

    /// Writes a length of 3 to 258 (RFC 1951, 3.2.5).
    mutating func write(length: Int) {
        if length == 258 { return write(symbol: 285) }
        if length < 11 { return write(symbol: 254 + length) }
        let rest = length - 3
        let extra = Int.bitWidth - 1 - rest.leadingZeroBitCount - 2
        write(symbol: 257 + 4 * extra + (rest >> extra))
        write(rest & (1 << extra - 1), count: extra)
    }

    /// Writes a distance of 1 to 32768 (RFC 1951, 3.2.5).
    mutating func write(distance: Int) {
        let rest = distance - 1
        guard rest >= 4 else { return writeCode(rest, count: 5) }
        let extra = Int.bitWidth - 1 - rest.leadingZeroBitCount - 1
        writeCode(2 * extra + (rest >> extra), count: 5)
        write(rest & (1 << extra - 1), count: extra)
    }
}
