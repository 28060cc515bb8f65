package import TerminalUI

/// Which lines of the log are shown.
package struct LogFilter: Equatable, Sendable {
    /// The words that a line must have, in any order, whatever the case.
    package internal(set) var line = EditLine()
    /// Whether the words are being typed.
    package internal(set) var isTyping = true
}
