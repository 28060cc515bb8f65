/// The latest lines of the log; older ones are forgotten.
public struct LogRing: Equatable, Sendable {
    /// How many lines are kept.
    static let capacity = 500

    /// How much a line matters.
    public enum Severity: Equatable, Sendable {
        /// Something happened.
        case info
        /// Something ended well.
        case success
        /// Something to look at.
        case warning
        /// Something failed.
        case error
    }

    /// One line.
    public struct Entry: Equatable, Sendable {
        /// When it happened, in seconds since the run began.
        public let seconds: Double
        /// How much it matters.
        public let severity: Severity
        /// What happened.
        public let text: String
    }

    /// The lines, oldest first.
    public private(set) var entries: [Entry] = []
    /// How many lines there have been, the forgotten ones included.
    public private(set) var total = 0

    /// Adds a line.
    mutating func append(_ text: String, _ severity: Severity = .info, at seconds: Double) {
        entries.append(Entry(seconds: seconds, severity: severity, text: text))
        total += 1
        if entries.count > Self.capacity {
            entries.removeFirst(entries.count - Self.capacity)
        }
    }
}
