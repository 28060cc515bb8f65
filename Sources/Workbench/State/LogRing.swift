internal import RunText
internal import Runs

/// The latest lines of the log.
package struct LogRing: Equatable, Sendable {
    static let capacity = 500

    package enum Severity: Equatable, Sendable { case info, success, warning, error }

    package struct Entry: Equatable, Sendable {
        /// When it happened, in seconds since the run began.
        package let seconds: Double
        package let severity: Severity
        package let text: String
    }

    /// The lines, oldest first.
    package private(set) var entries: [Entry] = []
    /// The number of lines ever added.
    package private(set) var total = 0

    /// Adds the sentences about an event, except for events that occur many times a second.
    mutating func note(_ event: RunEvent, by reporter: inout PlainReporter, at seconds: Double) {
        let severity: Severity
        switch event {
        case .stepped: return
        case .progressed(_, let done, _) where done > 0: return
        case .warning, .stopped, .rateLowered, .steppedBack: severity = .warning
        case .failed: severity = .error
        case .unitFinished(let report): severity = report.reverted ? .warning : .success
        case .finished, .exported: severity = .success
        default: severity = .info
        }
        for sentence in reporter.sentences(for: event) { append(sentence, severity, at: seconds) }
    }

    mutating func append(_ text: String, _ severity: Severity = .info, at seconds: Double) {
        entries.append(Entry(seconds: seconds, severity: severity, text: text))
        total += 1
        if entries.count > Self.capacity {
            entries.removeFirst(entries.count - Self.capacity)
        }
    }
}
