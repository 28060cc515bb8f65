/// A random generator whose sequence follows from its seed alone, on every machine.
///
/// Source: SplitMix64 (Steele, Lea, Flood, 2014).
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Makes a generator.
    ///
    /// - Parameters:
    ///   - seed: The run's seed.
    ///   - stream: The purpose of the numbers; different streams of one seed are independent.
    package init(seed: UInt64, stream: String = "") {
        state = seed
        for byte in stream.utf8 {
            state = (state ^ UInt64(byte)) &* 0x100_0000_01B3
            _ = next()
        }
        _ = next()
    }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The next number in 0 ..< 1, in steps of 2⁻²⁴.
    package mutating func uniform() -> Float {
        Float(next() >> 40) * 0x1p-24
    }

    /// The next number in `0 ..< bound`.
    package mutating func index(below bound: Int) -> Int {
        precondition(bound > 0, "no index below \(bound)")
        return Int(((next() >> 32) &* UInt64(bound)) >> 32)
    }

    /// The numbers `0 ..< count` in random order.
    package mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for position in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(position, index(below: position + 1))
        }
        return order
    }
}
