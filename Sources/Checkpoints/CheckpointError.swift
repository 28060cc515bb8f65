package import Files
package import Safetensors

/// Why a checkpoint cannot be used.
package enum CheckpointError: FileFailure, Sendable, CustomStringConvertible {
    /// The file is missing, damaged, or cannot be written.
    case file(SafetensorsError)
    /// An expected file is missing; the text names it.
    case missing(String)
    /// The file is sound, but not a model that this program can run; one sentence says why.
    case unusable(String)
    /// Every part that is missing, unexpected or unsupported, one sentence each.
    case problems(file: String, [String])

    /// Makes the error for a file that cannot be read or written at all.
    package init(_ error: FileError) {
        self = error.code == .tooLarge ? .unusable("\(error)") : .file(SafetensorsError(error))
    }

    /// One sentence: what, where, and what is accepted.
    package var description: String {
        switch self {
        case .file(let error): error.description
        case .missing(let sentence), .unusable(let sentence): sentence
        case .problems(let file, let problems):
            "\(file) is not a checkpoint that can be quantized: \(problems.prefix(4).joined(separator: "; "))"
                + (problems.count > 4 ? "; and \(problems.count - 4) more (see mgrq inspect)" : "")
        }
    }
}
