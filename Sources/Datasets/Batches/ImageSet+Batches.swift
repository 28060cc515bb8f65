internal import Files
package import TensorCore
package import Vocabulary

/// Some images as a model reads them.
package struct ImageBatch: Sendable {
    /// `[indices.count, channels · height · width]`, normalised, row i for the i-th place.
    package let images: Matrix
    /// The places of the images in the set.
    package let indices: [Int]
    /// The SHA-256 of each image's file; nil where they were not asked for, or the set is an array.
    package let hashes: [String]?
    /// Images that should be here and cannot be used.
    package let skipped: [SkippedImage]
}

extension ImageSet {
    /// Hands images out as a model reads them, some at a time, decoded on all threads.
    ///
    /// One batch is in memory at a time, and one image of full size for each thread. What comes out does not depend on
    /// the number of threads.
    ///
    /// - Parameters:
    ///   - indices: Places in `0 ..< count`.
    ///   - size: How many images are in a batch, at least 1.
    ///   - pipeline: The model's input.
    ///   - reading: How image files are read.
    ///   - isHashed: Whether to compute the SHA-256 of each file.
    ///   - pool: The threads.
    ///   - body: Gets each batch; the matrix is used again for the next one.
    /// - Throws: `DatasetError` for an array that does not fit the model, and for the first image that cannot be used
    ///   unless such are skipped; and what `body` throws.
    package func forEachBatch(
        of indices: [Int], size: Int = 64, pipeline: PreprocessingPipeline,
        reading: ImageOptions = ImageOptions(),
        isHashed: Bool = false, pool: WorkerPool, _ body: (ImageBatch) throws -> Void
    ) throws {
        precondition(size >= 1, "a batch has at least one image, not \(size)")
        let reader = try ImageReader(self, pipeline: pipeline, reading: reading, threads: pool.threads)
        let matrix = Matrix(rows: min(size, indices.count), columns: pipeline.valueCount)
        for start in stride(from: 0, to: indices.count, by: size) {
            let places = Array(indices[start..<min(start + size, indices.count)])
            try body(try reader.batch(of: places, into: matrix, isHashed: isHashed, pool: pool))
        }
    }
}

extension PreprocessingPipeline {
    /// The numbers that the model reads of one image.
    package var valueCount: Int { channels * height * width }
}

/// Reads images of one set for one model.
struct ImageReader {
    private let set: ImageSet
    private let pipeline: PreprocessingPipeline
    private let reading: ImageOptions
    /// `[channels, 256]`: what each byte becomes.
    private let tables: [Float]
    private let decoders: [ImageDecoder]

    /// Makes a reader after a check that the set fits the model.
    init(
        _ set: ImageSet, pipeline: PreprocessingPipeline, reading: ImageOptions, threads: Int
    ) throws(DatasetError) {
        try set.require(pipeline)
        self.set = set
        self.pipeline = pipeline
        self.reading = reading
        tables = (0..<pipeline.channels).flatMap { pipeline.normalisation.table(channel: $0) }
        decoders = (0..<threads).map { _ in ImageDecoder() }
    }

    /// The outcome for one image.
    private enum Outcome: Sendable {
        case done(hash: String?)
        case failed(DatasetError)
    }

    /// Reads some images.
    ///
    /// - Parameters:
    ///   - indices: Their places in the set.
    ///   - matrix: At least as many rows; the first of them are overwritten.
    ///   - isHashed: Whether to compute the SHA-256 of each file.
    ///   - pool: The threads; as many as the reader was made for.
    /// - Returns: The images that can be used, in the first rows of `matrix`, and those that cannot.
    /// - Throws: `DatasetError` for the first image that cannot be used unless such are skipped.
    func batch(
        of indices: [Int], into matrix: Matrix, isHashed: Bool, pool: WorkerPool
    ) throws(DatasetError) -> ImageBatch {
        let outcomes = TaskResults<Outcome>(count: indices.count, repeating: .done(hash: nil))
        pool.run(indices.count) { task, worker in
            let target = unsafe matrix.rows(task..<task + 1).pointer
            do throws(DatasetError) {
                let hash = unsafe try read(
                    indices[task], isHashed: isHashed, with: decoders[worker], to: target)
                outcomes[task] = .done(hash: hash)
            } catch {
                outcomes[task] = .failed(error)
            }
        }
        var kept: [Int] = []
        var hashes: [String] = []
        var skipped: [SkippedImage] = []
        for (row, index) in indices.enumerated() {
            switch outcomes[row] {
            case .failed(let error):
                guard reading.onBadImage == .skip else { throw error }
                skipped.append(SkippedImage(index: index, path: set.path(of: index), reason: "\(error)"))
            case .done(let hash):
                if kept.count < row { copyRow(row, to: kept.count, of: matrix) }
                kept.append(index)
                if let hash { hashes.append(hash) }
            }
        }
        return ImageBatch(
            images: matrix.rows(0..<kept.count), indices: kept,
            hashes: hashes.count == kept.count ? hashes : nil,
            skipped: skipped)
    }

    private func copyRow(_ source: Int, to target: Int, of matrix: Matrix) {
        let (from, to) = unsafe (
            matrix.rows(source..<source + 1).pointer, matrix.rows(target..<target + 1).pointer
        )
        unsafe to.update(from: from, count: matrix.columns)
    }

    private func read(
        _ index: Int, isHashed: Bool, with decoder: ImageDecoder, to target: UnsafeMutablePointer<Float>
    ) throws(DatasetError) -> String? {
        switch set.content {
        case .array(let array):
            unsafe try array.write(index, tables: tables, file: set.file, to: target)
            return nil
        case .files(let folder, let paths):
            let path = joined(folder, paths[index])
            let bytes = try DatasetError.wrapping(try readFile(path, limit: ImageSet.greatestFile))
            try decoder.withPixels(
                of: bytes, path: path, pipeline: pipeline, appliesOrientation: reading.appliesExifOrientation
            ) { unsafe write($0, to: target) }
            return isHashed ? sha256(bytes) : nil
        }
    }

    /// Normalises pixels and sorts them by channel.
    private func write(_ pixels: Span<UInt8>, to target: UnsafeMutablePointer<Float>) {
        let area = pipeline.height * pipeline.width
        let channels = pipeline.channels
        let size = channels == 1 ? 1 : 4
        precondition(pixels.count == area * size, "\(pixels.count) bytes are not a crop of \(area) pixels")
        // SAFETY: pixels has area · size bytes, tables 256 for each channel, target channels · area floats.
        unsafe pixels.withUnsafeBufferPointer { pixels in
            unsafe tables.withUnsafeBufferPointer { tables in
                for channel in 0..<channels {
                    for place in 0..<area {
                        let byte = unsafe pixels[place * size + channel]
                        unsafe target[channel * area + place] = tables[channel << 8 | Int(byte)]
                    }
                }
            }
        }
    }
}
