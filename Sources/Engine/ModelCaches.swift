internal import Kernels
internal import Reconstruction
internal import TensorCore
internal import VisionTransformers

/// The full-precision model's outputs for a set of images, with which a run compares.
struct ModelCaches: Sendable {
    /// `[images, channels · height · width]`, normalised.
    let images: Matrix
    /// `[images, classes]`.
    let logits: Matrix
    /// `[images, width]`: the classifier's input; two features side by side with two classifiers.
    let features: Matrix

    /// Runs the full-precision model.
    ///
    /// - Parameters:
    ///   - units: The model's units in full precision.
    ///   - images: `[images, channels · height · width]`, normalised.
    ///   - pool: The threads.
    init(units: [PreparedUnit], images: Matrix, pool: WorkerPool) {
        self.images = images
        let head = units[units.count - 1].unit
        let logits = Matrix(rows: images.rows, columns: head.output.columns)
        let slot = head.operators[0].slot
        let features = head.tapeShapes[slot].matrix(images: images.rows)
        ModelPass(units, pool: pool).run(images, into: logits) { range, tapes in
            copy(tapes[units.count - 1][slot], into: features.rows(range))
        }
        self.logits = logits
        self.features = features
    }
}

/// Runs units over all images.
///
/// - Returns: `[images · rows, columns]`, the last unit's output.
func outputs(of units: [PreparedUnit], on input: Matrix, pool: WorkerPool) -> Matrix {
    let images = input.rows / units[0].unit.input.rows
    let output = units[units.count - 1].unit.output.matrix(images: images)
    ModelPass(units, pool: pool).run(input, into: output)
    return output
}
