package import Kernels
package import TensorCore
package import Vocabulary

/// Finds the scales and zero points of a uniform quantizer from values.
///
/// Every group is searched apart, and the parameters with the least mean squared error win. The full
/// range is always among the candidates. The error is measured on all values of a group, or, if there
/// are more than `sampleLimit`, on a sample that is the same every time; the full range and the check
/// for values that are not finite always see all.
package struct UniformCalibration: Equatable, Sendable {
    /// The width of a code.
    package var bits: BitWidth
    /// How the range is searched.
    package var search: RangeSearch
    /// The percentiles that are tried, as shares; the lower bound is at 1 − share.
    package var percentiles: [Double]
    /// Whether the zero point is the middle code, 2ᵇ⁻¹; all codes are used.
    package var isSymmetric = false
    /// The number of values of a group that are sampled.
    package var sampleLimit = 1 << 18

    /// A search for activations, with the percentiles of RepQ-ViT (arXiv 2212.08254).
    package static func activations(
        bits: BitWidth, search: RangeSearch = .squaredError
    ) -> UniformCalibration {
        UniformCalibration(bits: bits, search: search, percentiles: RangeSearch.activationPercentiles)
    }

    /// A search for weights, with the tighter percentiles of I&S-ViT (arXiv 2311.10126) as well.
    package static func weights(
        bits: BitWidth, search: RangeSearch = .squaredError, isSymmetric: Bool = false
    ) -> UniformCalibration {
        var calibration = UniformCalibration(
            bits: bits, search: search,
            percentiles: [
                0.97, 0.98, 0.99, 0.995, 0.999, 0.9995, 0.9997, 0.9999, 0.99995, 0.99999,
            ])
        calibration.isSymmetric = isSymmetric
        return calibration
    }

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - bits: The width of a code.
    ///   - search: How the range is searched.
    ///   - percentiles: Shares above 0.5, at most 1.
    ///   - sampleLimit: The number of values of a group that are sampled.
    package init(
        bits: BitWidth, search: RangeSearch, percentiles: [Double], sampleLimit: Int = 1 << 18
    ) {
        precondition(
            percentiles.allSatisfy { $0 > 0.5 && $0 <= 1 }, "\(percentiles) are not all shares above 0.5")
        precondition(sampleLimit >= 1, "a sample of \(sampleLimit) values shows nothing")
        self.bits = bits
        self.search = search
        self.percentiles = percentiles
        self.sampleLimit = sampleLimit
    }

    /// Calibrates a quantizer.
    ///
    /// Groups whose values are all the same are represented exactly.
    ///
    /// - Parameters:
    ///   - values: `[rows, columns]`, for example activations over images and tokens.
    ///   - groups: Which elements share a scale.
    ///   - groupCount: The number of groups.
    ///   - importance: `[columns]`, how much a squared error in each column counts; nil means equally.
    ///   - pool: Searches groups in parallel; the result does not depend on its number of threads.
    /// - Returns: The quantizer with the least error.
    /// - Throws: `QuantizationError.noValues`, `.nonFiniteValues`, `.groupsDoNotFit`, `.channelCounts`,
    ///   `.invalidImportance`.
    package func quantizer(
        of values: Matrix, groups: QuantizationGroups, groupCount: Int, importance: [Float]? = nil,
        pool: WorkerPool
    ) throws(QuantizationError) -> UniformQuantizer {
        let groupSearch = GroupSearch(
            values: values, groups: groups, count: groupCount, sampleLimit: sampleLimit,
            importance: importance)
        let fits = try groupSearch.run(pool: pool) { sample in
            var range = UniformRangeSearch(sample, bits: bits, isSymmetric: isSymmetric)
            guard range.fit.error > 0 else { return range.fit }
            range.tryPercentiles(percentiles)
            if search.minimizesError {
                range.minimizeError()
            }
            return range.fit
        }
        return try UniformQuantizer(
            bits: bits, scales: fits.map(\.scale), zeroPoints: fits.map(\.zeroPoint), groups: groups)
    }

    /// Calibrates the quantizer of a linear layer's weight, one scale per output channel.
    ///
    /// With the mean squares of the layer's inputs as importance, the search minimises
    /// `Σₖ E[xₖ²] · (w − ŵ)²`: the error of the layer's output, but for the inputs' correlations.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - importance: `[in]`, the mean squares of the layer's inputs; nil means equal ones.
    ///   - pool: Searches groups in parallel; the result does not depend on its number of threads.
    /// - Returns: The quantizer with the least error.
    /// - Throws: As `quantizer(of:groups:groupCount:importance:pool:)`.
    package func weightQuantizer(
        of weight: Matrix, importance: [Float]? = nil, pool: WorkerPool
    ) throws(QuantizationError) -> UniformQuantizer {
        try quantizer(
            of: weight, groups: .rows(perGroup: 1), groupCount: weight.rows, importance: importance,
            pool: pool)
    }
}
