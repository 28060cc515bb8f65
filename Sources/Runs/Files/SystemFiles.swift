internal import Glibc
internal import Synchronization

/// The number of temporary files that this process has named, so that no two have the same name.
private let temporaryFiles = Atomic<Int>(0)

/// What the system says of an error number.
func systemMessage(_ number: Int32) -> String {
    unsafe String(cString: strerror(number))
}

/// Reads a whole file.
///
/// - Parameters:
///   - path: The file.
///   - limit: The greatest size in bytes that makes sense.
/// - Returns: Its bytes.
/// - Throws: `RunFailure`: `.missingInput` where there is no such file, `.badData` where it is longer than the
///   limit or no file, `.inputOutput` where it cannot be read.
package func readFile(_ path: String, limit: Int) throws(RunFailure) -> [UInt8] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        let kind: RunFailure.Kind = errno == ENOENT || errno == ENOTDIR ? .missingInput : .inputOutput
        throw RunFailure(kind, "\(path) cannot be opened: \(systemMessage(errno))")
    }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
        throw RunFailure(.badData, "\(path) is no file")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else {
            throw RunFailure(.inputOutput, "\(path) cannot be read: \(systemMessage(errno))")
        }
        if count == 0 { return bytes }
        bytes += buffer[..<count]
        guard bytes.count <= limit else {
            throw RunFailure(.badData, "\(path) has more than \(limit) bytes, which cannot be right")
        }
    }
}

/// Writes all bytes to an open file.
///
/// - Throws: `RunFailure(.inputOutput)` that names the path.
func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(RunFailure) {
    var done = 0
    while done < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe write(descriptor, buffer.baseAddress?.advanced(by: done), bytes.count - done)
        }
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else {
            throw RunFailure(.inputOutput, "\(path) cannot be written: \(systemMessage(errno))")
        }
        done += count
    }
}

/// Waits until a file's bytes are on the disk.
///
/// - Throws: `RunFailure(.inputOutput)` that names the path.
func synchronize(_ descriptor: Int32, path: String) throws(RunFailure) {
    // Pipes and devices cannot be synchronised and say so.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
        throw RunFailure(.inputOutput, "\(path) cannot reach the disk: \(systemMessage(errno))")
    }
}

/// Writes a file so that its name shows either what was there before or all that is new.
///
/// The bytes go to a temporary name in the same folder and reach the disk before the rename; then the folder
/// does. A failure leaves the target as it was and the folder without the temporary file.
///
/// - Parameters:
///   - bytes: The new contents.
///   - path: The file, which is replaced if it is there.
/// - Throws: `RunFailure`: `.cannotCreate` where the file cannot be made, `.inputOutput` where writing fails.
package func writeFileAtomically(_ bytes: [UInt8], to path: String) throws(RunFailure) {
    try writeFileAtomically(to: path) { write throws(RunFailure) in try write(bytes) }
}

/// Writes a file part by part so that its name shows either what was there before or all that is new.
///
/// - Parameters:
///   - path: The file, which is replaced if it is there.
///   - body: Hands out the bytes through its argument.
/// - Throws: As above, and what `body` throws; then the target is as it was.
package func writeFileAtomically(
    to path: String, _ body: (_ write: ([UInt8]) throws(RunFailure) -> Void) throws(RunFailure) -> Void
) throws(RunFailure) {
    let folder = parent(of: path)
    let number = temporaryFiles.add(1, ordering: .relaxed).newValue
    let temporary = joined(folder, ".unfinished-\(getpid())-\(number)")
    guard !path.isEmpty, !path.hasSuffix("/"), !path.utf8.contains(0), !isFolder(path) else {
        throw RunFailure(
            .cannotCreate, "\(path.isEmpty ? "an empty path" : path) names no file that can be written")
    }
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
        throw RunFailure(.cannotCreate, "\(path) cannot be made: \(systemMessage(errno))")
    }
    do throws(RunFailure) {
        defer { close(descriptor) }
        try body { bytes throws(RunFailure) in try writeAll(bytes, to: descriptor, path: path) }
        try synchronize(descriptor, path: path)
        try renameFile(temporary, to: path)
    } catch {
        unsafe unlink(temporary)
        throw error
    }
}

/// Gives a file another name in the same folder, in place of a file that has it; the name lasts over a crash.
///
/// - Throws: `RunFailure(.cannotCreate)`; then both files are as they were.
package func renameFile(_ path: String, to target: String) throws(RunFailure) {
    guard unsafe rename(path, target) == 0 else {
        throw RunFailure(.cannotCreate, "\(target) cannot be made: \(systemMessage(errno))")
    }
    try synchronizeFolder(parent(of: target))
}

/// Makes names in a folder last over a crash of the machine.
func synchronizeFolder(_ folder: String) throws(RunFailure) {
    let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    // A folder that may be written but not read cannot be synchronised; the file itself is on the disk.
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    try synchronize(descriptor, path: folder)
}

/// Makes a folder and those above it that are missing.
///
/// - Returns: The folders that were made, outermost first.
/// - Throws: `RunFailure(.cannotCreate)`; then none of them is left.
func makeFolders(_ path: String) throws(RunFailure) -> [String] {
    var missing: [String] = []
    var folder = path
    while !isFolder(folder) {
        missing.append(folder)
        let above = parent(of: folder)
        if above == folder { break }
        folder = above
    }
    var made: [String] = []
    for folder in missing.reversed() {
        guard unsafe mkdir(folder, 0o777) == 0 || errno == EEXIST && isFolder(folder) else {
            let isTaken = errno == EEXIST || errno == ENOTDIR
            let reason = isTaken ? "something that is no folder is in its place" : systemMessage(errno)
            removeFolders(made)
            throw RunFailure(.cannotCreate, "the folder \(folder) cannot be made: \(reason)")
        }
        made.append(folder)
    }
    return made
}

/// Removes folders that are empty, innermost first; one that holds something stays.
func removeFolders(_ folders: [String]) {
    for folder in folders.reversed() {
        unsafe rmdir(folder)
    }
}

/// The names in a folder, sorted; nil where it cannot be listed.
package func names(in folder: String) -> [String]? {
    guard let stream = unsafe opendir(folder) else { return nil }
    defer { unsafe closedir(stream) }
    var result: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { result.append(name) }
    }
    return result.sorted()
}

/// Whether a path leads to a folder.
package func isFolder(_ path: String) -> Bool { fileKind(path) == S_IFDIR }

/// Whether a path leads to a plain file.
package func isFile(_ path: String) -> Bool { fileKind(path) == S_IFREG }

private func fileKind(_ path: String) -> mode_t? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
}

/// A name in a folder as a path.
package func joined(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
}

/// The folder that a path lies in: `.` for a bare name, `/` for the root.
package func parent(of path: String) -> String {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
}
