internal import Kernels
package import TensorCore
package import Vocabulary

/// Finds the quantizer of an attention map, one group for each head or one for all.
package struct AttentionCalibration: Equatable, Sendable {
    /// The levels of one quantizer.
    package enum Levels: CaseIterable, Hashable, Sendable {
        /// Powers of √2 and zero.
        case logSqrt2
        /// Equal steps from zero up.
        case uniform
        /// Powers of a searched base and zero.
        case searchedLog
    }

    /// The width of a code.
    package var bits: BitWidth
    /// Which levels the map gets.
    package var levels: Levels
    /// How the largest value is searched.
    package var search: RangeSearch
    /// The number of values of a head that are sampled; see `UniformCalibration`.
    package var sampleLimit: Int

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - bits: The width of a code.
    ///   - levels: Which levels the map gets.
    ///   - search: How the largest value is searched.
    ///   - sampleLimit: The number of values of a head that are sampled.
    package init(
        bits: BitWidth, levels: Levels, search: RangeSearch = .squaredError,
        sampleLimit: Int = 1 << 18
    ) {
        precondition(sampleLimit >= 1, "a sample of \(sampleLimit) values shows nothing")
        self.bits = bits
        self.levels = levels
        self.search = search
        self.sampleLimit = sampleLimit
    }

    /// Calibrates a quantizer; 0 is one of its levels.
    ///
    /// - Parameters:
    ///   - map: `[images · heads · tokens, tokens]` rows of a softmax, in that order.
    ///   - heads: The number of heads, or 1 for one group of all.
    ///   - tokens: The rows that a head has in an image.
    ///   - pool: Searches heads in parallel; the result does not depend on its number of threads.
    /// - Returns: A quantizer of those levels with groups `.rows(perGroup: tokens)`.
    /// - Throws: `QuantizationError.noValues`, `.nonFiniteValues`, `.groupsDoNotFit`.
    package func quantizer(
        of map: Matrix, heads: Int, tokens: Int, pool: WorkerPool
    ) throws(QuantizationError) -> SiteQuantizer {
        let groupSearch = GroupSearch(
            values: map, groups: .rows(perGroup: tokens), count: heads, sampleLimit: sampleLimit)
        switch levels {
        case .logSqrt2:
            let fits = try fits(groupSearch, logarithmic: true, pool: pool)
            return .logSqrt2(
                try LogSqrt2Quantizer(bits: bits, deltas: fits.map(\.scale), groups: groupSearch.groups))
        case .uniform:
            let fits = try fits(groupSearch, logarithmic: false, pool: pool)
            return .uniform(
                try UniformQuantizer(
                    bits: bits, scales: fits.map(\.scale), zeroPoints: fits.map { _ in 0 },
                    groups: groupSearch.groups))
        case .searchedLog:
            return .searchedLog(
                try SearchedLogCalibration(
                    bits: bits, isShifted: false, search: search, sampleLimit: sampleLimit
                ).quantizer(of: map, groups: groupSearch.groups, groupCount: heads, pool: pool))
        }
    }

    private func fits(
        _ groupSearch: GroupSearch, logarithmic: Bool, pool: WorkerPool
    ) throws(QuantizationError) -> [GroupFit] {
        try groupSearch.run(pool: pool) { sample in
            var top = TopSearch(sample, bits: bits, logarithmic: logarithmic)
            top.tryPercentiles(RangeSearch.activationPercentiles)
            if search.minimizesError {
                top.minimizeError()
            }
            return top.fit
        }
    }
}

extension AttentionLevels {
    /// The levels that calibration tries; the unit's output decides between several.
    package var candidates: [AttentionCalibration.Levels] {
        switch self {
        case .logSqrt2: [.logSqrt2]
        case .uniform: [.uniform]
        case .searchedLog: [.searchedLog]
        case .outputError: AttentionCalibration.Levels.allCases
        }
    }
}

/// The search for the largest value of one head's levels.
private struct TopSearch {
    private let sample: ValueSample
    private let maximumCode: Float
    private let logarithmic: Bool
    private var table: LevelTable
    private var best: Double
    private(set) var fit = GroupFit(scale: 1, zeroPoint: 0, error: .infinity)

    /// Starts with the largest value.
    init(_ sample: ValueSample, bits: BitWidth, logarithmic: Bool) {
        self.sample = sample
        self.logarithmic = logarithmic
        maximumCode = Float(bits.maximumCode)
        table = LevelTable(bits: bits)
        best = Double(sample.extremes.upperBound)
        // A head without a positive value is represented by zeros, whatever the largest level is.
        if !consider(best) {
            consider(1)
        }
    }

    mutating func tryPercentiles(_ percentiles: [Double]) {
        for share in percentiles {
            consider(sample.quantile(share))
        }
    }

    /// Tries values down to a fiftieth of the largest, and a little above it, then steps from the best.
    mutating func minimizeError() {
        var top = Double(sample.extremes.upperBound) * 1.2
        for _ in 0..<140 {
            consider(top)
            top *= 0.97
        }
        var factor = 1.02
        while factor > 1.001 {
            let start = best
            if !consider(start * factor), !consider(start / factor) {
                factor = 1 + (factor - 1) / 2
            }
        }
    }

    /// Tries one largest value.
    ///
    /// - Returns: Whether it is better than all before by more than rounding explains.
    @discardableResult
    private mutating func consider(_ top: Double) -> Bool {
        guard top >= 1e-30 else { return false }
        let scale = logarithmic ? Float(top) : Float(top) / maximumCode
        if logarithmic {
            table.setLogSqrt2(delta: scale)
        } else {
            table.setUniform(scale: scale, zeroPoint: 0)
        }
        let error = sample.error(of: table)
        guard error < fit.error * (1 - 1e-9) || fit.error == .infinity else { return false }
        fit = GroupFit(scale: scale, zeroPoint: 0, error: error)
        best = top
        return true
    }
}
