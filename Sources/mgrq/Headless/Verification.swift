internal import Engine
internal import RunText
internal import Runs

/// Compares an exported file, and stops for a signal.
///
/// - Returns: The comparisons, whether bounds are kept or not.
/// - Throws: `RunFailure`; `SilentExit` after a signal.
func verification(_ request: VerificationRequest) throws -> VerificationReport {
    let work = VerificationWork()
    let signals = try Signals { work.stop() }
    let report = try verifyExport(request, work: work) { printError("warning: \($0)") }
    if let signal = signals.received { throw SilentExit(code: 128 + signal) }
    guard let report else { throw RunFailure(.internal, "the comparison ended without a result") }
    return report
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
