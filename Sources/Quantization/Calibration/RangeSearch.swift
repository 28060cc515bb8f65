internal import Vocabulary

extension RangeSearch {
    /// The shares of an activation's values that ranges are tried for.
    static let activationPercentiles = [0.999, 0.9999, 0.99999]

    /// Whether more is tried than percentiles.
    var minimizesError: Bool { self != .percentile }
}

/// The search for one group's range: which scale and zero point err least.
struct UniformRangeSearch {
    /// How often the bounds are moved at most; usually about ten moves are made.
    private static let largestMoves = 64

    private let sample: ValueSample
    private let maximumCode: Double
    /// Whether the zero point is the middle code.
    private let isSymmetric: Bool
    private var table: LevelTable
    private var lower: Double
    private var upper: Double
    /// The best parameters so far.
    private(set) var fit: GroupFit

    /// Starts with the full range.
    init(_ sample: ValueSample, bits: BitWidth, isSymmetric: Bool = false) {
        self.sample = sample
        self.isSymmetric = isSymmetric
        maximumCode = Double(bits.maximumCode)
        table = LevelTable(bits: bits)
        lower = Double(sample.extremes.lowerBound)
        upper = Double(sample.extremes.upperBound)
        fit = GroupFit(scale: 1, zeroPoint: 0, error: .infinity)
        guard lower < upper else {
            fit = constant(sample.extremes.lowerBound)
            return
        }
        if !consider(lower, upper) {
            // The outermost levels of the full range are beyond the largest float.
            consider(lower / 2, upper / 2)
        }
    }

    /// Tries the ranges between two percentiles.
    mutating func tryPercentiles(_ percentiles: [Double]) {
        for share in percentiles {
            consider(sample.quantile(1 - share), sample.quantile(share))
        }
    }

    /// Tries ranges that shrink towards the median, then moves the bounds of the best one.
    mutating func minimizeError() {
        let full = sample.extremes
        let median = sample.quantile(0.5)
        var factor = 1.0
        for _ in 0..<72 {
            factor *= 0.95
            consider(
                median - factor * (median - Double(full.lowerBound)),
                median + factor * (Double(full.upperBound) - median))
        }
        var step = 0.08
        for _ in 0..<Self.largestMoves where step > 0.004 {
            if !moveBounds(by: step * (upper - lower)) {
                step /= 2
            }
        }
    }

    /// Moves either bound, or both, in the first direction that helps.
    private mutating func moveBounds(by distance: Double) -> Bool {
        let (low, high) = (lower, upper)
        for (left, right) in [(1, 0), (0, -1), (1, -1), (-1, 0), (0, 1), (-1, 1), (1, 1), (-1, -1)] {
            if consider(low + Double(left) * distance, high + Double(right) * distance) {
                return true
            }
        }
        return false
    }

    /// Tries one range.
    ///
    /// - Returns: Whether it is better than all before by more than rounding explains.
    @discardableResult
    private mutating func consider(_ low: Double, _ high: Double) -> Bool {
        guard low < high else { return false }
        // A finer step than this is equal to its neighbours in floats.
        let finest = max(max(abs(low), abs(high)) * 0x1p-22, 1e-30)
        let scale = Float(max(step(from: low, to: high), finest))
        let zeroPoint = isSymmetric ? Float(middle) : Float((-low / Double(scale)).rounded())
        let top = scale * (Float(maximumCode) - zeroPoint)
        guard (scale * zeroPoint).isFinite, top.isFinite else { return false }
        table.setUniform(scale: scale, zeroPoint: zeroPoint)
        let error = sample.error(of: table)
        guard error < fit.error * (1 - 1e-9) || fit.error == .infinity else { return false }
        fit = GroupFit(scale: scale, zeroPoint: zeroPoint, error: error)
        (lower, upper) = (low, high)
        return true
    }

    /// The code in the middle, with one more below it than above.
    private var middle: Double { (maximumCode + 1) / 2 }

    /// The least step with which codes reach both bounds.
    private func step(from low: Double, to high: Double) -> Double {
        isSymmetric ? max(-low / middle, high / (maximumCode - middle)) : (high - low) / maximumCode
    }

    /// Parameters that represent a single value exactly, and 0 as well.
    private func constant(_ value: Float) -> GroupFit {
        let isZero = abs(value) < 1e-30
        let zeroPoint = isSymmetric ? Float(middle) : value < 0 && !isZero ? 1 : 0
        return GroupFit(scale: isZero ? 1e-8 : abs(value), zeroPoint: zeroPoint, error: 0)
    }
}
