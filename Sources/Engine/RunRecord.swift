public import Checkpoints
internal import Foundation
internal import Quantization
public import Runs
internal import VisionTransformers

/// A run's directory while the run is in work.
///
/// Events reach the journal before anyone sees them; attempts are packed checkpoints of one unit each.
final class RunRecord {
    private let run: OpenRun
    private let header: PackedCheckpoint

    /// Makes the directory.
    ///
    /// - Parameters:
    ///   - path: A folder that is empty or not there.
    ///   - plan: The plan, which is written.
    ///   - checkpoint: The model that is quantized.
    /// - Throws: `RunFailure` where the directory cannot be made or written.
    init(directory path: String, plan: RunPlan, checkpoint: Checkpoint) throws {
        run = try OpenRun(creating: path, plan: plan)
        header = PackedCheckpoint(
            configuration: checkpoint.model.configuration, preparation: checkpoint.preparation,
            labels: checkpoint.labels, plan: "", units: [:])
    }

    func append(_ event: RunEvent, at seconds: Double) throws {
        try run.journal.append(event, at: seconds)
    }

    func append(_ command: RunCommand, at seconds: Double) throws {
        try run.journal.append(command, at: seconds)
    }

    /// Replaces the plan by one with a decision folded in.
    func save(_ plan: RunPlan) throws {
        try run.write(plan)
    }

    /// Writes which images the run uses.
    func save(_ manifest: RunImageManifest) throws {
        try run.write(imageManifest: try JSONValue(encoding: manifest))
    }

    /// Writes an attempt.
    func store(_ unit: QuantizedUnit, index: Int, name: String, attempt: Int) throws {
        var file = header
        file.units = [index: unit]
        try file.write(to: run.directory.attemptPath(unit: name, attempt: attempt))
    }

    func finish(_ report: RunReport) throws {
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
        let plan = try directory.plan()
        guard FileManager.default.fileExists(atPath: directory.reportPath) else {
            throw RunFailure(
                .badData,
                "\(path) is a run that did not finish: it has no report, so not every unit is quantized")
        }
        var result: PackedCheckpoint?
        for report in try directory.report().units {
            let attempt = try PackedCheckpoint(
                path: directory.attemptPath(unit: report.name, attempt: report.attempt))
            var merged = result ?? attempt
            merged.units.merge(attempt.units) { _, new in new }
            result = merged
        }
        guard var result else {
            throw RunFailure(.badData, "\(directory.reportPath) names no unit")
        }
        result.plan = plan.yaml
        return result
    }
}

/// Writes a plan as a recipe.
///
/// - Returns: The bytes written.
func writeRecipe(_ plan: RunPlan, to path: String) throws -> Int {
    let bytes = Array(plan.yaml.utf8)
    try writeFileAtomically(bytes, to: path)
    return bytes.count
}

/// Exports a finished run.
///
/// - Parameters:
///   - directory: The run directory.
///   - format: What to write.
///   - path: Where to write; a file that is there is replaced when the new one is complete.
/// - Returns: The size of the file in bytes.
/// - Throws: `RunFailure` with one sentence.
@discardableResult
public func exportRun(
    _ directory: String, format: ExportFormat, to path: String
) throws(RunFailure) -> Int {
    do {
        guard RunDirectory.isRun(directory) else {
            throw RunFailure(
                FileManager.default.fileExists(atPath: directory) ? .badData : .missingInput,
                "\(directory) is no run directory; give the folder that mgrq run wrote with --output")
        }
        switch format {
        case .recipe:
            return try writeRecipe(try RunDirectory(path: directory).plan(), to: path)
        case .packed:
            try RunRecord.packedCheckpoint(of: directory).write(to: path)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return (attributes[.size] as? Int) ?? 0
        }
    } catch {
        throw failure(of: error)
    }
}

/// Looks at a checkpoint without running it.
///
/// - Parameter path: A safetensors file or a folder with `model.safetensors`.
/// - Returns: What it is and what is wrong with it.
/// - Throws: `RunFailure` with one sentence where the file cannot be read at all.
public func inspectModel(path: String) throws(RunFailure) -> ModelInspection {
    do {
        return try inspectCheckpoint(path: path)
    } catch {
        throw failure(of: error)
    }
}
