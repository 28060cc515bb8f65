internal import RunText
package import Runs

/// A run read from its journal, in memory that does not grow with the journal.
package struct RecordedRun: Equatable, Sendable {
    package private(set) var progress: RunProgress
    package private(set) var log = LogRing()
    /// When the last event happened, in seconds since the start of the journal.
    package private(set) var seconds = 0.0
    private(set) var reporter = PlainReporter(brief: true)
    private var begin: Double?

    /// Makes a run before its first event.
    package init(plan: RunPlan) {
        progress = RunProgress(plan: plan, startedAt: 0)
    }

    /// Takes an event of the journal.
    ///
    /// - Parameters:
    ///   - event: The event.
    ///   - time: Its time in seconds by the journal's clock.
    package mutating func take(_ event: RunEvent, at time: Double) {
        begin = begin ?? time
        seconds = max(seconds, time - (begin ?? time))
        progress.apply(event, at: seconds)
        log.note(event, by: &reporter, at: seconds)
    }

    /// Ends the journal; a run without a last event was interrupted.
    package mutating func end() {
        guard !progress.hasEnded else { return }
        take(.stopped(unitsDone: progress.finishedUnits), at: (begin ?? 0) + seconds)
    }
}
