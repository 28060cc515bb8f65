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
        let isArchive = prefix.starts(with: [0x50, 0x4B, 3, 4]) || prefix.starts(with: [0x50, 0x4B, 5, 6])
        self = isArchive || prefix.starts(with: NPYHeader.magic) ? .numpy : .safetensors
    }
}
