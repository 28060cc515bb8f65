internal import Glibc
internal import SystemPackage

/// A lock between processes, held for as long as the object lives.
package final class FileLock {
    private let descriptor: FileDescriptor

    /// Takes a lock; nil while another process, or this one, holds it.
    ///
    /// - Parameter path: The file that is locked; it is made where it is missing.
    /// - Throws: `FileError(.cannotCreate)`.
    package init?(_ path: String) throws(FileError) {
        descriptor = try systemCall {
            try FileDescriptor.open(
                FilePath(path), .readWrite, options: [.create, .noFollow, .nonBlocking, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
        } orThrow: {
            FileError(.cannotCreate, path, "cannot be made", $0)
        }
        guard (try? Stat(descriptor))?.type == .regular else {
            try? descriptor.close()
            throw FileError(.cannotCreate, path, "is a device, a pipe or a socket; a file was expected")
        }
        // The holder removes the name at the end of its work; a lock taken on the old file protects nothing.
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0,
            let locked = try? Stat(descriptor), let named = try? Stat(FilePath(path)),
            locked.inode == named.inode
        else {
            return nil
        }
    }

    deinit {
        try? descriptor.close()
    }
}

@available(*, unavailable)
extension FileLock: Sendable {}

/// This process.
package var processIdentifier: Int { Int(getpid()) }

/// The processes that hold a lock on a file, by the kernel's list of locks; no lock is taken.
///
/// - Parameter path: The file; one that is missing has no lock.
/// - Returns: Their numbers.
/// - Throws: `FileError(.unreadable)` where the kernel keeps no list.
package func lockHolders(of path: String) throws(FileError) -> [Int] {
    guard let status = try? Stat(try filePath(path)) else { return [] }
    // Such as `1: FLOCK  ADVISORY  WRITE 731 fe:01:2662 0 EOF`; some file systems report another device than stat does.
    return String(decoding: try readFile("/proc/locks", limit: 1 << 22), as: UTF8.self).split(separator: "\n")
        .compactMap {
            let words = $0.split(separator: " ")
            guard words.count > 5, words[1] == "FLOCK", let inode = words[5].split(separator: ":").last,
                UInt64(inode) == UInt64(status.inode.rawValue)
            else { return nil }
            return Int(words[4])
        }
}
