internal import Checkpoints
internal import Files
package import Runs
internal import TensorCore

/// Warns before a finished run is exported whose plan does not replay to its integers.
///
/// - Parameter directory: The run directory.
/// - Returns: One sentence; nil without stale units or without a report.
/// - Throws: `RunFailure` for a report that cannot be read.
package func exportWarning(for directory: String) throws(RunFailure) -> String? {
    let stale = try RunDirectory(path: directory).staleNames()
    return stale.isEmpty ? nil : staleWarning(stale)
}

/// Exports a finished run.
///
/// - Parameters:
///   - directory: The run directory.
///   - format: The format.
///   - path: The file; an existing one is replaced if the new one was read back without a difference.
///   - hasDataFile: Whether a graph's large constants lie in a file beside it, whose name ends with `.data`.
///   - checkpoint: Finds the checkpoint that a plan names, for formats that need it.
///   - threads: The number of threads that run models for the comparison.
/// - Returns: The size of the file and what was compared.
/// - Throws: `RunFailure` with one sentence; also where a file of the run is not the one that it wrote.
@discardableResult
package func exportRun(
    _ directory: String, format: ExportFormat, to path: String, hasDataFile: Bool = false,
    checkpoint: @escaping (RunPlan) throws -> String = { $0.model }, threads: Int = 1
) throws(RunFailure) -> ExportResult {
    guard RunDirectory.isRun(directory) else {
        throw RunFailure(
            exists(directory) ? .badData : .missingInput,
            "\(directory) is not a run directory; give the folder that mgrq run wrote with --output")
    }
    let run = try CheckedRun(RunDirectory(path: directory))
    let source = ExportSource(
        plan: run.plan, stale: run.report?.staleNames ?? [], model: { try PackedCheckpoint(run) },
        checkpoint: { try checkpoint(run.plan) })
    let pool = WorkerPool(threads: threads)
    defer { pool.shutDown() }
    return try source.export(format, to: path, hasDataFile: hasDataFile, pool: pool)
}

extension RunDirectory {
    /// The stale units' names; none before the run is finished.
    fileprivate func staleNames() throws(RunFailure) -> [String] {
        hasReport ? try report().staleNames : []
    }
}
