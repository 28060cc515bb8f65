package import TensorCore
package import Vocabulary

/// The images of a set that can be used, found by reading each once; none is kept in memory.
package struct UsableImages: Sendable {
    /// The places of the images in the set, in rising order.
    package let indices: [Int]
    /// Which images can be used and which were skipped.
    package let manifest: ImageManifest

    /// Reads every image of a set.
    ///
    /// - Parameters:
    ///   - set: The images.
    ///   - pipeline: The model's input.
    ///   - reading: How image files are read.
    ///   - pool: The threads.
    /// - Throws: `DatasetError` for the first image that cannot be used unless such are skipped, and where there is none
    ///   that can.
    package init(
        _ set: ImageSet, pipeline: PreprocessingPipeline, reading: ImageOptions, pool: WorkerPool
    ) throws {
        var used: [(index: Int, hash: String?)] = []
        var skipped: [SkippedImage] = []
        try set.forEachBatch(
            of: Array(0..<set.count), pipeline: pipeline, reading: reading, isHashed: true, pool: pool
        ) { batch in
            for (row, index) in batch.indices.enumerated() { used.append((index, batch.hashes?[row])) }
            skipped += batch.skipped
        }
        guard !used.isEmpty else { throw DatasetError(noneOf: set, skipped: skipped) }
        indices = used.map(\.index)
        manifest = try ImageManifest(
            set, choice: .all, pipeline: pipeline, reading: reading, used: used, skipped: skipped)
    }
}

extension DatasetError {
    /// The error for an image file whose content has changed.
    ///
    /// - Parameters:
    ///   - path: The file below the set's folder.
    ///   - set: The set.
    package init(changed path: String?, of set: ImageSet) {
        let file = [set.file, path].compactMap(\.self).joined(separator: "/")
        self.init(.unreadable, file: file, detail: "the file changed while it was in use")
    }

    /// The error for a set with no usable image.
    init(noneOf set: ImageSet, skipped: [SkippedImage]) {
        self.init(
            .empty, file: set.file,
            detail:
                "none of the \(skipped.count) images can be used; the first: \(skipped.first?.reason ?? "")")
    }
}
