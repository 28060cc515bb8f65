internal import Kernels
internal import Quantization
package import VisionTransformers
package import Vocabulary

/// How one unit is calibrated: its bits, and what calibration reads of its hyperparameters.
package struct CalibrationSettings: Equatable, Sendable {
    /// The bits of each linear layer's weight: 2 through 8, or 16 for full precision.
    package var weightBits: [Int]
    /// The bits of each activation site: 2 through 8, or 16 for full precision.
    package var activationBits: [Int]
    /// See `Hyperparameters.operandGroups`.
    package var operandGroups: OperandGroups
    /// See `Hyperparameters.weightSymmetry`.
    package var weightSymmetry: Bool
    /// See `Hyperparameters.reparameterize`.
    package var reparameterize: Bool
    /// See `Hyperparameters.rangeSearch`.
    package var rangeSearch: RangeSearch
    /// See `Hyperparameters.attentionLevels`.
    package var attentionLevels: AttentionLevels
    /// See `Hyperparameters.geluLevels`.
    package var geluLevels: GELULevels
    /// See `Hyperparameters.weightSolver`.
    package var weightSolver: WeightSolver
    /// See `Hyperparameters.solverDamping`.
    package var solverDamping: Double
    /// See `Hyperparameters.tokenImportance`.
    package var tokenImportance: Double
    /// Whether closed-form solutions weigh tokens by their importance.
    package var weighsTokens: Bool { tokenImportance > 0 && weightSolver != .nearest }
    /// The number of images that ranges are searched on.
    package static let images = 128
    /// The rows of a closed-form fit for each of a layer's inputs.
    package static let fittedRowsPerInput = 128

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - hyperparameters: The unit's hyperparameters; those of learning are not used.
    ///   - weightBits: The bits of each linear layer's weight.
    ///   - activationBits: The bits of each activation site.
    package init(_ hyperparameters: Hyperparameters, weightBits: [Int], activationBits: [Int]) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        operandGroups = hyperparameters.operandGroups
        weightSymmetry = hyperparameters.weightSymmetry
        reparameterize = hyperparameters.reparameterize
        rangeSearch = hyperparameters.rangeSearch
        attentionLevels = hyperparameters.attentionLevels
        geluLevels = hyperparameters.geluLevels
        weightSolver = hyperparameters.weightSolver
        solverDamping = hyperparameters.solverDamping
        tokenImportance = hyperparameters.tokenImportance
    }

    /// How a site's values share quantizers.
    func groups(of site: SiteDescriptor) -> (groups: QuantizationGroups, count: Int) {
        guard operandGroups == .tensor, let whole = site.groups(count: 1) else {
            return (site.groups, site.groupCount)
        }
        return (whole, 1)
    }

    /// The search for the ranges of a weight.
    func weightCalibration(bits: Int) throws(QuantizationError) -> UniformCalibration {
        .weights(bits: try BitWidth(bits), search: rangeSearch, isSymmetric: weightSymmetry)
    }

    /// The number of images that a unit's ranges are searched on: more where an image has few rows, fewer where its
    /// activations are large.
    package static func searchedImages(of unit: any ModelUnit, among available: Int) -> Int {
        let perImage = unit.tapeShapes.reduce(0) { $0 + $1.count }
        // Half a gigabyte of activations is enough for any range.
        return min(
            available, max(images, 4096 / max(1, unit.output.rows)), max(8, (1 << 27) / max(1, perImage)))
    }

    /// The number of images that a unit's closed-form fits use.
    package static func fittedImages(of unit: any ModelUnit, among available: Int) -> Int {
        unit.linears.reduce(0) { most, linear in
            let rows = max(1, unit.tapeShapes[linear.inputSlot].rows)
            return min(available, max(most, (fittedRowsPerInput * linear.inputs + rows - 1) / rows))
        }
    }
}
