internal import Engine
internal import Foundation
internal import RunText
internal import Runs

/// Compares an exported file, stops for a signal, and keeps the result with the run that it was compared with.
///
/// - Returns: The comparisons, whether bounds are kept or not.
/// - Throws: `RunFailure`; `SilentExit` after a signal.
func verification(_ request: VerificationRequest) throws -> VerificationReport {
    let model = try MeasuredRun(request.reference)
    let work = VerificationWork()
    let signals = try Signals { work.stop() }
    let report = try verifyExport(request, work: work) { printError("warning: \($0)") }
    if let signal = signals.received { throw SilentExit(code: 128 + signal) }
    guard let report else { throw RunFailure(.internal, "the comparison ended without a result") }
    model?.keep { $0.append(RunMeasurements.Verification(time: $1, report: report)) }
    return report
}

/// A finished run whose model is being measured.
struct MeasuredRun {
    private let directory: RunDirectory
    private let report: RunReport

    /// Remembers the model; nil for anything but a finished run.
    ///
    /// - Throws: `RunFailure(.badData)` for a damaged report.
    init?(_ path: String) throws(RunFailure) {
        directory = RunDirectory(path: path)
        guard RunDirectory.isRun(path), directory.hasReport else { return nil }
        report = try directory.report()
    }

    /// Keeps a measurement with the run; where that is impossible, a note says why.
    ///
    /// - Parameter add: Adds it, with the time of now.
    func keep(_ add: (inout RunMeasurements, String) -> Void) {
        do throws(RunFailure) {
            try directory.keep(measuredOf: report) { add(&$0, Date().formatted(.iso8601)) }
        } catch {
            printError("note: the measurement is not kept with the run: \(error.message)")
        }
    }
}

extension VerificationReport {
    /// Ends the command where a bound is not kept.
    ///
    /// - Throws: `RunFailure(.badData)` with the first comparison that fails.
    func requireSuccess() throws(RunFailure) {
        guard let sentence = VerificationText.failure(self) else { return }
        throw RunFailure(.badData, sentence)
    }
}
