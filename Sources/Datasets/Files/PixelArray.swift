internal import Files
internal import Safetensors

/// Images of one size in one array: as bytes, 0 to 255, or as numbers that are normalised already.
struct PixelArray: Sendable {
    /// The type of the elements.
    enum Element: String, Sendable {
        case uint8 = "uint8"
        case float16 = "float16"
        case float32 = "float32"
        case float64 = "float64"

        var width: Int {
            switch self {
            case .uint8: 1
            case .float16: 2
            case .float32: 4
            case .float64: 8
            }
        }
    }

    /// Where the elements are.
    enum Source: Sendable {
        case memory([UInt8], Range<Int>)
        case tensor(SafetensorsFile, String)
        case mapping(FileMapping, Range<Int>)
    }

    let count: Int
    let channels: Int
    let height: Int
    let width: Int
    let element: Element
    /// The distance in elements between neighbours along images, channels, rows and columns.
    let strides: [Int]
    private let source: Source

    /// Takes an array after a look at its shape.
    ///
    /// - Parameters:
    ///   - shape: `[n, h, w]`, `[n, c, h, w]` or `[n, h, w, c]`, where c is 1 to `ImageSet.maximumChannels`.
    ///   - isFortran: Whether the first axis varies fastest.
    ///   - element: The type of the elements.
    ///   - source: Where they are; as many as the shape has.
    ///   - file: For errors.
    /// - Throws: `DatasetError` if the extents are not those of images.
    init(
        shape: [Int], isFortran: Bool, element: Element, source: Source, file: String?
    ) throws(DatasetError) {
        guard shape.count == 3 || shape.count == 4 else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail:
                    "the shape is \(shape); images are [count, height, width], [count, channels, height, width] or "
                    + "[count, height, width, channels]")
        }
        guard shape[0] > 0 else {
            throw DatasetError(
                .empty, file: file, tensor: "images",
                detail: "there are no images, the shape is \(shape); one image is the least")
        }
        var strides = Array(repeating: 1, count: shape.count)
        for axis in shape.indices.dropFirst() {
            if isFortran {
                strides[axis] = strides[axis - 1] * shape[axis - 1]
            } else {
                let place = shape.count - 1 - axis
                strides[place] = strides[place + 1] * shape[place + 1]
            }
        }
        let channelRange = 1...ImageSet.maximumChannels
        let order: [Int]
        if shape.count == 3 {
            order = [0, 1, 2]
        } else if channelRange ~= shape[1] {
            order = [0, 1, 2, 3]
        } else if channelRange ~= shape[3] {
            order = [0, 3, 1, 2]
        } else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail:
                    "the shape is \(shape); the channels, 1 to \(ImageSet.maximumChannels), come after the count or "
                    + "last")
        }
        var extents = order.map { shape[$0] }
        var steps = order.map { strides[$0] }
        if shape.count == 3 {
            extents.insert(1, at: 1)
            steps.insert(0, at: 1)
        }
        guard 1...ImageSet.maximumSide ~= extents[2], 1...ImageSet.maximumSide ~= extents[3] else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail: "the images have \(extents[2]) × \(extents[3]) pixels; each side must be 1 to "
                    + "\(ImageSet.maximumSide)")
        }
        (count, channels, height, width) = (extents[0], extents[1], extents[2], extents[3])
        self.strides = steps
        self.element = element
        self.source = source
    }

    /// Writes one image as the numbers that a model reads.
    ///
    /// - Parameters:
    ///   - index: The image's place in the array.
    ///   - tables: `[channels, 256]`: what each byte becomes.
    ///   - file: For errors.
    ///   - target: `[channels, height, width]`.
    /// - Throws: `DatasetError` if the file changed, or a float is not finite.
    func write(
        _ index: Int, tables: [Float], file: String?, to target: UnsafeMutablePointer<Float>
    ) throws(DatasetError) {
        var isFinite = true
        try source.withBytes { bytes throws(DatasetError) in
            unsafe bytes.withUnsafeBufferPointer { buffer in
                let raw = UnsafeRawBufferPointer(buffer)
                var output = unsafe target
                for channel in 0..<channels {
                    for row in 0..<height {
                        var place = index * strides[0] + channel * strides[1] + row * strides[2]
                        for _ in 0..<width {
                            let value = unsafe value(at: place, in: raw, table: channel << 8, tables)
                            unsafe output.pointee = value
                            isFinite = isFinite && value.isFinite
                            unsafe output += 1
                            place += strides[3]
                        }
                    }
                }
            }
        }
        guard isFinite else {
            throw DatasetError(
                .badFloat, file: file, tensor: "images",
                detail: "image \(index) holds a number that is not finite")
        }
    }

    @inline(__always)
    private func value(
        at place: Int, in raw: UnsafeRawBufferPointer, table: Int, _ tables: [Float]
    ) -> Float {
        switch element {
        case .uint8:
            return unsafe tables[table | Int(raw[place])]
        case .float16:
            let bits = unsafe raw.loadUnaligned(fromByteOffset: 2 * place, as: UInt16.self)
            return float(half: UInt16(littleEndian: bits))
        case .float32:
            let bits = unsafe raw.loadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)
            return Float(bitPattern: UInt32(littleEndian: bits))
        case .float64:
            let bits = unsafe raw.loadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)
            return Float(Double(bitPattern: UInt64(littleEndian: bits)))
        }
    }
}

extension PixelArray.Source {
    /// Lends the bytes.
    ///
    /// - Throws: `DatasetError` if they cannot be read, and what `body` throws.
    func withBytes<Value>(
        _ body: (Span<UInt8>) throws(DatasetError) -> Value
    ) throws(DatasetError) -> Value {
        switch self {
        case .memory(let bytes, let range): return try body(bytes.span.extracting(range))
        case .mapping(let mapping, let range): return try mapping.withBytes(in: range, body)
        case .tensor(let file, let name):
            let result: Result<Value, DatasetError>
            do {
                result = try file.withBytes(of: name) { bytes throws(SafetensorsError) in
                    Result { () throws(DatasetError) in try body(bytes) }
                }
            } catch {
                throw DatasetError(error)
            }
            return try result.get()
        }
    }
}
