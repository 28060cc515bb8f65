internal import Safetensors

extension PixelArray {
    /// Takes the tensor `images` of a safetensors file.
    ///
    /// - Throws: `DatasetError` if it is missing or holds no images.
    init(of file: SafetensorsFile) throws(DatasetError) {
        do {
            // Asking for the bytes names the tensors that are there if this one is not.
            try file.withBytes(of: "images") { _ in }
        } catch {
            throw DatasetError(error)
        }
        let entry = file.entry("images")
        let element: Element? =
            switch entry?.type {
            case .uint8: .uint8
            case .float16: .float16
            case .float32: .float32
            case .float64: .float64
            default: nil
            }
        guard let element else {
            throw DatasetError(
                .wrongType, file: file.path, tensor: "images",
                detail:
                    "the elements are \(entry?.type.rawValue ?? "unknown"); images are U8, 0 to 255 before any "
                    + "normalisation, or F16, F32 or F64 that are normalised already")
        }
        try self.init(
            shape: entry?.shape ?? [], isFortran: false, element: element, source: .tensor(file, "images"),
            file: file.path)
    }
}

extension SafetensorsFile {
    /// The tensor `labels`, if there is one.
    ///
    /// - Parameter count: The number of images.
    /// - Returns: The class of each image.
    /// - Throws: `DatasetError` if it does not have one label for each image.
    func labels(count: Int) throws(DatasetError) -> [Int]? {
        guard let shape = entry("labels")?.shape else { return nil }
        guard shape == [count] else {
            throw DatasetError(
                .wrongShape, file: path, tensor: "labels",
                detail: "the shape is \(shape); labels for these images have the shape [\(count)]")
        }
        do {
            return try integers("labels").map { Int($0) }
        } catch {
            throw DatasetError(error)
        }
    }
}
