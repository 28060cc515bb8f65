internal import CImageCodecs
internal import Files
internal import Safetensors

/// Arrays in an npy file or an npz archive.
struct NumPyFile {
    /// One array: its header, and where its bytes are.
    struct Array {
        var header: NPYHeader
        var source: PixelArray.Source
    }

    /// The most bytes that a deflated array may unfold to; it is held in memory.
    private static let greatestInflated = 4 << 30

    private let mapping: FileMapping
    /// The archive's members by array name; nil for a single npy array.
    private let members: [String: ZIPDirectory.Member]?

    /// Opens a file.
    ///
    /// - Parameter path: Its path.
    /// - Throws: `DatasetError` if it cannot be read or is not an archive.
    init(path: String) throws(DatasetError) {
        mapping = try DatasetError.wrapping(try FileMapping(path: path))
        let magic = NPYHeader.magic
        let found = try mapping.withBytes {
            bytes throws(DatasetError) -> [ZIPDirectory.Member]? in
            if bytes.count >= magic.count, magic.indices.allSatisfy({ bytes[$0] == magic[$0] }) { return nil }
            do throws(ZIPDirectory.Problem) {
                return try ZIPDirectory(parsing: bytes).members
            } catch {
                throw DatasetError(.malformed, file: path, detail: "\(error)")
            }
        }
        members = found.map { found in
            Dictionary(
                uniqueKeysWithValues: found.filter { $0.name.hasSuffix(".npy") }.map {
                    (String($0.name.dropLast(4)), $0)
                })
        }
    }

    /// The array of images.
    func images() throws(DatasetError) -> PixelArray {
        guard let array = try array("images") else {
            guard members?.isEmpty != true else {
                throw DatasetError(
                    .wrongShape, file: mapping.path,
                    detail:
                        "this is a zip archive without arrays of NumPy; unpack it and give the folder, or an npz with "
                        + "an array “images”")
            }
            throw DatasetError(
                .missing, file: mapping.path,
                detail:
                    "the archive has no array “images”; it has \(listed((members ?? [:]).keys.sorted()))"
            )
        }
        let element: PixelArray.Element? =
            switch (array.header.type.kind, array.header.type.width) {
            case ("u", 1): .uint8
            case ("f", 2): .float16
            case ("f", 4): .float32
            case ("f", 8): .float64
            default: nil
            }
        guard let element else {
            throw DatasetError(
                .wrongType, file: mapping.path, tensor: "images",
                detail:
                    "the elements are integers of \(array.header.type.width) bytes; images are |u1, 0 to 255, or floats "
                    + "that are normalised already")
        }
        return try PixelArray(
            shape: array.header.shape, isFortran: array.header.isFortran, element: element,
            source: array.source,
            file: mapping.path)
    }

    /// The array of labels, if there is one.
    ///
    /// - Parameter count: The number of images.
    /// - Returns: The class of each image.
    /// - Throws: `DatasetError` if it does not have one label for each image.
    func labels(count: Int) throws(DatasetError) -> [Int]? {
        guard members != nil, let array = try array("labels") else { return nil }
        let (type, shape) = (array.header.type, array.header.shape)
        guard type.kind != "f" else {
            throw DatasetError(
                .wrongType, file: mapping.path, tensor: "labels",
                detail: "the labels are floats; they must be integers")
        }
        guard shape == [count] else {
            throw DatasetError(
                .wrongShape, file: mapping.path, tensor: "labels",
                detail: "the shape is \(shape); labels for these images have the shape [\(count)]")
        }
        return try array.source.withBytes { bytes throws(DatasetError) in
            (0..<count).map { index in
                let place = index * type.width
                let bits = (0..<type.width).reduce(UInt64(0)) {
                    $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1))
                }
                // Unsigned labels beyond 63 bits become negative, which is refused like any other.
                let unused = UInt64(64 - 8 * type.width)
                return type.kind == "i"
                    ? Int(Int64(bitPattern: bits << unused) >> Int64(unused)) : Int(truncatingIfNeeded: bits)
            }
        }
    }

    /// An array by name; nil where the archive has none.
    ///
    /// The one array of an npy file has every name.
    private func array(_ name: String) throws(DatasetError) -> Array? {
        guard let members else {
            return try Self.array(.mapping(mapping, 0..<mapping.count), mapping, name: nil)
        }
        guard let member = members[name] else { return nil }
        return try Self.array(try content(of: member, name: name), mapping, name: name)
    }

    private static func array(
        _ source: PixelArray.Source, _ mapping: FileMapping, name: String?
    ) throws(DatasetError) -> Array {
        let header = try source.withBytes { bytes throws(DatasetError) in
            try NPYHeader(parsing: bytes, file: mapping.path, name: name)
        }
        switch source {
        case .memory(let bytes, let range):
            return Array(header: header, source: .memory(bytes, range.dropFirst(header.length)))
        case .mapping(let mapping, let range):
            return Array(header: header, source: .mapping(mapping, range.dropFirst(header.length)))
        case .tensor:
            return Array(header: header, source: source)
        }
    }

    /// A member's bytes, checked against its checksum.
    private func content(of member: ZIPDirectory.Member, name: String) throws(DatasetError)
        -> PixelArray.Source
    {
        func malformed(_ detail: String) -> DatasetError {
            DatasetError(.malformed, file: mapping.path, tensor: name, detail: detail)
        }
        let source: PixelArray.Source
        switch member.method {
        case 0:
            source = .mapping(mapping, member.bytes)
        case 8:
            // Deflate shortens to a 1032nd at most.
            guard member.length <= Self.greatestInflated, member.length / 1032 <= member.bytes.count else {
                throw malformed(
                    "the compressed array announces \(member.length) bytes, which "
                        + (member.length > Self.greatestInflated
                            ? "is beyond the limit of \(Self.greatestInflated); store it uncompressed, with numpy.savez"
                            : "\(member.bytes.count) compressed bytes cannot hold"))
            }
            source = .memory(try inflate(member, name: name), 0..<member.length)
        default:
            throw malformed(
                "the array is compressed by method \(member.method); stored and deflated ones are read")
        }
        let checksum = try source.withBytes { bytes throws(DatasetError) in
            unsafe bytes.withUnsafeBufferPointer { unsafe image_crc32($0.baseAddress, $0.count) }
        }
        guard checksum == member.checksum else {
            throw malformed("the checksum of the array is not the one in the archive; the file is damaged")
        }
        return source
    }

    private func inflate(_ member: ZIPDirectory.Member, name: String) throws(DatasetError) -> [UInt8] {
        var status = INFLATED
        let result = try mapping.withBytes(in: member.bytes) { input throws(DatasetError) in
            unsafe input.withUnsafeBufferPointer { input in
                unsafe [UInt8](unsafeUninitializedCapacity: member.length) { output, count in
                    unsafe status = image_inflate(
                        input.baseAddress, input.count, output.baseAddress, member.length)
                    count = status == INFLATED ? member.length : 0
                }
            }
        }
        guard status == INFLATED else {
            throw DatasetError(
                .malformed, file: mapping.path, tensor: name,
                detail: status == INFLATE_WRONG_SIZE
                    ? "the compressed array has another length than the archive announces"
                    : "the compressed array is damaged")
        }
        return result
    }
}
