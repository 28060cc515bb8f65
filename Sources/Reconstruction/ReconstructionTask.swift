package import Quantization
package import TensorCore
package import VisionTransformers

/// What a reconstruction of one unit starts from: the unit, its calibrated state, and the caches of all
/// calibration images.
package struct ReconstructionTask: Sendable {
    /// The unit.
    package let unit: any ModelUnit
    /// Its calibrated state.
    package let state: QuantizedUnit
    /// Its full-precision parameters.
    package let fullPrecision: PreparedUnit
    /// `[images · rows, columns]`: its input behind the quantized prefix.
    package let prefixInput: Matrix
    /// `[images · rows, columns]`: its input in full precision.
    package let fullPrecisionInput: Matrix
    /// `[images · rows, columns]`: its output in full precision.
    package let target: Matrix
    /// The units behind it, in full precision with backward products; empty for the head.
    package let suffix: [PreparedUnit]
    /// `[images, classes]`: the full-precision model's logits.
    package let logits: Matrix
    /// `[images, width]`: the full-precision model's features before the classifier.
    package let features: Matrix
    /// How many of the images are no views of others: they come first, and all of them have as many views.
    package let originals: Int

    /// Makes a task.
    package init(
        unit: any ModelUnit, state: QuantizedUnit, fullPrecision: PreparedUnit, prefixInput: Matrix,
        fullPrecisionInput: Matrix, target: Matrix, suffix: [PreparedUnit], logits: Matrix, features: Matrix,
        originals: Int
    ) {
        self.unit = unit
        self.state = state
        self.fullPrecision = fullPrecision
        self.prefixInput = prefixInput
        self.fullPrecisionInput = fullPrecisionInput
        self.target = target
        self.suffix = suffix
        self.logits = logits
        self.features = features
        self.originals = originals
    }

    /// The number of calibration images.
    package var images: Int { logits.rows }

    /// Whether the unit gives the logits itself; its block term is then their divergence.
    package var isHead: Bool { suffix.isEmpty }
}
