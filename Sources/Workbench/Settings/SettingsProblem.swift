internal import Runs

/// Why a settings or theme file cannot be used.
package struct SettingsProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as the user named it.
    package let file: String
    /// The line, from 1; nil for the whole file.
    package let line: Int?
    /// What is wrong and what would be accepted.
    package let message: String

    package init(file: String, line: Int?, message: String) {
        (self.file, self.line, self.message) = (file, line, message)
    }

    /// Makes a problem of an error of the YAML reader.
    init(_ error: PlanError, file: String) {
        if case .located(let error, let line) = error {
            self.init(file: file, line: line, message: "\(error)")
        } else {
            self.init(file: file, line: nil, message: "\(error)")
        }
    }

    /// One sentence: `FILE:LINE: message`.
    package var description: String {
        line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}
