package import Kernels
package import TensorCore
package import Vocabulary

/// Finds the bases and the largest values of a logarithmic quantizer, one of each per group.
///
/// The pair with the least mean squared error wins, of many bases with many largest values each, and then of steps
/// from the best.
package struct SearchedLogCalibration: Equatable, Sendable {
    /// The width of a code.
    package var bits: BitWidth
    /// Whether values are what GELU gives, which are shifted to be positive.
    package var isShifted: Bool
    /// How the largest values are searched.
    package var search: RangeSearch
    /// The number of values of a group that are sampled; see `UniformCalibration`.
    package var sampleLimit: Int

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - bits: The width of a code.
    ///   - isShifted: Whether values are what GELU gives.
    ///   - search: How the largest values are searched.
    ///   - sampleLimit: The number of values of a group that are sampled.
    package init(
        bits: BitWidth, isShifted: Bool, search: RangeSearch = .squaredError, sampleLimit: Int = 1 << 18
    ) {
        precondition(sampleLimit >= 1, "a sample of \(sampleLimit) values shows nothing")
        self.bits = bits
        self.isShifted = isShifted
        self.search = search
        self.sampleLimit = sampleLimit
    }

    /// Calibrates a quantizer.
    ///
    /// - Parameters:
    ///   - values: `[rows, columns]`.
    ///   - groups: Which elements share parameters.
    ///   - groupCount: The number of groups.
    ///   - pool: Searches groups in parallel; the result does not depend on its number of threads.
    /// - Returns: The quantizer with the least error.
    /// - Throws: `QuantizationError.noValues`, `.nonFiniteValues`, `.groupsDoNotFit`.
    package func quantizer(
        of values: Matrix, groups: QuantizationGroups, groupCount: Int, pool: WorkerPool
    ) throws(QuantizationError) -> SearchedLogQuantizer {
        let groupSearch = GroupSearch(
            values: values, groups: groups, count: groupCount, sampleLimit: sampleLimit)
        let fits = try groupSearch.run(pool: pool) { sample in
            var bases = BaseSearch(sample, bits: bits, shift: isShifted ? SearchedLogQuantizer.geluShift : 0)
            if search.minimizesError {
                bases.minimizeError()
            } else {
                bases.tryPercentiles(RangeSearch.activationPercentiles)
            }
            return bases.fit
        }
        return try SearchedLogQuantizer(
            bits: bits, deltas: fits.map(\.scale), steps: fits.map(\.zeroPoint), isShifted: isShifted,
            groups: groups)
    }
}

/// The search for one group's base and largest value.
private struct BaseSearch {
    /// Bases from 2^(1 / 37) to 2^6, each about a seventh above the one before.
    private static let steps: [Float] = [
        1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 21, 24, 27, 31, 35, 40, 46, 53, 60, 69, 79, 90, 103, 118,
        148,
        185, 222,
    ]

    private let sample: ValueSample
    private let shift: Float
    private var table: LevelTable
    private var top: Double
    private(set) var fit = GroupFit(scale: 1, zeroPoint: 37, error: .infinity)

    /// Starts with the largest value and every base.
    init(_ sample: ValueSample, bits: BitWidth, shift: Float) {
        self.sample = sample
        self.shift = shift
        table = LevelTable(bits: bits)
        top = Double(sample.extremes.upperBound) + Double(shift)
        // Without a positive value all codes are zeros, whatever the largest level is.
        if top < 1e-30 {
            consider(1, step: 37)
        } else {
            for step in Self.steps { consider(top, step: step) }
        }
    }

    mutating func tryPercentiles(_ percentiles: [Double]) {
        for share in percentiles {
            let top = sample.quantile(share) + Double(shift)
            for step in Self.steps { consider(top, step: step) }
        }
    }

    /// Tries every base with largest values down to a thirtieth, then steps from the best.
    mutating func minimizeError() {
        let largest = Double(sample.extremes.upperBound) + Double(shift)
        var top = largest * 1.2
        for _ in 0..<36 {
            for step in Self.steps { consider(top, step: step) }
            top *= 0.9
        }
        var factor = 1.05
        while factor > 1.001 {
            let (start, step) = (self.top, fit.zeroPoint)
            var isBetter = false
            for move: Float in [0, 1, -1] {
                for change in [1, factor, 1 / factor] where move != 0 || change != 1 {
                    isBetter = consider(start * change, step: step + move) || isBetter
                }
            }
            if !isBetter { factor = 1 + (factor - 1) / 2 }
        }
    }

    /// Tries one largest value and one base.
    ///
    /// - Returns: Whether they are better than all before by more than rounding explains.
    @discardableResult
    private mutating func consider(_ top: Double, step: Float) -> Bool {
        guard top >= 1e-30, top < 1e30, step >= 1, step <= SearchedLogQuantizer.largestStep else {
            return false
        }
        table.setSearchedLog(delta: Float(top), step: step, shift: shift)
        let error = sample.error(of: table)
        guard error < fit.error * (1 - 1e-9) || fit.error == .infinity else { return false }
        fit = GroupFit(scale: Float(top), zeroPoint: step, error: error)
        self.top = top
        return true
    }
}
