internal import Checkpoints
internal import Runs

/// The directory of a run in progress.
///
/// Events reach the journal before anyone sees them; attempts are packed checkpoints of one unit each.
final class RunRecord {
    private let run: OpenRun

    /// Makes the directory.
    ///
    /// - Parameters:
    ///   - path: A folder that is empty or not there.
    ///   - plan: The plan, which is written.
    ///   - commands: The journal's first lines.
    /// - Throws: `RunFailure` where the directory cannot be made or written.
    init(creating path: String, plan: RunPlan, commands: [RunCommand]) throws {
        run = try OpenRun(creating: path, plan: plan, commands: commands)
    }

    /// Takes over the directory of a run to continue.
    ///
    /// - Parameters:
    ///   - path: The run directory.
    ///   - restoresPlan: Whether a plan's file that is damaged or changed is written again from the journal.
    ///   - body: Gets every entry of the journal, in order.
    /// - Throws: `RunFailure` where it holds no run, its files are not those that it wrote, or another process works on it;
    ///   and what `body` throws.
    init(
        continuing path: String, restoresPlan: Bool, _ body: (JournalEntry) throws(RunFailure) -> Void
    ) throws(RunFailure) {
        run = try OpenRun(continuing: path, restoresPlan: restoresPlan, body)
    }

    func append(_ event: RunEvent, at seconds: Double) throws {
        try run.journal.append(event, at: seconds)
    }

    func append(_ command: RunCommand, at seconds: Double) throws {
        try run.journal.append(command, at: seconds)
    }

    /// Replaces the plan after a decision.
    func save(_ plan: RunPlan, stale: [String]) throws {
        try run.write(plan, stale: stale)
    }

    /// Writes which images the run uses.
    func save(_ manifest: RunImageManifest) throws {
        try run.write(imageManifest: manifest)
    }

    /// Reads which images the run used so far.
    func imageManifest() throws(RunFailure) -> RunImageManifest { try run.directory.imageManifest() }

    /// The file of the images is another run's.
    var otherManifest: RunFailure {
        RunFailure(
            .badData,
            "\(run.directory.imagesPath) does not name the images that the journal does; put the file back from a copy, or "
                + "give --accept-changed-inputs, which writes it again")
    }

    /// Writes an attempt.
    ///
    /// - Returns: The SHA-256 of its file.
    func store(_ file: PackedCheckpoint, name: String, attempt: Int) throws -> String {
        try file.write(to: run.newAttemptPath(unit: name, attempt: attempt))
    }

    /// Where an attempt is.
    func attemptPath(of report: AttemptReport) -> String {
        run.directory.attemptPath(unit: report.name, attempt: report.attempt)
    }

    func removeReport() throws {
        try run.removeReport()
    }

    /// Writes the results; the report last, since a run with a report is finished.
    func finish(_ report: RunReport, predictions: Predictions?) throws {
        if let predictions { try run.write(predictions) }
        try run.write(report)
    }

    /// Ends the work; a run without results removes its directory.
    func close(keeping: Bool) {
        if keeping {
            run.finish()
        } else {
            run.discard()
        }
    }
}
