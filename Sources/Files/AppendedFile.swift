internal import SystemPackage

/// A file that only grows, and that ends with whole records whatever fails.
package final class AppendedFile {
    private let path: String
    private let descriptor: FileDescriptor
    private var length: Int

    /// Makes the file; nothing may have its name.
    ///
    /// - Throws: `FileError(.cannotCreate)`.
    package convenience init(creating path: String) throws(FileError) {
        let descriptor = try systemCall {
            try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.create, .exclusiveCreate, .append, .closeOnExec],
                permissions: FilePermissions(rawValue: 0o666))
        } orThrow: {
            FileError(.cannotCreate, path, "cannot be made", $0)
        }
        self.init(path: path, descriptor: descriptor.rawValue)
    }

    /// Opens a file and cuts off what follows its last whole record.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - length: Where its last whole record ends, in bytes.
    /// - Throws: `FileError(.cannotWrite)`.
    package convenience init(continuing path: String, at length: Int) throws(FileError) {
        let descriptor = try systemCall {
            let descriptor = try FileDescriptor.open(
                FilePath(path), .writeOnly, options: [.append, .closeOnExec])
            do {
                try descriptor.resize(to: Int64(length))
            } catch {
                try? descriptor.close()
                throw error
            }
            return descriptor
        } orThrow: {
            FileError(.cannotWrite, path, "cannot be written", $0)
        }
        self.init(path: path, descriptor: descriptor.rawValue, length: length)
    }

    /// Takes over an open file.
    ///
    /// - Parameters:
    ///   - path: Its name, for errors.
    ///   - descriptor: Open for appending; the object closes it.
    ///   - length: Its length in bytes.
    package init(path: String, descriptor: Int32, length: Int = 0) {
        self.path = path
        self.descriptor = FileDescriptor(rawValue: descriptor)
        self.length = length
    }

    deinit {
        try? descriptor.close()
    }

    /// Adds a record.
    ///
    /// - Parameters:
    ///   - record: Its bytes.
    ///   - isSynchronized: Whether it and all before it are on the disk when this returns.
    /// - Throws: `FileError(.cannotWrite)`; then the file ends with the record before.
    package func append(_ record: [UInt8], isSynchronized: Bool) throws(FileError) {
        do {
            try writeAll(record, to: descriptor, path: path)
            if isSynchronized { try synchronize(descriptor, path: path) }
        } catch {
            // If this fails too, readers find a torn last record and ignore it.
            try? descriptor.resize(to: Int64(length))
            throw error
        }
        length += record.count
    }
}

@available(*, unavailable)
extension AppendedFile: Sendable {}
