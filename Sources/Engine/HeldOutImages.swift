internal import Datasets
internal import Kernels
internal import Runs
internal import TensorCore

/// Images that nothing is learned from, spread evenly over the set they are of.
struct HeldOutSource: Sendable {
    let source: HeldOutBaseline.Source
    /// `[set, channels · height · width]`, normalised.
    private let set: Matrix
    /// Which images of the set.
    let rows: [Int]
    let labels: [Int]?

    /// Chooses at most `count` of a set's images; nil where that makes none.
    init?(_ source: HeldOutBaseline.Source, of set: Matrix, labels: [Int]?, count: Int) {
        let count = min(count, set.rows)
        guard count > 0 else { return nil }
        self.source = source
        self.set = set
        let rows = (0..<count).map { $0 * set.rows / count }
        self.rows = rows
        self.labels = labels.map { labels in rows.map { labels[$0] } }
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
        let matrix = Matrix(rows: places.count, columns: pipeline.channels * pipeline.height * pipeline.width)
        var read = 0
        try set.forEachBatch(
            of: places, size: 128, pipeline: pipeline, reading: ImageReading(badImages: .skip), pool: pool
        ) { batch in
            for row in 0..<batch.indices.count {
                copy(batch.images.rows(row..<row + 1), into: matrix.rows(read..<read + 1))
                read += 1
            }
        }
        self.init(.calibration, of: matrix.rows(0..<read), labels: nil, count: read)
    }

    /// `[images, channels · height · width]`: the chosen ones.
    func images() -> Matrix {
        rows.count == set.rows ? set : gather(rows, of: set)
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
    func images() -> Matrix { chosen.images() }

    /// Compares a model's logits on these images with the full-precision model's.
    func evaluation(of logits: Matrix) -> Evaluation {
        Engine.evaluation(of: logits, against: self.logits, labels: chosen.labels)
    }

    func baseline(calibrated: [Evaluation]) -> HeldOutBaseline {
        HeldOutBaseline(
            source: chosen.source, fullPrecision: evaluation(of: logits), calibrated: calibrated)
    }
}

/// Rows of a matrix, copied into one of their own.
func gather(_ rows: [Int], of matrix: Matrix) -> Matrix {
    let result = Matrix(rows: rows.count, columns: matrix.columns)
    for (place, row) in rows.enumerated() {
        copy(matrix.rows(row..<row + 1), into: result.rows(place..<place + 1))
    }
    return result
}
