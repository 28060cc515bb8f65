/// The width of a code, 2 through 8 bits.
package struct BitWidth: RawRepresentable, Hashable, Comparable, Sendable {
    /// The number of bits.
    package let rawValue: Int

    /// Makes a width, or nothing if it is not 2 through 8 bits.
    package init?(rawValue: Int) {
        guard (2...8).contains(rawValue) else { return nil }
        self.rawValue = rawValue
    }

    /// Makes a width.
    ///
    /// - Parameter bits: The number of bits, 2 through 8.
    /// - Throws: `QuantizationError.unsupportedBitWidth`.
    package init(_ bits: Int) throws(QuantizationError) {
        guard let width = BitWidth(rawValue: bits) else { throw .unsupportedBitWidth(bits) }
        self = width
    }

    /// The largest code, 2ᵇ − 1.
    ///
    /// Codes start at 0, so there are 2ᵇ of them.
    package var maximumCode: Int { 1 << rawValue - 1 }

    /// Every width, narrowest first.
    package static let all: [BitWidth] = (2...8).compactMap(BitWidth.init(rawValue:))

    /// Whether the left width has fewer bits.
    package static func < (left: BitWidth, right: BitWidth) -> Bool { left.rawValue < right.rawValue }
}

extension BitWidth: CustomStringConvertible {
    /// For example `4 bits`.
    package var description: String { "\(rawValue) bits" }
}
