internal import Datasets
internal import Kernels
internal import Reconstruction
internal import TensorCore
internal import Vocabulary
internal import VisionTransformers

/// The number of images that are decoded and in memory at a time, if not all are needed at once.
let imagesPerBatch = 128

/// The evaluation images of a run.
///
/// They are read batch by batch whenever a model is evaluated and are never all in memory:
///
///     let images = try EvaluationImages(set, labels: labels, pipeline: pipeline, reading: reading, pool: pool)
///     let logits = try images.logits(of: units, pool: pool)       // [images.count, classes]
struct EvaluationImages: Sendable {
    private let set: ImageSet
    private let pipeline: PreprocessingPipeline
    private let reading: ImageOptions
    /// The images' places in the set.
    private var places: [Int]
    /// The images' rows in the manifest.
    private var entries: [Int]
    /// The true classes; nil without labels.
    private(set) var labels: [Int]?
    /// The paths and hashes of these images and of those that were left out.
    let manifest: ImageManifest

    /// Reads every image once to find those that can be used.
    ///
    /// - Parameters:
    ///   - set: The images.
    ///   - labels: The true class of every image of the set; nil without labels.
    ///   - pipeline: The model's preprocessing.
    ///   - reading: How unusable images and orientations are handled.
    ///   - pool: The threads.
    /// - Throws: `DatasetError`.
    init(
        _ set: ImageSet, labels: [Int]?, pipeline: PreprocessingPipeline, reading: ImageOptions,
        pool: WorkerPool
    ) throws {
        let usable = try UsableImages(set, pipeline: pipeline, reading: reading, pool: pool)
        self.set = set
        self.pipeline = pipeline
        // An image that was usable at the start must stay so.
        self.reading = ImageOptions(onBadImage: .fail, appliesExifOrientation: reading.appliesExifOrientation)
        places = usable.indices
        entries = Array(usable.indices.indices)
        self.labels = labels.map { labels in usable.indices.map { labels[$0] } }
        manifest = usable.manifest
    }

    /// The number of images.
    var count: Int { places.count }

    /// The images without those at some rows.
    func leavingOut(_ rows: [Int]) -> EvaluationImages {
        let left = Set(rows)
        return keeping(places.indices.filter { !left.contains($0) })
    }

    /// The images at some rows, which ascend.
    func keeping(_ kept: [Int]) -> EvaluationImages {
        var rest = self
        rest.places = kept.map { places[$0] }
        rest.entries = kept.map { entries[$0] }
        rest.labels = labels.map { labels in kept.map { labels[$0] } }
        return rest
    }

    /// Reads some images.
    ///
    /// - Parameters:
    ///   - rows: Their rows, in `0 ..< count`.
    ///   - pool: The threads.
    /// - Returns: `[rows, channels · height · width]`, normalised.
    /// - Throws: `DatasetError` if an image is not what it was at the start.
    func images(_ rows: [Int], pool: WorkerPool) throws -> Matrix {
        let result = Matrix(rows: rows.count, columns: pipeline.valueCount)
        var done = 0
        try set.forEachBatch(
            of: rows.map { places[$0] }, size: imagesPerBatch, pipeline: pipeline, reading: reading,
            isHashed: true, pool: pool
        ) { batch in
            let range = done..<done + batch.indices.count
            try check(batch, rows: Array(rows[range]))
            copy(batch.images, into: result.rows(range))
            done = range.upperBound
        }
        return result
    }

    /// Runs a model over the first images.
    ///
    /// - Parameters:
    ///   - units: The model's units.
    ///   - count: The number of images; nil for all.
    ///   - draw: The draw of noise on the pixels; nil for none.
    ///   - pool: The threads.
    ///   - progress: Called before every batch.
    /// - Returns: `[count, classes]`, the same bits as for all images at once.
    /// - Throws: `DatasetError` if an image is not what it was at the start; what `progress` throws.
    func logits(
        of units: [PreparedUnit], first count: Int? = nil, disturbedBy draw: Int? = nil, pool: WorkerPool,
        progress: ImageProgress? = nil
    ) throws -> Matrix {
        let places = Array(places.prefix(count ?? self.count))
        let run = try set.logits(
            of: [units], places: places, pipeline: pipeline, reading: reading, isHashed: true,
            disturbedBy: draw, pool: pool,
            check: { rows, batch in
                try progress?(rows.lowerBound, places.count)
                try check(batch, rows: Array(rows))
            })
        try progress?(places.count, places.count)
        return run.logits[0]
    }

    /// Compares the hashes of a batch with those of the start.
    private func check(_ batch: ImageBatch, rows: [Int]) throws(DatasetError) {
        for (row, hash) in zip(rows, batch.hashes ?? []) {
            let entry = manifest.images[entries[row]]
            guard hash == entry.sha256 else { throw DatasetError(changed: entry.path, of: set) }
        }
    }
}

extension ImageSet {
    /// Runs models with one pipeline over images that are read batch by batch.
    ///
    /// - Parameters:
    ///   - models: The units of each model, all with as many rows an image.
    ///   - places: The images' places in the set; all of them if nil.
    ///   - pipeline: The models' preprocessing.
    ///   - reading: How files are read. Skipped images have no logits.
    ///   - isHashed: Whether batches have the files' hashes.
    ///   - draw: The draw of noise on the pixels; nil for none.
    ///   - pool: The threads.
    ///   - check: Called with each batch and the rows of its logits before models run.
    /// - Returns: `[used.count, outputs]` logits of each model, the same bits as for all images at once; the places of
    ///   the images that were used, and those that were skipped.
    /// - Throws: `DatasetError`; what `check` throws.
    func logits(
        of models: [[PreparedUnit]], places: [Int]? = nil, pipeline: PreprocessingPipeline,
        reading: ImageOptions, isHashed: Bool = false, disturbedBy draw: Int? = nil, pool: WorkerPool,
        check: (Range<Int>, ImageBatch) throws -> Void = { _, _ in }
    ) throws -> (logits: [Matrix], used: [Int], skipped: [SkippedImage]) {
        let places = places ?? Array(0..<count)
        let passes = models.map { ModelPass($0, pool: pool) }
        let logits = models.map { Matrix(rows: places.count, columns: $0[$0.count - 1].unit.output.columns) }
        var used: [Int] = []
        var skipped: [SkippedImage] = []
        // Whole tasks, so that the same images go together as in one pass over all.
        let size = imagesPerBatch / passes[0].imagesPerTask * passes[0].imagesPerTask
        try forEachBatch(
            of: places, size: size, pipeline: pipeline, reading: reading, isHashed: isHashed, pool: pool
        ) { batch in
            let rows = used.count..<used.count + batch.indices.count
            try check(rows, batch)
            let images =
                draw.map { PixelNoise.disturbed(batch.images, firstImage: rows.lowerBound, draw: $0) }
                ?? batch.images
            for (pass, target) in zip(passes, logits) where !rows.isEmpty {
                pass.run(images, into: target.rows(rows))
            }
            used += batch.indices
            skipped += batch.skipped
        }
        return (logits.map { $0.rows(0..<used.count) }, used, skipped)
    }
}
