package import Quantization
package import TensorCore
package import VisionTransformers

/// The input of a reconstruction: a unit, its calibrated state, and caches of all calibration images.
///
/// The unit learns to give `target` on `prefixInput`, the outputs of the units already quantized, although `target` was
/// computed on `fullPrecisionInput`: so it also makes up for the errors of the prefix.
package struct ReconstructionTask: Sendable {
    /// The unit.
    package let unit: any ModelUnit
    /// Its calibrated state.
    package let state: QuantizedUnit
    /// Its full-precision parameters.
    package let fullPrecision: PreparedUnit
    /// `[images · rows, columns]`: its input from the quantized prefix.
    package let prefixInput: Matrix
    /// `[images · rows, columns]`: its input in full precision.
    package let fullPrecisionInput: Matrix
    /// `[images · rows, columns]`: its output in full precision.
    package let target: Matrix
    /// The suffix: the units downstream, in full precision with backward products; empty for the head.
    package let suffix: [PreparedUnit]
    /// `[images, classes]`: the full-precision model's logits.
    package let logits: Matrix
    /// `[images, width]`: the full-precision model's features before the classifier.
    package let features: Matrix
    /// The number of originals among the images: they come first, and each has the same number of views.
    package let originals: Int

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

    /// How many calibration images candidates are scored on at most.
    ///
    /// A score runs the whole suffix: of thousands of images it would take longer than learning.
    package static let scoredImages = 512

    /// The number of images that candidates are scored on: the first ones, which are originals.
    package var scored: Int { min(originals, Self.scoredImages) }

    /// `[scored, classes]`: the full-precision model's logits for these images.
    package var scoredLogits: Matrix { logits.rows(0..<scored) }

    /// The number of calibration images.
    package var images: Int { logits.rows }

    /// Whether the unit's output is the logits; its block term is then their divergence.
    package var isHead: Bool { suffix.isEmpty }
}
