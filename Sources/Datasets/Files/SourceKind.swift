internal import Files

/// The kind of image set at a path, detected by content.
enum SourceKind {
    case folder, numpy, safetensors

    /// Detects the kind.
    ///
    /// - Throws: `DatasetError` if nothing is there, it cannot be opened, or it is a single image.
    init(path: String) throws(DatasetError) {
        let status: FileStatus
        do {
            status = try FileStatus(path)
        } catch {
            guard error.code == .missing else { throw DatasetError(error) }
            throw DatasetError(
                .missing, file: path,
                detail:
                    "there is no such file or folder; give a folder of images, or safetensors, npy or npz")
        }
        if status.kind == .folder {
            self = .folder
            return
        }
        let prefix = try DatasetError.wrapping(try readPrefix(of: path, count: ImageFormat.prefixLength))
        if let format = ImageFormat(sniffing: prefix.span) {
            throw DatasetError(
                .wrongShape, file: path,
                detail: "this is a single \(format.rawValue) image; give the folder that contains it")
        }
        if let other = nameOfOtherData(prefix.span) {
            throw DatasetError(
                .wrongShape, file: path, detail: "this is \(other), which is not read; \(Self.accepted)")
        }
        let isArchive = prefix.starts(with: [0x50, 0x4B, 3, 4]) || prefix.starts(with: [0x50, 0x4B, 5, 6])
        if isArchive || prefix.starts(with: NPYHeader.magic) {
            self = .numpy
            return
        }
        // A safetensors file begins with the length of its header, and a brace.
        guard prefix.count < 9 || prefix[8] == UInt8(ascii: "{") else {
            let isText = prefix.allSatisfy { $0 >= 0x20 || (0x09...0x0D).contains($0) }
            throw DatasetError(
                .wrongShape, file: path,
                detail: (isText
                    ? "this is a text, perhaps a list of images, which is not read"
                    : "the content is of no kind that is known") + "; \(Self.accepted)")
        }
        self = .safetensors
    }

    private static let accepted =
        "give a folder of images (\(ImageFormat.names)), or a safetensors, npy or npz file with an array of them"
}

/// What a file of data that is not read is, by its first bytes.
///
/// - Parameter bytes: The first `ImageFormat.prefixLength` bytes.
/// - Returns: Such as “a tar archive”; nil for what is not known.
func nameOfOtherData(_ bytes: Span<UInt8>) -> String? {
    func holds(_ expected: [UInt8], at start: Int = 0) -> Bool {
        bytes.count >= start + expected.count
            && expected.indices.allSatisfy { bytes[start + $0] == expected[$0] }
    }
    // The length of a safetensors header may begin like anything.
    if holds([0, 0, 0], at: 5), holds(Array("{".utf8), at: 8) { return nil }
    let texts: [(name: String, start: Int, text: String)] = [
        ("a Parquet file", 0, "PAR1"), ("a tar archive", 257, "ustar"), ("an Arrow file", 0, "ARROW1"),
        ("a MATLAB file", 0, "MATLAB 5.0"), ("an SQLite file", 0, "SQLite format 3"),
        ("a RAR archive", 0, "Rar!"),
        ("a pointer of Git LFS, whose file was not fetched", 0, "version https://git-lfs"),
    ]
    if let found = texts.first(where: { holds(Array($0.text.utf8), at: $0.start) }) { return found.name }
    let codes: [(name: String, start: Int, bytes: [UInt8])] = [
        ("an HDF5 file", 0, [0x89, 0x48, 0x44, 0x46]), ("an LMDB file", 16, [0xDE, 0xC0, 0xEF, 0xBE]),
        ("compressed with gzip", 0, [0x1F, 0x8B]), ("compressed with zstd", 0, [0x28, 0xB5, 0x2F, 0xFD]),
        ("compressed with xz", 0, [0xFD, 0x37, 0x7A, 0x58]),
        ("compressed with bzip2", 0, [0x42, 0x5A, 0x68]),
        ("a 7z archive", 0, [0x37, 0x7A, 0xBC, 0xAF]), ("an IDX file as of MNIST", 0, [0, 0, 8, 3]),
        ("an IDX file as of MNIST", 0, [0, 0, 8, 1]), ("a Python pickle", 0, [0x80, 2]),
        ("a Python pickle", 0, [0x80, 3]), ("a Python pickle", 0, [0x80, 4]),
        ("a Python pickle", 0, [0x80, 5]),
    ]
    if let found = codes.first(where: { holds($0.bytes, at: $0.start) }) { return found.name }
    return nil
}
