extension UInt64 {
    /// A float and a payload such that integers are ordered as the floats are.
    init(ordering value: Float, payload: Float) {
        let bits = value.bitPattern
        let key = bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits
        self = UInt64(key) << 32 | UInt64(payload.bitPattern)
    }

    /// The float that orders the integer.
    var orderedFloat: Float {
        let key = UInt32(truncatingIfNeeded: self >> 32)
        return Float(bitPattern: key >> 31 == 1 ? key & 0x7FFF_FFFF : ~key)
    }

    /// The float that goes along.
    var payload: Float { Float(bitPattern: UInt32(truncatingIfNeeded: self)) }
}

/// Floats in ascending order, each with its weight; NaN and infinities come first or last.
///
/// - Parameters:
///   - values: The floats.
///   - weights: As many payloads; nil means 1.
/// - Returns: Pairs as `UInt64.init(ordering:payload:)` makes them.
/// - Complexity: O(*n*): three passes over 11 bits each.
func sortedPairs(_ values: [Float], weights: [Float]?) -> [UInt64] {
    precondition(
        weights.map { $0.count == values.count } ?? true, "values and weights differ in number")
    var pairs: [UInt64] = []
    pairs.reserveCapacity(values.count)
    if let weights {
        for index in values.indices {
            pairs.append(UInt64(ordering: values[index], payload: weights[index]))
        }
    } else {
        for value in values {
            pairs.append(UInt64(ordering: value, payload: 1))
        }
    }
    guard pairs.count > 256 else { return pairs.sorted() }
    var spare = Array(repeating: UInt64(0), count: pairs.count)
    var source = pairs.mutableSpan
    var target = spare.mutableSpan
    distribute(source.span, into: &target, shift: 32)
    distribute(target.span, into: &source, shift: 43)
    distribute(source.span, into: &target, shift: 54)
    return spare
}

/// Sorts by 11 bits and keeps the order of equals.
private func distribute(
    _ source: borrowing Span<UInt64>, into target: inout MutableSpan<UInt64>, shift: UInt64
) {
    var offsets = Array(repeating: 0, count: 2048)
    var next = offsets.mutableSpan
    for index in 0..<source.count {
        next[Int(source[index] >> shift & 2047)] += 1
    }
    var total = 0
    for digit in 0..<next.count {
        let count = next[digit]
        next[digit] = total
        total += count
    }
    for index in 0..<source.count {
        let pair = source[index]
        let digit = Int(pair >> shift & 2047)
        target[next[digit]] = pair
        next[digit] += 1
    }
}
