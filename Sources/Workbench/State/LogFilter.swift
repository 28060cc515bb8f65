public import TerminalUI

/// Which lines of the log are shown.
public struct LogFilter: Equatable, Sendable {
    /// The words that a line must have, in any order, whatever the case.
    public internal(set) var line = EditLine()
    /// Whether the words are being typed.
    public internal(set) var isTyping = true
}
