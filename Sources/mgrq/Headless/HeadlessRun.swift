internal import Engine
internal import Foundation
internal import Runs
internal import Synchronization
internal import Workbench

/// Carries out runs or sweeps, one after the other, without a screen: events become lines, signals become a stop.
final class HeadlessRun: Sendable {
    private struct State {
        var signals: Signals?
        var handle: RunHandle?
        var isStopped = false
        var last: RunEvent?
        var points: [SweepPoint] = []
        var outputFailure: RunFailure?
    }

    /// What writing needs; apart from the rest, so that a stop does not wait for a reader that does not read.
    private struct Telling {
        var reporter = PlainReporter()
        var sequence = 0
        /// Whether what comes has been told before, by the process that the run began in.
        var isPast: Bool
        var hasFailed = false
    }

    private let printsJSON: Bool
    private let began = ContinuousClock.now
    private let state = Mutex(State())
    private let telling: Mutex<Telling>

    /// - Parameters:
    ///   - printsJSON: Whether events go to standard output as JSON Lines, instead of to standard error as sentences.
    ///   - tellsFromContinuation: Whether nothing is told before the run goes on, as another process has told it.
    init(printsJSON: Bool, tellsFromContinuation: Bool = false) {
        self.printsJSON = printsJSON
        telling = Mutex(Telling(isPast: tellsFromContinuation))
    }

    /// What came of it.
    struct Outcome {
        /// The report of a run that finished.
        var report: RunReport?
        /// The points of a sweep.
        var points: [SweepPoint]
    }

    /// Starts the work and waits for its end.
    ///
    /// - Parameter start: Starts the engine with a sink for its events.
    /// - Returns: What came of it.
    /// - Throws: What `start` throws; `RunFailure` for a run that failed or output that cannot be written; `SilentEnd`
    ///   with 130, 143 or 129 after a signal.
    func carryOut(_ start: (@escaping @Sendable (RunEvent) -> Void) throws -> RunHandle) throws -> Outcome {
        let signals = state.withLock { state in
            let signals = state.signals ?? Signals { [self] in stop() }
            state.signals = signals
            state.last = nil
            state.points = []
            return signals
        }
        let handle = try start { [self] event in take(event) }
        let mustStop = state.withLock { state in
            state.handle = handle
            return state.isStopped
        }
        if mustStop { handle.send(.stop) }
        handle.wait()
        let (last, points, outputFailure) = state.withLock { ($0.last, $0.points, $0.outputFailure) }
        if let outputFailure { throw outputFailure }
        switch last {
        case .finished(let report): return Outcome(report: report, points: points)
        case .failed(let failure): throw failure
        case .stopped: throw SilentEnd(code: 128 + (signals.received ?? SIGINT))
        default: throw RunFailure(.internal, "the run ended without saying how")
        }
    }

    /// Asks the engine to end; it may not have started yet.
    private func stop() {
        let handle = state.withLock { state in
            state.isStopped = true
            return state.handle
        }
        handle?.send(.stop)
    }

    /// Takes note of an event and tells of it; called on the engine's thread.
    private func take(_ event: RunEvent) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        state.withLock { state in
            if case .sweepMeasured(let point) = event { state.points.append(point) }
            if event.isLast { state.last = event }
        }
        do throws(RunFailure) {
            try telling.withLock { (telling) throws(RunFailure) in
                try tell(of: event, at: seconds, &telling)
            }
        } catch {
            state.withLock { $0.outputFailure = error }
            stop()
        }
    }

    private func tell(of event: RunEvent, at seconds: Double, _ telling: inout Telling) throws(RunFailure) {
        if case .continued = event { telling.isPast = false }
        if event.isLast { telling.isPast = false }
        guard !telling.isPast else {
            _ = telling.reporter.lines(for: event, at: seconds)
            return
        }
        guard printsJSON else {
            // The failure itself is told at the end of the process, in one place.
            if case .failed = event { return }
            for line in telling.reporter.lines(for: event, at: seconds) {
                mgrq.tell(line)
            }
            return
        }
        guard !telling.hasFailed else { return }
        telling.sequence += 1
        let entry = JournalEntry(sequence: telling.sequence, seconds: seconds, content: .event(event))
        do throws(RunFailure) {
            try say(try entry.jsonLine)
        } catch {
            telling.hasFailed = true
            throw error
        }
    }
}
