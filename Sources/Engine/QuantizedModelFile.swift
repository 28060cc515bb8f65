internal import Checkpoints
internal import Files
internal import Quantization
package import Runs
internal import VisionTransformers

/// A complete quantized model on disk: a packed checkpoint or a run directory.
struct QuantizedModelFile {
    let checkpoint: PackedCheckpoint
    let units: [QuantizedUnit]

    /// Reads the model; nil if the path is neither of the two.
    init?(path: String) throws {
        if RunDirectory.isRun(path) {
            checkpoint = try PackedCheckpoint(try CheckedRun(RunDirectory(path: path)))
        } else if PackedCheckpoint.isPacked(path) {
            checkpoint = try PackedCheckpoint(path: path)
        } else {
            return nil
        }
        units = try checkpoint.completeUnits(path: path)
    }
}

/// The plan in a run directory or a packed checkpoint, as YAML; nil if the path is neither.
///
/// - Throws: `RunFailure` with one sentence.
package func planText(of path: String) throws(RunFailure) -> String? {
    try reportingFailures { try QuantizedModelFile(path: path)?.checkpoint.plan }
}

extension PackedCheckpoint {
    /// Reads the quantized model of a finished run: the attempts that its report names.
    ///
    /// - Throws: `RunFailure` for a run that is not finished; `CheckpointError` for a damaged attempt.
    init(_ run: CheckedRun) throws {
        let directory = run.directory
        guard let report = run.report else {
            throw RunFailure(
                .badData,
                "\(directory.path) is a run that did not finish: it has no report; what was interrupted goes on with "
                    + "mgrq resume")
        }
        var result: PackedCheckpoint?
        for unit in report.units {
            let attempt = try PackedCheckpoint(
                path: directory.attemptPath(unit: unit.name, attempt: unit.attempt), sha256: unit.sha256)
            var merged = result ?? attempt
            merged.units.merge(attempt.units) { _, new in new }
            result = merged
        }
        guard let result else {
            throw RunFailure(.badData, "\(directory.reportPath) names no unit")
        }
        self = result
        plan = run.plan.yaml(stale: report.staleNames)
    }

    /// Everything but the units of a checkpoint's quantized model.
    ///
    /// - Parameters:
    ///   - checkpoint: The checkpoint that is quantized.
    ///   - configuration: The quantized model's shape.
    init(_ checkpoint: Checkpoint, configuration: ModelConfiguration) {
        self.init(
            configuration: configuration, preparation: checkpoint.preparation,
            labels: checkpoint.labels, plan: "", units: [:])
    }
}

extension RunReport {
    /// The stale units' names.
    var staleNames: [String] {
        stale.compactMap { units.indices.contains($0) ? units[$0].name : nil }
    }
}
