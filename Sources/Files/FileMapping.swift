internal import Glibc
internal import SystemPackage

/// A file's bytes in memory without a copy, for as long as the object lives.
@safe package final class FileMapping: @unchecked Sendable {
    // `@unchecked Sendable`: the pages are mapped read-only and private, and nothing changes after `init`.
    private let base: UnsafeMutableRawPointer?
    private let file: OpenedFile
    /// The path as the caller gave it.
    package let path: String
    /// The length of the file in bytes.
    package let count: Int

    /// Maps a regular file.
    ///
    /// - Throws: `FileError` if there is no such regular file or it cannot be mapped.
    package init(path: String) throws(FileError) {
        self.path = path
        file = try OpenedFile(path)
        count = Int(file.status.size)
        // The system maps no empty range.
        let base =
            unsafe count > 0 ? mmap(nil, count, PROT_READ, MAP_PRIVATE, file.descriptor.rawValue, 0) : nil
        let reason = Errno(rawValue: errno)
        unsafe self.base = base == MAP_FAILED ? nil : base
        guard unsafe base == MAP_FAILED else { return }
        guard reason != .noMemory else {
            throw FileError(
                .noMemory, path,
                "cannot be mapped: there is no memory for \(count) more bytes; raise the limit (ulimit -v)")
        }
        throw FileError(.unreadable, path, "cannot be mapped", reason)
    }

    deinit {
        if let base = unsafe base { unsafe _ = munmap(base, count) }
    }

    /// Lets the system take back the memory of bytes that have been read; they can be read again.
    ///
    /// - Parameter range: Within `0 ..< count`; memory that it shares with other bytes stays.
    package func forget(_ range: Range<Int>) {
        let page = Int(getpagesize())
        let (start, end) = ((range.lowerBound + page - 1) / page * page, range.upperBound / page * page)
        guard start < end, let base = unsafe base else { return }
        // Only a hint: a failure changes no result.
        unsafe _ = madvise(base + start, end - start, MADV_DONTNEED)
    }

    /// Lends the bytes in `range` after checking that the file is unchanged since it was opened.
    ///
    /// Reading pages of a file that was cut short raises a signal that ends the program. A file that was replaced by
    /// renaming another one over it stays readable.
    ///
    /// - Parameters:
    ///   - range: Within `0 ..< count`; nil lends all bytes.
    ///   - body: Reads the bytes.
    /// - Returns: What `body` returns.
    /// - Throws: The failure of a `FileError` if the file changed, and what `body` throws.
    package func withBytes<Result, Failure: FileFailure>(
        in range: Range<Int>? = nil, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let range = range ?? 0..<count
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count, "\(range) is outside 0 ..< \(count)")
        let (then, now) = (file.status, try? Stat(file.descriptor))
        guard let now, now.size == then.size, now.st_mtim.tv_sec == then.st_mtim.tv_sec,
            now.st_mtim.tv_nsec == then.st_mtim.tv_nsec
        else {
            throw Failure(FileError(.unreadable, path, "changed while it was in use"))
        }
        let buffer = unsafe UnsafeRawBufferPointer(
            start: base.map { UnsafeRawPointer($0) }, count: count)
        return try unsafe body(buffer.bindMemory(to: UInt8.self).span.extracting(range))
    }
}
