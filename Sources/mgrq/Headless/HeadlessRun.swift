internal import RunText
internal import Engine
internal import Foundation
internal import Runs
internal import Synchronization

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

    /// The state of printing, under a lock of its own, so that a blocked pipe does not delay a stop.
    private struct OutputState {
        var reporter = PlainReporter()
        var sequence = 0
        /// Whether we are still replaying events that the original process already printed.
        var isReplaying = false
        var hasFailed = false
    }

    private let printsJSON: Bool
    private let began = ContinuousClock.now
    private let state = Mutex(State())
    private let output: Mutex<OutputState>

    /// - Parameter printsJSON: Whether events go to standard output as JSON Lines, instead of to standard error as
    ///   sentences.
    init(printsJSON: Bool) {
        self.printsJSON = printsJSON
        output = Mutex(OutputState())
    }

    /// The result.
    struct Outcome {
        /// The report of a run that finished.
        var report: RunReport?
        /// The points of a sweep.
        var points: [SweepPoint]

        /// Prints the results of a run that finished.
        func printReport(_ directory: String) throws(RunFailure) {
            guard let report else { return }
            let isSweep = report.units.isEmpty
            for line in isSweep ? Results.lines(of: points) : Results.lines(of: report, directory: directory)
            {
                try printLine(line)
            }
        }
    }

    /// Starts the work and waits for its end.
    ///
    /// - Parameters:
    ///   - skipsReplayedEvents: Whether events before `.continued` are not printed, because the original process
    ///     printed them.
    ///   - start: Starts the engine with a sink for its events.
    /// - Returns: The outcome.
    /// - Throws: The errors of `start`; `RunFailure` for a run that failed or output that cannot be written; `SilentExit`
    ///   with 130, 143 or 129 after a signal.
    func carryOut(
        skipsReplayedEvents: Bool = false,
        _ start: (@escaping @Sendable (RunEvent) -> Void) throws -> RunHandle
    ) throws -> Outcome {
        output.withLock { $0.isReplaying = skipsReplayedEvents }
        let signals = try state.withLock { state in
            let signals = try state.signals ?? Signals { [self] in stop() }
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
        case .stopped: throw SilentExit(code: 128 + (signals.received ?? SIGINT))
        default: throw RunFailure(.internal, "the run ended without a last event")
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

    /// Records and prints an event; called on the engine's thread.
    private func take(_ event: RunEvent) {
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        state.withLock { state in
            if case .sweepMeasured(let point) = event { state.points.append(point) }
            if event.isLast { state.last = event }
        }
        do throws(RunFailure) {
            try output.withLock { (output) throws(RunFailure) in
                try report(event, at: seconds, &output)
            }
        } catch {
            state.withLock { $0.outputFailure = error }
            stop()
        }
    }

    private func report(_ event: RunEvent, at seconds: Double, _ output: inout OutputState) throws(RunFailure)
    {
        if case .continued = event { output.isReplaying = false }
        if event.isLast { output.isReplaying = false }
        guard !output.isReplaying else {
            _ = output.reporter.lines(for: event, at: seconds)
            return
        }
        guard printsJSON else {
            // `exitProcess(with:)` prints the failure.
            if case .failed = event { return }
            for line in output.reporter.lines(for: event, at: seconds) {
                printError(line)
            }
            return
        }
        guard !output.hasFailed else { return }
        output.sequence += 1
        let entry = JournalEntry(sequence: output.sequence, seconds: seconds, content: .event(event))
        do throws(RunFailure) {
            try printLine(try entry.jsonLine)
        } catch {
            output.hasFailed = true
            throw error
        }
    }
}
