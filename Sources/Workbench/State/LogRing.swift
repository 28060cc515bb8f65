internal import Runs

/// The latest lines of the log; older ones are forgotten.
package struct LogRing: Equatable, Sendable {
    /// How many lines are kept.
    static let capacity = 500

    /// How much a line matters.
    package enum Severity: Equatable, Sendable {
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
    package struct Entry: Equatable, Sendable {
        /// When it happened, in seconds since the run began.
        package let seconds: Double
        /// How much it matters.
        package let severity: Severity
        /// What happened.
        package let text: String
    }

    /// The lines, oldest first.
    package private(set) var entries: [Entry] = []
    /// How many lines there have been, the forgotten ones included.
    package private(set) var total = 0

    /// Adds what there is to say of an event; what repeats many times a second is left out.
    mutating func note(_ event: RunEvent, by reporter: inout PlainReporter, at seconds: Double) {
        let severity: Severity
        switch event {
        case .stepped: return
        case .progressed(_, let done, let total) where done > 0 && done < total: return
        case .warning, .stopped: severity = .warning
        case .failed: severity = .error
        case .unitFinished(let report): severity = report.reverted ? .warning : .success
        case .finished, .exported: severity = .success
        default: severity = .info
        }
        for sentence in reporter.sentences(for: event) { append(sentence, severity, at: seconds) }
    }

    /// Adds a line.
    mutating func append(_ text: String, _ severity: Severity = .info, at seconds: Double) {
        entries.append(Entry(seconds: seconds, severity: severity, text: text))
        total += 1
        if entries.count > Self.capacity {
            entries.removeFirst(entries.count - Self.capacity)
        }
    }
}
