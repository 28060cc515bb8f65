import Glibc
import Synchronization

/// How many unfinished files this process has named, so that no two have the same name.
private let unfinished = Atomic<Int>(0)

/// Writes a file so that its name shows either what was there before or all that is new.
///
/// The bytes go to a name of their own in the same folder and reach the disk before the rename. A failure
/// leaves the target as it was and the folder without the unfinished file.
///
/// - Parameters:
///   - path: The target; an existing file is replaced.
///   - body: Hands out the bytes, part by part, through its argument.
/// - Throws: `SafetensorsError` if the file cannot be made or written, and what `body` throws.
func writeAtomically(
    path: String,
    _ body: (_ write: ([UInt8]) throws(SafetensorsError) -> Void) throws(SafetensorsError) -> Void
) throws(SafetensorsError) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { String(path[...$0]) } ?? "./"
    let number = unfinished.add(1, ordering: .relaxed).newValue
    let temporary = "\(folder).unfinished-\(getpid())-\(number)"
    guard !path.utf8.contains(0), slash.map({ path.utf8.index(after: $0) }) != path.utf8.endIndex,
        !path.isEmpty
    else { throw SafetensorsError(.cannotCreate, file: path, detail: "this names no file") }
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
        throw SafetensorsError(
            .cannotCreate, file: path, detail: "no file can be made in this folder: \(systemMessage(errno))")
    }
    var isOpen = true
    do throws(SafetensorsError) {
        try body { bytes throws(SafetensorsError) in try writeAll(bytes, to: descriptor, path: path) }
        try check(fsync(descriptor), "cannot reach the disk", path)
        isOpen = false
        try check(close(descriptor), "cannot be closed", path)
        guard unsafe rename(temporary, path) == 0 else {
            throw SafetensorsError(
                .cannotCreate, file: path,
                detail: "the finished file cannot get its name: \(systemMessage(errno))")
        }
    } catch {
        if isOpen { close(descriptor) }
        unsafe unlink(temporary)
        throw error
    }
    try synchronise(folder: folder, path: path)
}

private func check(_ result: Int32, _ problem: String, _ path: String) throws(SafetensorsError) {
    guard result == 0 else {
        throw SafetensorsError(
            .cannotWrite, file: path, detail: "the file \(problem): \(systemMessage(errno))")
    }
}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(SafetensorsError) {
    var done = 0
    while done < bytes.count {
        let written = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done)
        }
        if written < 0 && errno == EINTR { continue }
        guard written > 0 else {
            throw SafetensorsError(
                .cannotWrite, file: path, detail: "the file cannot be written: \(systemMessage(errno))")
        }
        done += written
    }
}

/// Makes the rename itself last; file systems that cannot synchronise folders say EINVAL.
private func synchronise(folder: String, path: String) throws(SafetensorsError) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else {
        throw SafetensorsError(
            .cannotWrite, file: path, detail: "the folder cannot reach the disk: \(systemMessage(errno))")
    }
}
