public import Runs

/// A run as its journal tells it, event by event, in constant memory however long the journal is.
public struct RecordedRun: Equatable, Sendable {
    /// The run so far.
    public private(set) var progress: RunProgress
    /// Its log so far.
    public private(set) var log = LogRing()
    /// When the last event happened, in seconds since the start of the journal.
    public private(set) var seconds = 0.0
    private(set) var reporter = PlainReporter(brief: true)
    private var begin: Double?

    /// Makes a run of which nothing is known but its plan.
    public init(plan: RunPlan) {
        progress = RunProgress(plan: plan, startedAt: 0)
    }

    /// Takes note of an event of the journal.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - time: When, in seconds by the journal's clock.
    public mutating func take(_ event: RunEvent, at time: Double) {
        begin = begin ?? time
        seconds = max(seconds, time - (begin ?? time))
        progress.apply(event, at: seconds)
        log.note(event, by: &reporter, at: seconds)
    }

    /// Says that nothing follows: a run whose journal has no end was interrupted.
    public mutating func end() {
        guard !progress.hasEnded else { return }
        take(.stopped(unitsDone: progress.units.filter(\.isFinished).count), at: (begin ?? 0) + seconds)
    }
}
