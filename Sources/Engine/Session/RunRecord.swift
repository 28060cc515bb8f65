package import Checkpoints
internal import Files
package import Runs
internal import TensorCore
internal import VisionTransformers

/// A run's directory while the run is in work.
///
/// Events reach the journal before anyone sees them; attempts are packed checkpoints of one unit each.
final class RunRecord {
    private let run: OpenRun

    /// Makes the directory.
    ///
    /// - Parameters:
    ///   - path: A folder that is empty or not there.
    ///   - plan: The plan, which is written.
    /// - Throws: `RunFailure` where the directory cannot be made or written.
    init(creating path: String, plan: RunPlan) throws {
        run = try OpenRun(creating: path, plan: plan)
    }

    /// Takes over the directory of a run to continue.
    ///
    /// - Parameters:
    ///   - path: The run directory.
    ///   - body: Gets every entry of the journal, in order.
    /// - Throws: `RunFailure` where it holds no run or another process works on it, and what `body` throws.
    init(continuing path: String, _ body: (JournalEntry) throws(RunFailure) -> Void) throws(RunFailure) {
        run = try OpenRun(continuing: path, body)
    }

    func append(_ event: RunEvent, at seconds: Double) throws {
        try run.journal.append(event, at: seconds)
    }

    func append(_ command: RunCommand, at seconds: Double) throws {
        try run.journal.append(command, at: seconds)
    }

    /// Replaces the plan by one with a decision folded in.
    func save(_ plan: RunPlan, stale: [String]) throws {
        try run.write(plan, stale: stale)
    }

    /// Writes which images the run uses.
    func save(_ manifest: RunImageManifest) throws {
        try run.write(imageManifest: manifest)
    }

    /// Writes an attempt.
    func store(_ file: PackedCheckpoint, name: String, attempt: Int) throws {
        try file.write(to: run.directory.attemptPath(unit: name, attempt: attempt))
    }

    /// Where an attempt is.
    func attemptPath(of report: AttemptReport) -> String {
        run.directory.attemptPath(unit: report.name, attempt: report.attempt)
    }

    func removeReport() throws {
        try run.removeReport()
    }

    /// Writes what the run came to; the report last, since a run with a report is a finished one.
    func finish(_ report: RunReport, predictions: Predictions?) throws {
        if let predictions { try run.write(predictions) }
        try run.write(report)
    }

    /// Ends the work; a run that has nothing to keep leaves nothing behind.
    func close(keeping: Bool) {
        if keeping {
            run.finish()
        } else {
            run.discard()
        }
    }

    /// The quantized model of a run directory, from the attempts that its report names.
    ///
    /// - Throws: `RunFailure` for a run that is not finished; `CheckpointError` for a damaged attempt.
    static func packedCheckpoint(of path: String) throws -> PackedCheckpoint {
        let directory = RunDirectory(path: path)
        guard isFile(directory.reportPath) else {
            throw RunFailure(
                .badData,
                "\(path) is a run that did not finish: it has no report; what was interrupted goes on with mgrq resume"
            )
        }
        var result: PackedCheckpoint?
        let report = try directory.report()
        for report in report.units {
            let attempt = try PackedCheckpoint(
                path: directory.attemptPath(unit: report.name, attempt: report.attempt))
            var merged = result ?? attempt
            merged.units.merge(attempt.units) { _, new in new }
            result = merged
        }
        guard var result else {
            throw RunFailure(.badData, "\(directory.reportPath) names no unit")
        }
        result.plan = try directory.plan().yaml(stale: report.staleNames)
        return result
    }
}

extension RunReport {
    /// The stale units' names.
    fileprivate var staleNames: [String] {
        stale.compactMap { units.indices.contains($0) ? units[$0].name : nil }
    }
}

extension PackedCheckpoint {
    /// What files of a checkpoint's quantized model have besides its units.
    ///
    /// - Parameters:
    ///   - checkpoint: What was quantized.
    ///   - configuration: The quantized model's shape.
    init(_ checkpoint: Checkpoint, configuration: ModelConfiguration) {
        self.init(
            configuration: configuration, preparation: checkpoint.preparation,
            labels: checkpoint.labels, plan: "", units: [:])
    }
}

/// What someone who exports a finished run should know: that its plan does not lead to its integers.
///
/// - Parameter directory: The run directory.
/// - Returns: One sentence; nil where there is nothing to say, or no report.
/// - Throws: `RunFailure` for a report that cannot be read.
package func exportWarning(for directory: String) throws(RunFailure) -> String? {
    let run = RunDirectory(path: directory)
    guard isFile(run.reportPath) else { return nil }
    let stale = try run.report().staleNames
    return stale.isEmpty ? nil : staleWarning(stale)
}

/// Exports a finished run.
///
/// - Parameters:
///   - directory: The run directory.
///   - format: What to write.
///   - path: Where to write; a file that is there is replaced when the new one was read back without a difference.
///   - threads: The number of threads that compare what was read with what was written.
/// - Returns: The size of the file and what was compared.
/// - Throws: `RunFailure` with one sentence.
@discardableResult
package func exportRun(
    _ directory: String, format: ExportFormat, to path: String, threads: Int = 1
) throws(RunFailure) -> ExportResult {
    do {
        guard RunDirectory.isRun(directory) else {
            throw RunFailure(
                exists(directory) ? .badData : .missingInput,
                "\(directory) is no run directory; give the folder that mgrq run wrote with --output")
        }
        switch format {
        case .recipe:
            let run = RunDirectory(path: directory)
            let isFinished = isFile(run.reportPath)
            return try writeVerifiedRecipe(
                try run.plan(), stale: isFinished ? try run.report().staleNames : [], to: path)
        case .packed:
            let pool = WorkerPool(threads: threads)
            defer { pool.shutDown() }
            return try RunRecord.packedCheckpoint(of: directory).writeVerified(to: path, pool: pool)
        }
    } catch {
        throw failure(of: error)
    }
}

/// Looks at a checkpoint without running it.
///
/// - Parameters:
///   - path: A file with weights or a folder with one.
///   - imageSize: The sides of the images that it is to read, in pixels; nil takes the checkpoint's.
/// - Returns: What it is and what is wrong with it.
/// - Throws: `RunFailure` with one sentence where the file cannot be read at all.
package func inspectModel(path: String, imageSize: Int? = nil) throws(RunFailure) -> ModelInspection {
    do {
        return try inspectCheckpoint(path: path, imageSize: imageSize.map { ($0, $0) })
    } catch {
        throw failure(of: error)
    }
}
