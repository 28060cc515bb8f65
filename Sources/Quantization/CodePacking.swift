/// The layout of codes in files.
///
/// Codes follow one another without gaps. The code at index i takes bits `i · b ..< (i + 1) · b` of the
/// bytes, where bit k is bit `k % 8` of byte `k / 8`, counted from the least significant: little-endian
/// in bits as in bytes. A code may span two bytes. Unused bits of the last byte are 0.
package enum CodePacking {
    /// The bytes that a number of codes take.
    package static func byteCount(of count: Int, bits: BitWidth) -> Int {
        (count * bits.rawValue + 7) / 8
    }

    /// Packs codes.
    ///
    /// - Parameters:
    ///   - codes: Codes in 0 ... 2ᵇ − 1.
    ///   - bits: The width of a code.
    /// - Returns: `byteCount(of:bits:)` bytes.
    /// - Throws: `QuantizationError.codeTooLarge`.
    package static func pack(_ codes: [UInt8], bits: BitWidth) throws(QuantizationError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount(of: codes.count, bits: bits))
        var pending: UInt32 = 0
        var filled = 0
        for (index, code) in codes.enumerated() {
            guard Int(code) <= bits.maximumCode else {
                throw .codeTooLarge(code, index: index, bits: bits.rawValue)
            }
            pending |= UInt32(code) << filled
            filled += bits.rawValue
            while filled >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                filled -= 8
            }
        }
        if filled > 0 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
        }
        return bytes
    }

    /// Unpacks codes.
    ///
    /// - Parameters:
    ///   - bytes: What `pack` gave.
    ///   - count: The number of codes.
    ///   - bits: The width of a code.
    /// - Returns: `count` codes.
    /// - Throws: `QuantizationError.packedSize` if there are more or fewer bytes than the codes take.
    package static func unpack(
        _ bytes: [UInt8], count: Int, bits: BitWidth
    ) throws(QuantizationError) -> [UInt8] {
        let expected = byteCount(of: count, bits: bits)
        guard count >= 0, bytes.count == expected else {
            throw .packedSize(bytes: bytes.count, expected: expected)
        }
        var codes: [UInt8] = []
        codes.reserveCapacity(count)
        var pending: UInt32 = 0
        var available = 0
        var next = bytes.startIndex
        for _ in 0..<count {
            if available < bits.rawValue {
                pending |= UInt32(bytes[next]) << available
                next += 1
                available += 8
            }
            codes.append(UInt8(truncatingIfNeeded: pending & UInt32(bits.maximumCode)))
            pending >>= bits.rawValue
            available -= bits.rawValue
        }
        return codes
    }
}
