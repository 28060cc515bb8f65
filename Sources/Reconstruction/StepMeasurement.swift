internal import Glibc

/// One value for each supervision term; nil where the term is off.
package struct Terms: Equatable, Sendable {
    /// The block term.
    package var block: Double?
    /// The global term.
    package var global: Double?
    /// The local terms' mean.
    package var local: Double?

    /// Makes values.
    package init(block: Double? = nil, global: Double? = nil, local: Double? = nil) {
        self.block = block
        self.global = global
        self.local = local
    }
}

/// The cosines of the angles between terms' gradients on the unit's weights, −1 through 1; nil where one is off
/// or has no length.
package struct GradientCosines: Equatable, Sendable {
    /// Between the block and the global term.
    package var blockGlobal: Double?
    /// Between the block and the local terms.
    package var blockLocal: Double?
    /// Between the global and the local terms.
    package var globalLocal: Double?

    /// Makes values.
    package init(blockGlobal: Double? = nil, blockLocal: Double? = nil, globalLocal: Double? = nil) {
        self.blockGlobal = blockGlobal
        self.blockLocal = blockLocal
        self.globalLocal = globalLocal
    }
}

/// How far one operator's output is from full precision.
package struct OperatorLoss: Equatable, Sendable {
    /// The operator's name, such as `qkv`.
    package let name: String
    /// Its distance, before the mean over operators.
    package let loss: Double
}

/// What one step measured.
package struct StepMeasurement: Equatable, Sendable {
    /// The step, from 1.
    package var step: Int
    /// The fused loss, AdaRound's regulariser included.
    package var loss: Double
    /// Every term as measured.
    package var terms: Terms
    /// Every term as it enters the loss.
    package var weighted: Terms
    /// The norm of each weighted term's gradient on the unit's weights; nil except at probed steps.
    package var gradientNorms: Terms?
    /// The cosines between these gradients; nil except at probed steps.
    package var gradientCosines: GradientCosines?
    /// The local terms one by one; nil except at probed steps, and where they are off.
    package var operatorLosses: [OperatorLoss]?
    /// The fused loss over the images that were kept from learning; nil except where it was just judged.
    package var validationLoss: Double?
}

/// From 1 down to 0 in half a period.
func halfCosine(at progress: Double) -> Double { 0.5 * (1 + cos(Double.pi * progress)) }
