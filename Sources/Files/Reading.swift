internal import SystemPackage

/// A regular file, open for reading, closed at the end of its life.
struct OpenedFile: ~Copyable {
    let path: String
    let descriptor: FileDescriptor
    let status: Stat

    /// Opens a file.
    ///
    /// - Throws: `FileError` if nothing is there, it is not a regular file, or it cannot be opened.
    init(_ path: String) throws(FileError) {
        let file = try filePath(path)
        // Without `.nonBlocking`, opening a named pipe waits for a writer.
        let descriptor = try systemCall {
            try FileDescriptor.open(file, .readOnly, options: [.closeOnExec, .nonBlocking])
        } orThrow: {
            FileError(opening: path, $0)
        }
        let status: Stat
        do throws(FileError) {
            status = try systemCall {
                try Stat(descriptor)
            } orThrow: {
                FileError(.unreadable, path, "cannot be read", $0)
            }
            guard status.type == .regular else {
                throw FileError(.notAFile, path, "is not a regular file")
            }
        } catch {
            try? descriptor.close()
            throw error
        }
        self.path = path
        self.descriptor = descriptor
        self.status = status
    }

    deinit {
        try? descriptor.close()
    }

    /// Reads the next bytes.
    ///
    /// - Parameter count: The most bytes to read, at least 1.
    /// - Returns: At least one byte, or none at the end of the file.
    /// - Throws: `FileError(.unreadable)`.
    func read(upTo count: Int) throws(FileError) -> [UInt8] {
        try systemCall {
            try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, taken in
                taken = try unsafe descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        } orThrow: { [path] in
            FileError(.unreadable, path, "cannot be read", $0)
        }
    }
}

/// Reads a whole file.
///
/// - Parameters:
///   - path: A regular file.
///   - limit: The most bytes that the caller accepts.
/// - Returns: All bytes.
/// - Throws: `FileError` if nothing is there, it is not a regular file, it is too long or cannot be read.
package func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let file = try OpenedFile(path)
    func check(_ size: Int) throws(FileError) {
        guard size <= limit else {
            throw FileError(.tooLarge, path, "has \(size) bytes; at most \(limit) are accepted")
        }
    }
    try check(Int(file.status.size))
    var bytes: [UInt8] = []
    var next = Int(file.status.size) + 1
    while true {
        let part = try file.read(upTo: next)
        if part.isEmpty { return bytes }
        if bytes.isEmpty { bytes = part } else { bytes += part }
        try check(bytes.count)
        // A file that has grown since it was opened.
        next = 1 << 16
    }
}

/// Reads the first bytes of a regular file.
///
/// - Returns: `count` bytes, fewer of a shorter file.
/// - Throws: `FileError` if nothing is there, it is not a regular file or cannot be read.
package func readPrefix(of path: String, count: Int) throws(FileError) -> [UInt8] {
    try OpenedFile(path).read(upTo: count)
}

/// How far the lines of a file reach.
package struct LineExtent: Equatable, Sendable {
    /// The number of lines that end with a newline.
    package var lines: Int
    /// The number of bytes up to the end of the last of them.
    package var length: Int
    /// Whether bytes follow that no newline ends.
    package var isTorn: Bool

    package init(lines: Int = 0, length: Int = 0, isTorn: Bool = false) {
        (self.lines, self.length, self.isTorn) = (lines, length, isTorn)
    }
}

/// Reads a file line by line in constant memory.
///
/// - Parameters:
///   - path: A regular file.
///   - limit: The longest line that the caller accepts, in bytes.
///   - body: Gets every line that a newline ends, without it, and its number, counted from 1.
/// - Returns: How far the lines reach.
/// - Throws: The failure of a `FileError`, `.tooLarge` for a line beyond the limit; and what `body` throws.
package func forEachLine<Failure: FileFailure>(
    of path: String, limit: Int, _ body: (_ line: [UInt8], _ number: Int) throws(Failure) -> Void
) throws(Failure) -> LineExtent {
    var extent = LineExtent()
    let file = try Failure.wrapping(try OpenedFile(path))
    func check(_ length: Int, _ number: Int) throws(Failure) {
        guard length <= limit else {
            throw Failure(FileError(.tooLarge, path, "has more than \(limit) bytes in line \(number)"))
        }
    }
    var rest: [UInt8] = []
    while true {
        let chunk = try Failure.wrapping(try file.read(upTo: 1 << 18))
        if chunk.isEmpty { break }
        var start = 0
        while let end = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest + chunk[start..<end]
            rest.removeAll(keepingCapacity: true)
            start = end + 1
            extent.lines += 1
            extent.length += line.count + 1
            try check(line.count, extent.lines)
            try body(line, extent.lines)
        }
        rest += chunk[start...]
        try check(rest.count, extent.lines + 1)
    }
    extent.isTorn = !rest.isEmpty
    return extent
}
