/// The values of one group in ascending order, with running sums.
///
/// The running sums make the error of any set of levels a matter of finding where each level's values
/// begin: O(levels · log n) for a candidate instead of O(n).
struct ValueSample {
    /// The weight, first and second moment of the values before an index.
    private struct Sums {
        var weight = 0.0
        var first = 0.0
        var second = 0.0
    }

    /// The values, ascending.
    let values: [Float]
    /// The smallest and the largest value of the whole group, sampled or not.
    let extremes: ClosedRange<Float>
    /// One more than there are values; moments are about `center`, which keeps differences exact.
    private let sums: [Sums]
    private let center: Double

    /// Sorts values, or makes nothing if one of them is infinite or not a number.
    ///
    /// - Parameters:
    ///   - unordered: At least one value.
    ///   - weights: How much each value's error counts, not negative; nil means equally.
    ///   - extremes: The bounds of the values that these are a sample of; nil if these are all.
    init?(_ unordered: [Float], weights: [Float]?, extremes: ClosedRange<Float>?) {
        precondition(!unordered.isEmpty, "a group without values cannot be sampled")
        let pairs = sortedPairs(unordered, weights: weights)
        let values = pairs.map(\.orderedFloat)
        let (lowest, highest) = (values[0], values[values.count - 1])
        guard lowest.isFinite, highest.isFinite else { return nil }
        self.values = values
        self.extremes = extremes ?? lowest...highest
        center = Double(values[values.count / 2])
        // Where nothing counts, everything counts alike.
        let ignoresWeights = weights?.allSatisfy { $0 == 0 } ?? true
        var sums: [Sums] = []
        sums.reserveCapacity(values.count + 1)
        var running = Sums()
        sums.append(running)
        for index in values.indices {
            let weight = ignoresWeights ? 1 : Double(pairs[index].payload)
            let offset = Double(values[index]) - center
            running.weight += weight
            running.first += weight * offset
            running.second += weight * offset * offset
            sums.append(running)
        }
        self.sums = sums
    }

    /// The value below which a share, 0 through 1, of the values lies, interpolated between neighbours.
    func quantile(_ share: Double) -> Double {
        let position = share * Double(values.count - 1)
        let index = min(Int(position), values.count - 1)
        let next = min(index + 1, values.count - 1)
        let (low, high) = (Double(values[index]), Double(values[next]))
        return low + (high - low) * (position - Double(index))
    }

    /// The mean squared error if every value becomes its level.
    ///
    /// - Complexity: O(*m* log(*n* / *m*)) for *m* levels and *n* values.
    func error(of table: LevelTable) -> Double {
        let levels = table.levels.span
        let boundaries = table.boundaries.span
        let values = values.span
        let sums = sums.span
        var total = 0.0
        var start = 0
        for index in 0..<levels.count where start < values.count {
            let end =
                index < boundaries.count
                ? firstIndex(in: values, from: start, notBelow: boundaries[index]) : values.count
            guard end > start else { continue }
            let (from, to) = (sums[start], sums[end])
            let level = levels[index] - center
            let weight = to.weight - from.weight
            let part = (to.second - from.second) - level * (2 * (to.first - from.first) - level * weight)
            total += max(part, 0)
            start = end
        }
        return total / max(sums[values.count].weight, .leastNormalMagnitude)
    }
}

/// The first index from `start` on whose value is not below a bound; the number of values if there is none.
///
/// Looks ahead in doubling strides, since the next level's values are usually near.
private func firstIndex(
    in values: borrowing Span<Float>, from start: Int, notBelow bound: Float
) -> Int {
    var low = start
    var stride = 1
    while low + stride <= values.count, values[low + stride - 1] < bound {
        low += stride
        stride *= 2
    }
    var high = min(low + stride - 1, values.count)
    while low < high {
        let middle = (low + high) / 2
        if values[middle] < bound {
            low = middle + 1
        } else {
            high = middle
        }
    }
    return low
}
