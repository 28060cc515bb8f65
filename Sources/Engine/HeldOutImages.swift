internal import Datasets
internal import Kernels
internal import Runs
internal import TensorCore
internal import Vocabulary

/// Images that nothing is learned from.
struct HeldOutSource: Sendable {
    let source: HeldOutBaseline.Source
    /// `[rows, channels · height · width]`, normalised.
    let images: Matrix
    /// Which images of the set.
    let rows: [Int]
    let labels: [Int]?

    /// Reads at most `count` of the evaluation images, spread evenly over them; nil where that makes none.
    ///
    /// - Throws: `DatasetError`.
    init?(spreadOver set: EvaluationImages, count: Int, pool: WorkerPool) throws {
        let count = min(count, set.count)
        guard count > 0 else { return nil }
        source = .evaluation
        let rows = (0..<count).map { $0 * set.count / count }
        images = try set.images(rows, pool: pool)
        self.rows = rows
        labels = set.labels.map { labels in rows.map { labels[$0] } }
    }

    /// Reads some of a set's images; nil where that makes none.
    ///
    /// - Parameters:
    ///   - set: Where they come from; those that cannot be used are left out.
    ///   - places: Which may be read.
    ///   - count: How many are read at most.
    ///   - pipeline: What the model wants.
    ///   - pool: The threads.
    /// - Throws: `DatasetError`.
    init?(
        unusedOf set: ImageSet, places: [Int], count: Int, pipeline: PreprocessingPipeline, pool: WorkerPool
    ) throws {
        let places = Array(places.prefix(count))
        let matrix = Matrix(rows: places.count, columns: pipeline.valueCount)
        var read = 0
        try set.forEachBatch(
            of: places, size: imagesPerBatch, pipeline: pipeline, reading: ImageOptions(onBadImage: .skip),
            pool: pool
        ) { batch in
            for row in 0..<batch.indices.count {
                copy(batch.images.rows(row..<row + 1), into: matrix.rows(read..<read + 1))
                read += 1
            }
        }
        guard read > 0 else { return nil }
        source = .calibration
        images = matrix.rows(0..<read)
        rows = Array(0..<read)
        labels = nil
    }
}

/// Held-out images with what the full-precision model says of them.
struct HeldOutImages: Sendable {
    private let chosen: HeldOutSource
    /// `[images, classes]`.
    let logits: Matrix

    init(_ chosen: HeldOutSource, logits: Matrix) {
        self.chosen = chosen
        self.logits = logits
    }

    /// `[images, channels · height · width]`, normalised.
    var images: Matrix { chosen.images }

    /// Compares a model's logits on these images with the full-precision model's.
    func evaluation(of logits: Matrix) -> Evaluation { fidelity(of: logits).evaluation }

    /// Compares a model's logits on these images with the full-precision model's, and at every image.
    func fidelity(of logits: Matrix) -> (evaluation: Evaluation, divergences: [Float]) {
        Engine.fidelity(of: logits, to: self.logits, labels: chosen.labels)
    }

    func baseline(calibrated: [Evaluation], roundedToNearest: [Evaluation]?) -> HeldOutBaseline {
        HeldOutBaseline(
            source: chosen.source, fullPrecision: evaluation(of: logits), calibrated: calibrated,
            roundedToNearest: roundedToNearest)
    }
}
