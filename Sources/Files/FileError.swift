internal import SystemPackage

/// What is wrong with a file or a folder.
///
/// Each module turns it into its own error type, which conforms to `FileFailure`.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, for programs.
    package enum Code: Hashable, Sendable {
        /// Nothing has this path.
        case missing
        /// A link on the way leads back to itself.
        case circularLink
        /// It is there but cannot be opened or read, or it changed while in use.
        case unreadable
        /// It is a folder, a device, a pipe or a socket where a regular file is needed.
        case notAFile
        /// It is longer than the caller accepts.
        case tooLarge
        /// It cannot be created, or not where it was asked for.
        case cannotCreate
        /// Writing began and failed.
        case cannotWrite
        /// The system gives no memory for it.
        case noMemory
    }

    /// What went wrong, for programs.
    package let code: Code
    /// The path as the caller gave it.
    package let path: String
    /// What is wrong, as a predicate of the path: “cannot be read: Input/output error”.
    package let problem: String

    init(_ code: Code, _ path: String, _ problem: String) {
        self.code = code
        self.path = path
        self.problem = problem
    }

    init(_ code: Code, _ path: String, _ problem: String, _ reason: Errno) {
        self.init(code, path, "\(problem): \(reason)")
    }

    /// The error for a path that cannot be opened or looked up.
    init(opening path: String, _ reason: Errno) {
        let code: Code =
            switch reason {
            case .noSuchFileOrDirectory, .notDirectory: .missing
            case .tooManySymbolicLinkLevels: .circularLink
            default: .unreadable
            }
        self.init(code, path, "cannot be opened", reason)
    }

    /// One sentence: the path and what is wrong with it.
    package var description: String { "\(path.isEmpty ? "an empty path" : path) \(problem)" }

    /// What is wrong, for a sentence that has already named the path.
    package var detail: String {
        switch code {
        case .missing: "there is no such file"
        case .notAFile: "this \(problem)"
        default: "the file \(problem)"
        }
    }
}

/// A module's error type that describes file errors in its own words.
package protocol FileFailure: Error {
    /// Makes the module's error.
    init(_ error: FileError)
}

extension FileError: FileFailure {
    package init(_ error: FileError) { self = error }
}

extension FileFailure {
    /// Evaluates `body`; its `FileError` becomes this type.
    package static func wrapping<Value: ~Copyable>(
        _ body: @autoclosure () throws(FileError) -> Value
    ) throws(Self) -> Value {
        do {
            return try body()
        } catch {
            throw Self(error)
        }
    }
}

/// Makes a system call of swift-system, which throws an `Errno`.
func systemCall<Value>(
    _ body: () throws -> Value, orThrow failure: (Errno) -> FileError
) throws(FileError) -> Value {
    do {
        return try body()
    } catch let reason as Errno {
        throw failure(reason)
    } catch {
        preconditionFailure("swift-system threw \(error)")
    }
}
