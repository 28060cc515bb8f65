package import Runs

/// A run as its journal tells it, event by event, in constant memory however long the journal is.
package struct RecordedRun: Equatable, Sendable {
    /// The run so far.
    package private(set) var progress: RunProgress
    /// Its log so far.
    package private(set) var log = LogRing()
    /// When the last event happened, in seconds since the start of the journal.
    package private(set) var seconds = 0.0
    private(set) var reporter = PlainReporter(brief: true)
    private var begin: Double?

    /// Makes a run of which nothing is known but its plan.
    package init(plan: RunPlan) {
        progress = RunProgress(plan: plan, startedAt: 0)
    }

    /// Takes note of an event of the journal.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - time: When, in seconds by the journal's clock.
    package mutating func take(_ event: RunEvent, at time: Double) {
        begin = begin ?? time
        seconds = max(seconds, time - (begin ?? time))
        progress.apply(event, at: seconds)
        log.note(event, by: &reporter, at: seconds)
    }

    /// Says that nothing follows: a run whose journal has no end was interrupted.
    package mutating func end() {
        guard !progress.hasEnded else { return }
        take(.stopped(unitsDone: progress.units.filter(\.isFinished).count), at: (begin ?? 0) + seconds)
    }
}
