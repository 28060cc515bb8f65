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
    ///   - progress: Called while images run.
    /// - Throws: What `progress` throws.
    init(
        units: [PreparedUnit], images: Matrix, pool: WorkerPool, progress: ImageProgress? = nil
    ) throws {
        self.images = images
        let head = units[units.count - 1].unit
        let logits = Matrix(rows: images.rows, columns: head.output.columns)
        let slot = head.operators[0].slot
        let features = head.tapeShapes[slot].matrix(images: images.rows)
        let pass = ModelPass(units, pool: pool)
        try pass.forEachPart(of: images.rows, threads: pool.threads, progress: progress) { part in
            let features = features.rows(part)
            pass.run(images.rows(part), into: logits.rows(part)) { range, tapes in
                copy(tapes[units.count - 1][slot], into: features.rows(range))
            }
        }
        self.logits = logits
        self.features = features
    }
}

/// Called while images run through units, with how many are done and how many there are.
typealias ImageProgress = (_ done: Int, _ total: Int) throws -> Void

/// Runs units over all images.
///
/// - Returns: `[images · rows, columns]`, the last unit's output.
func outputs(of units: [PreparedUnit], on input: Matrix, pool: WorkerPool) -> Matrix {
    let images = input.rows / units[0].unit.input.rows
    let output = units[units.count - 1].unit.output.matrix(images: images)
    ModelPass(units, pool: pool).run(input, into: output)
    return output
}

/// Runs units over all images, a part at a time.
///
/// - Parameters:
///   - units: The units.
///   - input: `[images · rows, columns]`, the first unit's input.
///   - pool: The threads.
///   - progress: Called after every part of the images.
/// - Returns: `[images · rows, columns]`, the last unit's output.
/// - Throws: What `progress` throws.
func outputs(
    of units: [PreparedUnit], on input: Matrix, pool: WorkerPool, progress: ImageProgress?
) throws -> Matrix {
    let (from, to) = (units[0].unit.input, units[units.count - 1].unit.output)
    let images = input.rows / from.rows
    let output = to.matrix(images: images)
    let pass = ModelPass(units, pool: pool)
    try pass.forEachPart(of: images, threads: pool.threads, progress: progress) { part in
        pass.run(
            input.rows(part.lowerBound * from.rows..<part.upperBound * from.rows),
            into: output.rows(part.lowerBound * to.rows..<part.upperBound * to.rows))
    }
    return output
}

extension ModelPass {
    /// Runs over images a part at a time, if anyone wants to know how far it is.
    ///
    /// Parts are whole tasks, so that the same images go together as in one pass over all, and enough of them for every
    /// thread.
    fileprivate func forEachPart(
        of images: Int, threads: Int, progress: ImageProgress?, _ body: (Range<Int>) -> Void
    ) throws {
        guard let progress else { return body(0..<images) }
        let tasks = max(imagesPerBatch / imagesPerTask, 4 * threads)
        let size = max(tasks, images / imagesPerTask / 8) * imagesPerTask
        for start in stride(from: 0, to: images, by: size) {
            let part = start..<min(images, start + size)
            body(part)
            try progress(part.upperBound, images)
        }
    }
}
