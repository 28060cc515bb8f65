package import Files

/// The reason why a run or another task failed.
package struct RunFailure: Error, Equatable, Codable, Sendable, CustomStringConvertible {
    /// The kind of a failure, which determines the exit code.
    package enum Kind: String, Codable, Sendable {
        /// A flag or a value of a plan is wrong: 64.
        case usage
        /// A file, a checkpoint or a plan is bad: 65.
        case badData = "bad_data"
        /// An input does not exist: 66.
        case missingInput = "missing_input"
        /// A bug in this program: 70.
        case `internal`
        /// The system gave no thread or no memory: 71.
        case system
        /// An output cannot be created: 73.
        case cannotCreate = "cannot_create"
        /// Reading or writing failed: 74.
        case inputOutput = "input_output"
    }

    /// The kind of failure.
    package var kind: Kind
    /// One sentence: what is wrong, where, what would be accepted.
    package var message: String

    package init(_ kind: Kind, _ message: String) {
        (self.kind, self.message) = (kind, message)
    }

    /// The message.
    package var description: String { message }

    /// The exit code, as in sysexits.
    package var exitCode: Int32 {
        switch kind {
        case .usage: 64
        case .badData: 65
        case .missingInput: 66
        case .internal: 70
        case .system: 71
        case .cannotCreate: 73
        case .inputOutput: 74
        }
    }
}

extension RunFailure: FileFailure {
    /// Makes the failure for a file that cannot be read or written.
    package init(_ error: FileError) {
        let kind: Kind =
            switch error.code {
            case .missing: .missingInput
            case .notAFile, .tooLarge: .badData
            case .circularLink, .unreadable, .cannotWrite: .inputOutput
            case .cannotCreate: .cannotCreate
            case .noMemory: .system
            }
        self.init(kind, "\(error)")
    }
}
