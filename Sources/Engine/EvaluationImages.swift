internal import Datasets
internal import Kernels
internal import Reconstruction
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// How many images are decoded and in memory at a time, where not all of them are needed at once.
let imagesPerBatch = 128

/// The evaluation images of a run: read batch by batch whenever a model is evaluated, and never all in memory.
struct EvaluationImages: Sendable {
    private let set: ImageSet
    private let pipeline: PreprocessingPipeline
    private let reading: ImageOptions
    /// The places of the images in the set.
    private let places: [Int]
    /// The right classes; nil without labels.
    let labels: [Int]?
    /// Which images these are.
    let manifest: ImageManifest

    /// Reads every image once, to know which can be used.
    ///
    /// - Parameters:
    ///   - set: The images.
    ///   - labels: The right class of every image of the set; nil without labels.
    ///   - pipeline: What the model wants.
    ///   - reading: What is done with images that cannot be used, and with orientations.
    ///   - pool: The threads.
    /// - Throws: `DatasetError`.
    init(
        _ set: ImageSet, labels: [Int]?, pipeline: PreprocessingPipeline, reading: ImageOptions,
        pool: WorkerPool
    ) throws {
        let usable = try UsableImages(set, pipeline: pipeline, reading: reading, pool: pool)
        self.set = set
        self.pipeline = pipeline
        // What could be used at the start has to be there to the end.
        self.reading = ImageOptions(onBadImage: .fail, appliesExifOrientation: reading.appliesExifOrientation)
        places = usable.indices
        self.labels = labels.map { labels in usable.indices.map { labels[$0] } }
        manifest = usable.manifest
    }

    /// The number of images.
    var count: Int { places.count }

    /// Reads some images.
    ///
    /// - Parameters:
    ///   - rows: Which of them, in the order of the manifest.
    ///   - pool: The threads.
    /// - Returns: `[rows, channels · height · width]`, normalised.
    /// - Throws: `DatasetError` where an image is not what it was at the start.
    func images(_ rows: [Int], pool: WorkerPool) throws -> Matrix {
        let result = Matrix(rows: rows.count, columns: pipeline.valueCount)
        try forEachBatch(of: rows, size: imagesPerBatch, pool: pool) { range, images in
            copy(images, into: result.rows(range))
        }
        return result
    }

    /// Runs a model over the first images.
    ///
    /// - Parameters:
    ///   - units: The model's units.
    ///   - count: How many images; nil for all.
    ///   - pool: The threads.
    /// - Returns: `[count, classes]`, the very numbers that all images at once would give.
    /// - Throws: `DatasetError` where an image is not what it was at the start.
    func logits(of units: [PreparedUnit], first count: Int? = nil, pool: WorkerPool) throws -> Matrix {
        let count = count ?? self.count
        let logits = Matrix(rows: count, columns: units[units.count - 1].unit.output.columns)
        let pass = ModelPass(units, pool: pool)
        // Whole tasks, so that the same images go together as in one pass over all.
        let size = imagesPerBatch / pass.imagesPerTask * pass.imagesPerTask
        try forEachBatch(of: Array(0..<count), size: size, pool: pool) { range, images in
            pass.run(images, into: logits.rows(range))
        }
        return logits
    }

    private func forEachBatch(
        of rows: [Int], size: Int, pool: WorkerPool, _ body: (Range<Int>, Matrix) throws -> Void
    ) throws {
        var done = 0
        try set.forEachBatch(
            of: rows.map { places[$0] }, size: size, pipeline: pipeline, reading: reading, isHashed: true,
            pool: pool
        ) { batch in
            let range = done..<done + batch.indices.count
            for (row, hash) in zip(range, batch.hashes ?? []) where hash != manifest.images[rows[row]].sha256
            {
                throw DatasetError(changed: manifest.images[rows[row]].path, of: set)
            }
            try body(range, batch.images)
            done = range.upperBound
        }
    }
}
