internal import Glibc
internal import Safetensors

/// What a path leads to, told by its content.
enum SourceKind {
    case folder, numpy, safetensors

    /// Looks at what a path leads to.
    ///
    /// - Throws: `DatasetError` if nothing is there, it cannot be opened, or it is a single image.
    init(path: String) throws(DatasetError) {
        var status = stat()
        guard !path.utf8.contains(0), unsafe stat(path, &status) == 0 else {
            let isMissing = path.utf8.contains(0) || errno == ENOENT || errno == ENOTDIR
            throw DatasetError(
                isMissing ? .missing : .unreadable, file: path,
                detail: isMissing
                    ? "there is no such file or folder; give a folder of images, or safetensors, npy or npz"
                    : "this cannot be opened: \(systemMessage(errno))")
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            self = .folder
            return
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw DatasetError(
                .unreadable, file: path, detail: "the file cannot be opened: \(systemMessage(errno))")
        }
        defer { close(descriptor) }
        var prefix = [UInt8](repeating: 0, count: ImageFormat.prefixLength)
        let taken = unsafe prefix.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        prefix.removeLast(prefix.count - max(0, taken))
        if let format = ImageFormat(sniffing: prefix.span) {
            throw DatasetError(
                .wrongShape, file: path,
                detail: "this is a single \(format.rawValue) image; give the folder that it lies in")
        }
        let isArchive = prefix.starts(with: [0x50, 0x4B, 3, 4]) || prefix.starts(with: [0x50, 0x4B, 5, 6])
        self = isArchive || prefix.starts(with: NPYHeader.magic) ? .numpy : .safetensors
    }
}
