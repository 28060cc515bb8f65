internal import Glibc
internal import SystemPackage

/// The path of a name, or of several parted by slashes, in a folder.
package func joined(_ folder: String, _ name: String) -> String {
    FilePath(folder).appending(name).string
}

/// The folder that contains a path: `.` for a bare name, `/` for the root.
package func parent(of path: String) -> String {
    let folder = FilePath(path).removingLastComponent()
    return folder.isEmpty ? "." : folder.string
}

/// The last name of a path; empty for the root.
package func lastName(of path: String) -> String {
    FilePath(path).lastComponent?.string ?? ""
}

/// What a path leads to.
package struct FileStatus: Sendable {
    /// The kinds that matter.
    package enum Kind: Sendable {
        case file, folder, link
        /// A device, a pipe or a socket.
        case other
    }

    /// Tells files and folders apart, whatever paths lead to them.
    package struct Identity: Hashable, Sendable {
        fileprivate let device: UInt64
        fileprivate let inode: UInt64
    }

    /// What it is.
    package let kind: Kind
    /// The length in bytes.
    package let size: Int
    /// Which file or folder it is.
    package let identity: Identity

    /// Looks a path up.
    ///
    /// - Parameters:
    ///   - path: The path.
    ///   - followsLinks: Whether the end of a chain of links is looked at, not the link itself.
    /// - Throws: `FileError`: `.missing`, `.circularLink` or `.unreadable`.
    package init(_ path: String, followsLinks: Bool = true) throws(FileError) {
        let file = try filePath(path)
        self.init(
            try systemCall {
                try Stat(file, followTargetSymlink: followsLinks)
            } orThrow: {
                FileError(opening: path, $0)
            })
    }

    init(_ status: Stat) {
        kind =
            switch status.type {
            case .regular: .file
            case .directory: .folder
            case .symbolicLink: .link
            default: .other
            }
        size = Int(status.size)
        identity = Identity(
            device: UInt64(status.deviceID.rawValue), inode: UInt64(status.inode.rawValue))
    }
}

/// Whether a path leads to a folder.
package func isFolder(_ path: String) -> Bool { (try? FileStatus(path))?.kind == .folder }

/// Whether a path is a folder itself, not a link to one.
package func isOwnFolder(_ path: String) -> Bool {
    (try? FileStatus(path, followsLinks: false))?.kind == .folder
}

/// Whether a path leads to a regular file.
package func isFile(_ path: String) -> Bool { (try? FileStatus(path))?.kind == .file }

/// Whether a path leads anywhere.
package func exists(_ path: String) -> Bool { (try? FileStatus(path)) != nil }

/// The path for the system.
///
/// - Throws: `FileError(.missing)` for a path with a NUL, which no file has.
func filePath(_ path: String) throws(FileError) -> FilePath {
    guard !path.utf8.contains(0) else { throw FileError(opening: path, .noSuchFileOrDirectory) }
    return FilePath(path)
}

// MARK: - Folders

/// The names in a folder, sorted.
///
/// - Throws: `FileError` where it cannot be listed.
package func names(in folder: String) throws(FileError) -> [String] {
    guard !folder.utf8.contains(0), let stream = unsafe opendir(folder) else {
        let reason = folder.utf8.contains(0) ? .noSuchFileOrDirectory : Errno(rawValue: errno)
        throw FileError(FileError(opening: folder, reason).code, folder, "cannot be listed", reason)
    }
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

/// Makes a folder and those above it that are missing.
///
/// - Returns: The folders that were made, outermost first.
/// - Throws: `FileError(.cannotCreate)`; then none of them is left.
@discardableResult
package func makeFolders(_ path: String) throws(FileError) -> [String] {
    guard !path.utf8.contains(0) else { throw FileError(.cannotCreate, path, "names no folder") }
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
            let reason =
                isTaken ? "something that is not a folder is in its place" : "\(Errno(rawValue: errno))"
            removeFolders(made)
            throw FileError(.cannotCreate, folder, "cannot be made: \(reason)")
        }
        made.append(folder)
    }
    return made
}

/// Removes empty folders, innermost first; one that holds something stays.
package func removeFolders(_ folders: [String]) {
    for folder in folders.reversed() {
        unsafe rmdir(folder)
    }
}

/// Removes a file's name; a missing name is not an error.
///
/// - Throws: `FileError(.cannotWrite)`.
package func removeFile(_ path: String) throws(FileError) {
    guard !path.utf8.contains(0) else { return }
    guard unsafe unlink(path) == 0 || errno == ENOENT else {
        throw FileError(.cannotWrite, path, "cannot be removed", Errno(rawValue: errno))
    }
}
