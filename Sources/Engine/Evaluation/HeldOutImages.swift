internal import Datasets
internal import Kernels
internal import Runs
internal import TensorCore
internal import Vocabulary

/// Images that no unit learns from and that no reported result contains; attempts are compared on them.
struct HeldOutSource: Sendable {
    let source: HeldOutBaseline.Source
    /// `[rows, channels · height · width]`, normalised.
    let images: Matrix
    /// The places of the images in their set, ascending.
    let rows: [Int]
    let labels: [Int]?

    /// Where to take images from, and how many: images of the calibration set that are not calibrated with, as long as
    /// there are as many as evaluation images could be left out.
    ///
    /// A run that is resumed with the number that comes out gets the same answer.
    ///
    /// - Parameters:
    ///   - count: How many are wanted.
    ///   - unused: The number of images of the calibration set that are not calibrated with.
    ///   - evaluation: The number of evaluation images.
    /// - Returns: The set and the number; 0 where no image is left.
    static func choice(
        _ count: Int, unused: Int, evaluation: Int
    ) -> (source: HeldOutBaseline.Source, count: Int) {
        let (spare, shared) = (min(count, unused), leftOut(count, of: evaluation))
        return spare >= shared ? (.calibration, spare) : (.evaluation, shared)
    }

    /// How many evaluation images are left out for at most `count` held-out ones: a quarter at most.
    static func leftOut(_ count: Int, of evaluation: Int) -> Int { min(count, evaluation / 4) }

    /// Reads evaluation images, spread evenly over the set; nil if that is none.
    ///
    /// - Throws: `DatasetError`.
    init?(spreadOver set: EvaluationImages, count: Int, pool: WorkerPool) throws {
        let rows = evenlySpread(count, over: set.count)
        guard !rows.isEmpty else { return nil }
        source = .evaluation
        images = try set.images(rows, pool: pool)
        self.rows = rows
        labels = set.labels.map { labels in rows.map { labels[$0] } }
    }

    /// Reads some of a set's images, spread evenly over those that may be read; nil if that is none.
    ///
    /// An image that cannot be used is replaced by another one, so that a run that is resumed with the number of images
    /// read here gets the same images.
    ///
    /// - Parameters:
    ///   - set: The set.
    ///   - places: The images that may be read, ascending.
    ///   - count: The greatest number of images.
    ///   - labels: The true class of every image of the set; nil without labels.
    ///   - pipeline: The model's preprocessing.
    ///   - appliesOrientation: Whether images are turned by their Exif orientation.
    ///   - pool: The threads.
    /// - Throws: `DatasetError`.
    init?(
        unusedOf set: ImageSet, places: [Int], count: Int, labels: [Int]?, pipeline: PreprocessingPipeline,
        appliesOrientation: Bool, pool: WorkerPool
    ) throws {
        let first = evenlySpread(count, over: places.count)
        let others = Set(places.indices).subtracting(first).sorted()
        var candidates = (first + others)[...]
        let matrix = Matrix(rows: first.count, columns: pipeline.valueCount)
        var read: [Int] = []
        while read.count < first.count, !candidates.isEmpty {
            let next = candidates.prefix(first.count - read.count)
            candidates = candidates.dropFirst(next.count)
            try set.forEachBatch(
                of: next.map { places[$0] }, size: imagesPerBatch, pipeline: pipeline,
                reading: ImageOptions(onBadImage: .skip, appliesExifOrientation: appliesOrientation),
                pool: pool
            ) { batch in
                copy(batch.images, into: matrix.rows(read.count..<read.count + batch.images.rows))
                read += batch.indices
            }
        }
        guard !read.isEmpty else { return nil }
        source = .calibration
        let order = read.indices.sorted { read[$0] < read[$1] }
        images =
            order == Array(read.indices) ? matrix.rows(0..<read.count) : gather(order, of: matrix)
        let rows = order.map { read[$0] }
        self.rows = rows
        self.labels = labels.map { labels in rows.map { labels[$0] } }
    }
}

extension HeldOutSource {
    /// At most so many of the images, evenly spread.
    fileprivate func spread(_ count: Int) -> (source: HeldOutSource, rows: [Int]) {
        let kept = evenlySpread(count, over: rows.count)
        return (HeldOutSource(self, keeping: kept), kept)
    }

    private init(_ other: HeldOutSource, keeping kept: [Int]) {
        source = other.source
        images = gather(kept, of: other.images)
        rows = kept.map { other.rows[$0] }
        labels = other.labels.map { labels in kept.map { labels[$0] } }
    }
}

/// At most `count` numbers in `0 ..< total`, ascending and evenly spread.
func evenlySpread(_ count: Int, over total: Int) -> [Int] {
    let count = min(count, total)
    return (0..<count).map { $0 * total / count }
}

/// Held-out images and the full-precision model's logits for them.
struct HeldOutImages: Sendable {
    private let chosen: HeldOutSource
    /// `[images, classes]`.
    let logits: Matrix

    init(_ chosen: HeldOutSource, logits: Matrix) {
        (self.chosen, self.logits) = (chosen, logits)
    }

    /// `[images, channels · height · width]`, normalised.
    var images: Matrix { chosen.images }

    /// At most so many of the images, evenly spread.
    func spread(_ count: Int) -> HeldOutImages {
        let (source, rows) = chosen.spread(count)
        return HeldOutImages(source, logits: gather(rows, of: logits))
    }

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
