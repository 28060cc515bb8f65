internal import Checkpoints
internal import Files
internal import Runs
internal import TensorCore

/// What is exported: a finished run on disk, or a run at a gate.
struct ExportSource {
    /// The plan with every decision folded in.
    let plan: RunPlan
    /// The names of stale units; with any, the plan does not replay to the model.
    let stale: [String]
    /// Reads or collects the quantized model.
    ///
    /// Called only if the format needs it; throws `RunFailure` for a run that is not finished.
    let model: () throws -> PackedCheckpoint
    /// Where the checkpoint that was quantized lies.
    ///
    /// Called only if the format needs it; throws `RunFailure(.missingInput)` where it is not there.
    let checkpoint: () throws -> String
}

/// What an exporter wrote.
struct WrittenExport {
    /// What was compared.
    let verification: ExportVerification
    /// A second file of the export, which is committed before the first one.
    var companion: AtomicFile?
}

/// Writes one format.
///
/// A new format is a case of `ExportFormat`, a conformance to this protocol, and a line in `ExportFormat.exporter`.
protocol Exporter {
    /// Writes a file under its temporary name, reads it back and compares it with the source.
    ///
    /// - Parameters:
    ///   - source: The plan and the model.
    ///   - file: The file, which the caller commits.
    ///   - pool: The threads that run models for the comparison.
    /// - Returns: What was compared, and a second file if there is one.
    /// - Throws: Any error of writing or reading; `RunFailure(.internal)` with the first difference.
    func write(_ source: ExportSource, into file: AtomicFile, pool: WorkerPool) throws -> WrittenExport
}

extension ExportFormat {
    fileprivate func exporter(hasDataFile: Bool) -> any Exporter {
        switch self {
        case .packed: PackedExporter()
        case .onnx: ONNXExporter(isCompact: false, hasDataFile: hasDataFile)
        case .onnxCompact: ONNXExporter(isCompact: true, hasDataFile: hasDataFile)
        case .torch: TorchExporter()
        case .aimet: AIMETExporter()
        case .recipe: RecipeExporter()
        }
    }
}

extension ExportSource {
    /// Writes a file under a temporary name, reads it back, compares it, and gives it its name.
    ///
    /// An existing file is replaced only if the new one was read back without a difference.
    ///
    /// - Parameters:
    ///   - format: The format.
    ///   - path: The file.
    ///   - hasDataFile: Whether a graph's large constants lie in a file beside it.
    ///   - pool: The threads that run models for the comparison.
    /// - Returns: The size and what was compared.
    /// - Throws: `RunFailure` that names `path`, `.internal` with the first difference; then `path` is unchanged.
    func export(
        _ format: ExportFormat, to path: String, hasDataFile: Bool = false, pool: WorkerPool
    ) throws(RunFailure) -> ExportResult {
        for path in [path] + (hasDataFile ? ["\(path).data"] : []) {
            try checkOutput(
                path, isNoneOf: [plan.model, plan.calibration, plan.evaluation].compactMap(\.self))
        }
        let file = try RunFailure.wrapping(try AtomicFile(path))
        do {
            let written = try format.exporter(hasDataFile: hasDataFile).write(self, into: file, pool: pool)
            let isNew = written.companion.map { !exists($0.path) } ?? false
            try written.companion?.commit()
            do {
                try file.commit()
            } catch {
                if isNew, let companion = written.companion { try? removeFile(companion.path) }
                throw error
            }
            return ExportResult(
                bytes: file.count + (written.companion?.count ?? 0), verification: written.verification)
        } catch {
            let failure = failure(of: error)
            throw RunFailure(failure.kind, failure.message.replacing(file.temporaryPath, with: path))
        }
    }
}
