internal import Glibc
internal import Synchronization
internal import SystemPackage

/// How many temporary files this process has named, so that no two have the same name.
private let temporaryFiles = Atomic<Int>(0)

/// A file that is written under a temporary name and gets its own with `commit()`.
///
/// Its name shows either what was there before or all that is new, over a crash of the machine too. Without a commit the
/// target stays as it was, and the temporary file is removed at the end of the object's life. That of a killed process
/// is removed by the next one that begins a file in the same folder; the living lock theirs.
///
/// Only regular files that may be written are replaced. A link stays, and the file that it leads to is replaced.
package final class AtomicFile {
    private static let prefix = ".mgrq-unfinished-"

    /// The target as the caller gave it.
    package let path: String
    /// The name in the target's folder under which the bytes lie before the commit.
    package let temporaryPath: String
    /// The number of bytes written so far.
    package private(set) var count = 0
    private let target: String
    private let descriptor: FileDescriptor
    private var isOpen = true
    private var isCommitted = false

    /// Begins a file.
    ///
    /// - Parameter path: The target; its folder must exist.
    /// - Throws: `FileError(.cannotCreate)`.
    package init(_ path: String) throws(FileError) {
        self.path = path
        target = try Self.target(of: path)
        let folder = parent(of: target)
        Self.removeLeftovers(in: folder)
        var made: (path: String, descriptor: FileDescriptor)?
        while made == nil {
            made = try Self.makeTemporary(in: folder, for: path)
        }
        guard let made else { preconditionFailure("the loop ends with a file") }
        (temporaryPath, descriptor) = made
    }

    /// Makes a temporary file and locks it.
    ///
    /// - Returns: The file; nil where another process took the name or removed the file before it was locked.
    private static func makeTemporary(
        in folder: String, for path: String
    ) throws(FileError) -> (path: String, descriptor: FileDescriptor)? {
        let number = temporaryFiles.add(1, ordering: .relaxed).newValue
        let temporary = joined(folder, "\(prefix)\(getpid())-\(number)")
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(
                FilePath(temporary), .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
        } catch Errno.fileExists {
            return nil
        } catch {
            throw FileError(.cannotCreate, path, "cannot be made", error as? Errno ?? .ioError)
        }
        // Where a file system has no locks nothing is ever taken for a leftover.
        let isLocked = flock(descriptor.rawValue, LOCK_EX) == 0
        guard !isLocked || isStill(temporary, descriptor) else {
            try? descriptor.close()
            return nil
        }
        return (temporary, descriptor)
    }

    /// Whether a path leads to an open file, not to another one that took its name.
    private static func isStill(_ path: String, _ descriptor: FileDescriptor) -> Bool {
        guard let open = try? Stat(descriptor),
            let named = try? Stat(FilePath(path), followTargetSymlink: false)
        else { return false }
        return open.inode == named.inode && open.deviceID == named.deviceID
    }

    /// Removes the temporary files of processes that ended before a commit.
    ///
    /// - Parameter folder: Where they lie; one that cannot be listed keeps them.
    package static func removeLeftovers(in folder: String) {
        for name in (try? names(in: folder)) ?? [] where isTemporary(name) {
            let path = joined(folder, name)
            guard
                let descriptor = try? FileDescriptor.open(
                    FilePath(path), .readOnly, options: [.noFollow, .nonBlocking, .closeOnExec])
            else { continue }
            defer { try? descriptor.close() }
            // Its process holds the lock while it lives.
            guard (try? Stat(descriptor))?.type == .regular,
                flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0, isStill(path, descriptor)
            else { continue }
            unsafe unlink(path)
        }
    }

    deinit {
        if isOpen { try? descriptor.close() }
        if !isCommitted { unsafe unlink(temporaryPath) }
    }

    /// Whether a file's name is one of those that this type uses before a commit, in whatever process.
    package static func isTemporary(_ name: String) -> Bool {
        guard name.hasPrefix(prefix) else { return false }
        let numbers = name.dropFirst(prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        return numbers.count == 2
            && numbers.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// Adds bytes.
    ///
    /// - Throws: `FileError(.cannotWrite)`.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        try writeAll(bytes, to: descriptor, path: path)
        count += bytes.count
    }

    /// Brings the bytes to the disk and gives the file its name.
    ///
    /// - Throws: `FileError`: `.cannotWrite`, or `.cannotCreate` where the name cannot be given.
    package func commit() throws(FileError) {
        try synchronize(descriptor, path: path)
        // Closing gives up the lock, so the name comes first: without both, the file would be a leftover to others.
        guard unsafe rename(temporaryPath, target) == 0 else {
            throw FileError(.cannotCreate, path, "cannot be made", Errno(rawValue: errno))
        }
        isCommitted = true
        isOpen = false
        try systemCall {
            try descriptor.close()
        } orThrow: {
            FileError(.cannotWrite, path, "cannot be closed", $0)
        }
        try synchronizeFolder(parent(of: target))
    }

    /// The file that a path leads to: the path itself, or what its link leads to.
    private static func target(of path: String) throws(FileError) -> String {
        let noName = FileError(.cannotCreate, path, "names no file that can be written")
        guard !path.isEmpty, !path.hasSuffix("/"), !path.utf8.contains(0) else { throw noName }
        let own: FileStatus
        do {
            own = try FileStatus(path, followsLinks: false)
        } catch {
            guard error.code == .missing else {
                throw FileError(.cannotCreate, path, error.problem)
            }
            return path
        }
        let (status, target) = own.kind == .link ? (try? FileStatus(path), resolved(path)) : (own, path)
        switch (status?.kind, target) {
        case (.file, let target?):
            try checkWritable(target, path)
            return target
        case (.folder, _): throw FileError(.cannotCreate, path, "is a folder; give the name of a file in it")
        case (nil, _), (_, nil): throw FileError(.cannotCreate, path, "is a link that leads nowhere")
        default:
            throw FileError(.cannotCreate, path, "is a device, a pipe or a socket; only files are replaced")
        }
    }

    /// Refuses to replace a file that its owner has protected, which a new file of its name would not mind.
    ///
    /// - Parameters:
    ///   - target: A file.
    ///   - path: The path as the caller gave it.
    /// - Throws: `FileError(.cannotCreate)`.
    private static func checkWritable(_ target: String, _ path: String) throws(FileError) {
        // The system lets root write everywhere; a file that nobody may write is protected from it as well.
        let mode = (try? Stat(FilePath(target)))?.permissions ?? .ownerReadWrite
        let isProtected = mode.isDisjoint(with: [.ownerWrite, .groupWrite, .otherWrite])
        guard unsafe isProtected || faccessat(AT_FDCWD, target, W_OK, AT_EACCESS) != 0 && errno == EACCES
        else { return }
        throw FileError(
            .cannotCreate, path, "is read-only, and is not replaced; make it writable, or give another name")
    }

    private static func resolved(_ path: String) -> String? {
        guard let text = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(text) }
        return unsafe String(cString: text)
    }
}

@available(*, unavailable)
extension AtomicFile: Sendable {}

/// Writes a whole file with an `AtomicFile`.
///
/// - Parameters:
///   - bytes: The new contents.
///   - path: The target.
/// - Throws: `FileError`: `.cannotCreate` or `.cannotWrite`; then the target is as it was.
package func writeFile(_ bytes: [UInt8], to path: String) throws(FileError) {
    let file = try AtomicFile(path)
    try file.write(bytes)
    try file.commit()
}

func writeAll(_ bytes: [UInt8], to descriptor: FileDescriptor, path: String) throws(FileError) {
    try systemCall {
        _ = try descriptor.writeAll(bytes)
    } orThrow: {
        FileError(.cannotWrite, path, "cannot be written", $0)
    }
}

/// Waits until a file's bytes are on the disk.
func synchronize(_ descriptor: FileDescriptor, path: String) throws(FileError) {
    // What cannot be synchronized, as some file systems' folders, fails with EINVAL or EROFS.
    guard fsync(descriptor.rawValue) == 0 || errno == EINVAL || errno == EROFS else {
        throw FileError(.cannotWrite, path, "cannot reach the disk", Errno(rawValue: errno))
    }
}

/// Makes the names in a folder last over a crash of the machine.
package func synchronizeFolder(_ folder: String) throws(FileError) {
    // A folder that may be written but not read cannot be synchronized; the files in it are on the disk.
    guard
        let descriptor = try? FileDescriptor.open(
            FilePath(folder), .readOnly, options: [.directory, .closeOnExec])
    else { return }
    defer { try? descriptor.close() }
    try synchronize(descriptor, path: folder)
}
