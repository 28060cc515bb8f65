package import TensorCore
package import Vocabulary

/// The chosen images of a set, all in memory as the model's input, and a record of which they are.
package struct PreparedImages: Sendable {
    /// `[indices.count, channels · height · width]`, normalised, row i for the i-th place.
    package let images: Matrix
    /// The places of the images in the set, in the order of the choice.
    package let indices: [Int]
    /// Which images were used and which were skipped.
    package let manifest: ImageManifest

    /// Reads the images of a choice.
    ///
    /// An image that cannot be used is skipped, if such are, and the next in the choice's order takes its place; so the
    /// result holds as many as were asked for while there are any.
    ///
    /// - Parameters:
    ///   - set: Where they come from.
    ///   - choice: Which images.
    ///   - pipeline: The model's input.
    ///   - reading: How image files are read.
    ///   - pool: The threads.
    /// - Throws: `DatasetError` for what cannot be had, and where no image can be used.
    package init(
        _ set: ImageSet, choice: ImageChoice, pipeline: PreprocessingPipeline, reading: ImageOptions,
        pool: WorkerPool
    ) throws(DatasetError) {
        let first = try set.places(of: choice)
        let reader = try ImageReader(set, pipeline: pipeline, reading: reading, threads: pool.threads)
        let matrix = Matrix(rows: first.count, columns: pipeline.valueCount)
        var order = try set.order(of: choice).dropFirst(first.count)
        var places = first
        var kept: [(index: Int, hash: String?)] = []
        var skipped: [SkippedImage] = []
        while !places.isEmpty, kept.count < first.count {
            let rest = matrix.rows(kept.count..<first.count)
            let batch = try reader.batch(of: places, into: rest, isHashed: true, pool: pool)
            for (row, index) in batch.indices.enumerated() { kept.append((index, batch.hashes?[row])) }
            skipped += batch.skipped
            places = Array(order.prefix(batch.skipped.count))
            order = order.dropFirst(places.count)
        }
        guard !kept.isEmpty else { throw DatasetError(noneOf: set, skipped: skipped) }
        images = matrix.rows(0..<kept.count)
        indices = kept.map(\.index)
        manifest = try ImageManifest(
            set, choice: choice, pipeline: pipeline, reading: reading, used: kept,
            skipped: skipped.sorted { $0.index < $1.index })
    }
}
