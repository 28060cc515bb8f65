import Glibc

/// A file's bytes in memory without a copy, for as long as the object lives.
@safe package final class FileMapping: @unchecked Sendable {
    // `@unchecked Sendable`: the pages are mapped read-only and private, and nothing changes after `init`.
    private let base: UnsafeMutableRawPointer?
    private let descriptor: Int32
    private let status: stat
    /// The path as the caller gave it.
    package let path: String
    /// The length of the file in bytes.
    package let count: Int

    /// Maps a regular file.
    ///
    /// - Parameter path: Where it lies.
    /// - Throws: `SafetensorsError` if there is no such regular file or it cannot be mapped.
    package init(path: String) throws(SafetensorsError) {
        // Not blocking, or opening a named pipe would wait for a writer.
        let descriptor = path.utf8.contains(0) ? -1 : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let isMissing = path.utf8.contains(0) || errno == ENOENT || errno == ENOTDIR
            throw SafetensorsError(
                isMissing ? .missing : .unreadable, file: path,
                detail: isMissing
                    ? "there is no such file" : "the file cannot be opened: \(systemMessage(errno))")
        }
        var status = stat()
        let hasStatus = unsafe fstat(descriptor, &status) == 0
        guard hasStatus, status.st_mode & S_IFMT == S_IFREG, let count = Int(exactly: status.st_size) else {
            let reason =
                hasStatus ? "this is no regular file" : "the file cannot be read: \(systemMessage(errno))"
            close(descriptor)
            throw SafetensorsError(.unreadable, file: path, detail: reason)
        }
        var base: UnsafeMutableRawPointer?
        if count > 0 {
            unsafe base = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard unsafe base != MAP_FAILED else {
                let reason = systemMessage(errno)
                close(descriptor)
                throw SafetensorsError(
                    .unreadable, file: path, detail: "the file cannot be mapped: \(reason)")
            }
        }
        unsafe self.base = base
        self.descriptor = descriptor
        self.status = status
        self.path = path
        self.count = count
    }

    deinit {
        if let base = unsafe base { unsafe _ = munmap(base, count) }
        close(descriptor)
    }

    /// Lets the system take back the memory that holds bytes which have been read; they can be read again.
    ///
    /// - Parameter range: Within `0 ..< count`; memory that it shares with other bytes stays.
    package func forget(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        guard start < end, let base = unsafe base else { return }
        // Only a hint: what comes of it changes no result.
        unsafe _ = madvise(base + start, end - start, MADV_DONTNEED)
    }

    /// Lends the bytes in `range`, after a look whether the file is still the one that was opened.
    ///
    /// Pages of a file that was cut short since cannot be read without a signal that ends the program; a
    /// file that is replaced by renaming another one over it is no problem.
    ///
    /// - Parameters:
    ///   - range: Within `0 ..< count`.
    ///   - body: Reads the bytes.
    /// - Returns: What `body` returns.
    /// - Throws: `SafetensorsError` if the file changed, and what `body` throws.
    package func withBytes<Result>(
        in range: Range<Int>, _ body: (Span<UInt8>) throws(SafetensorsError) -> Result
    ) throws(SafetensorsError) -> Result {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count, "\(range) is outside 0 ..< \(count)")
        var now = stat()
        guard unsafe fstat(descriptor, &now) == 0, now.st_size == status.st_size,
            now.st_mtim.tv_sec == status.st_mtim.tv_sec, now.st_mtim.tv_nsec == status.st_mtim.tv_nsec
        else {
            throw SafetensorsError(.unreadable, file: path, detail: "the file changed while it was in use")
        }
        let buffer = unsafe UnsafeRawBufferPointer(
            start: base.map { UnsafeRawPointer($0) }, count: count)
        return try unsafe body(buffer.bindMemory(to: UInt8.self).span.extracting(range))
    }
}

/// What the system says about an error number.
package func systemMessage(_ code: Int32) -> String {
    guard let text = unsafe strerror(code) else { return "error \(code)" }
    return unsafe String(cString: text)
}
