package import TerminalUI

/// The filter of the log.
package struct LogFilter: Equatable, Sendable {
    /// The words that a line must contain.
    package internal(set) var line = EditLine()
    package internal(set) var isTyping = true
}
