package import Quantization
package import VisionTransformers

/// How one unit is calibrated.
package struct CalibrationSettings: Equatable, Sendable {
    /// Which levels attention maps get.
    package enum Attention: Equatable, Sendable {
        /// Powers of √2 and zero.
        case logSqrt2
        /// Equal steps.
        case uniform
        /// Powers of a searched base and zero.
        case searchedLog
        /// Whichever of these changes the unit's output less.
        case outputError
    }

    /// Which levels inputs behind GELU get.
    package enum Activation: Equatable, Sendable {
        /// Equal steps.
        case uniform
        /// Powers of a searched base above GELU's least value.
        case shiftedLog
        /// Whichever of the two changes the unit's output less.
        case outputError
    }

    /// The bits of each linear layer's weight: 2 through 8, or 16 for full precision.
    package var weightBits: [Int]
    /// The bits of each activation site: 2 through 8, or 16 for full precision.
    package var activationBits: [Int]
    /// Whether scale reparameterisation is applied to inputs behind a LayerNorm.
    package var reparameterizes: Bool
    /// How ranges are searched.
    package var search = RangeSearch.meanSquaredError
    /// Which levels attention maps get.
    package var attention = Attention.outputError
    /// Which levels inputs behind GELU get.
    package var activation = Activation.uniform
    /// How weights are brought onto their codes.
    package var solver = WeightSolver.nearest
    /// The damping of closed-form solutions, as a share of the mean of the inputs' variances.
    package var damping = 0.01
    /// How far closed-form solutions weigh tokens by their importance: 0 all alike, 1 by nothing else.
    package var tokenImportance = 0.0
    /// Whether the importance of tokens is asked for.
    package var weighsTokens: Bool { tokenImportance > 0 && solver != .nearest }
    /// How many images ranges are searched on at most.
    package var images = 128
    /// How many rows closed-form solutions see for each of a layer's inputs, if there are as many.
    package var fittedRowsPerInput = 32

    /// Makes settings.
    package init(weightBits: [Int], activationBits: [Int], reparameterizes: Bool) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.reparameterizes = reparameterizes
    }

    /// On how many of the images that there are a unit's ranges are searched: more where an image has few rows, fewer
    /// where its activations are large.
    package func searchedImages(of unit: any ModelUnit, among available: Int) -> Int {
        let perImage = unit.tapeShapes.reduce(0) { $0 + $1.count }
        // Half a gigabyte of activations is enough for any range.
        return min(
            available, max(images, 4096 / max(1, unit.output.rows)), max(8, (1 << 27) / max(1, perImage)))
    }

    /// On how many of the images that there are closed-form solutions for a unit's weights are fitted.
    package func fittedImages(of unit: any ModelUnit, among available: Int) -> Int {
        unit.linears.reduce(0) { most, linear in
            let rows = max(1, unit.tapeShapes[linear.inputSlot].rows)
            return min(available, max(most, (fittedRowsPerInput * linear.inputs + rows - 1) / rows))
        }
    }
}
