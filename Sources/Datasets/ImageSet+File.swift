import Safetensors

extension ImageSet {
    /// Reads a set from a safetensors file.
    ///
    /// - Parameter path: Where it lies.
    /// - Throws: `DatasetError` if the file cannot be read or does not hold what a set needs.
    public init(path: String) throws(DatasetError) {
        let file = try reading { () throws(SafetensorsError) in try SafetensorsFile(path: path) }
        let shape = try Self.imageShape(in: file)
        let labels = try Self.labels(in: file, count: shape[0])
        let pixels = try reading { () throws(SafetensorsError) in try file.bytes("images") }
        try self.init(
            channels: shape[1], height: shape[2], width: shape[3], pixels: pixels, labels: labels, file: path)
    }

    /// The extents of `images` as `[n, c, h, w]`.
    private static func imageShape(in file: SafetensorsFile) throws(DatasetError) -> [Int] {
        // Asking for the bytes names the tensors that are there if this one is not.
        try reading { () throws(SafetensorsError) in try file.withBytes(of: "images") { _ in } }
        let entry = file.entry("images")
        let (type, shape) = (entry?.type, entry?.shape ?? [])
        guard type == .uint8 else {
            throw DatasetError(
                .wrongType, file: file.path, tensor: "images",
                detail:
                    "the elements are \(type?.rawValue ?? "unknown"); images must be U8, 0 to 255, before any "
                    + "normalisation")
        }
        guard shape.count == 3 || shape.count == 4 else {
            throw DatasetError(
                .wrongShape, file: file.path, tensor: "images",
                detail:
                    "the shape is \(shape); images are [count, height, width] or [count, channels, height, width]"
            )
        }
        guard shape[0] > 0 else {
            throw DatasetError(
                .empty, file: file.path, tensor: "images",
                detail: "there are no images, the shape is \(shape); one image is the least")
        }
        return shape.count == 4 ? shape : [shape[0], 1, shape[1], shape[2]]
    }

    private static func labels(in file: SafetensorsFile, count: Int) throws(DatasetError) -> [Int]? {
        guard let shape = file.entry("labels")?.shape else { return nil }
        guard shape == [count] else {
            throw DatasetError(
                .wrongShape, file: file.path, tensor: "labels",
                detail: "the shape is \(shape); labels for these images have the shape [\(count)]")
        }
        return try reading { () throws(SafetensorsError) in try file.integers("labels") }.map { Int($0) }
    }
}

/// What `body` returns; its error becomes one of this module.
private func reading<Result>(_ body: () throws(SafetensorsError) -> Result) throws(DatasetError) -> Result {
    do {
        return try body()
    } catch {
        throw DatasetError(error)
    }
}
