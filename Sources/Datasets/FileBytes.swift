internal import Glibc
internal import Safetensors

/// The bytes of a regular file.
///
/// - Parameters:
///   - path: Where it lies.
///   - limit: The most bytes that are read; a longer file is refused.
/// - Returns: All of them.
/// - Throws: `DatasetError` if there is no such regular file, it is too long or cannot be read.
func fileBytes(_ path: String, limit: Int) throws(DatasetError) -> [UInt8] {
    // Not blocking, or opening a named pipe would wait for a writer.
    let descriptor = path.utf8.contains(0) ? -1 : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        let isMissing = path.utf8.contains(0) || errno == ENOENT || errno == ENOTDIR
        throw DatasetError(
            isMissing ? .missing : .unreadable, file: path,
            detail: isMissing
                ? "there is no such file" : "the file cannot be opened: \(systemMessage(errno))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw DatasetError(.unreadable, file: path, detail: "this is no regular file")
    }
    guard status.st_size <= limit else {
        throw DatasetError(
            .tooLarge, file: path, detail: "the file has \(status.st_size) bytes; up to \(limit) are read")
    }
    let size = Int(status.st_size)
    var failure: Int32 = 0
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        while count < size {
            let taken = unsafe read(descriptor, buffer.baseAddress?.advanced(by: count), size - count)
            if taken < 0, errno == EINTR { continue }
            if taken < 0 { failure = errno }
            guard taken > 0 else { return }
            count += taken
        }
    }
    guard failure == 0 else {
        throw DatasetError(
            .unreadable, file: path, detail: "the file cannot be read: \(systemMessage(failure))")
    }
    return bytes
}
