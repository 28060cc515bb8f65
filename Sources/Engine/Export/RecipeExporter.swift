internal import Files
internal import Runs
internal import TensorCore

/// Writes the plan, with every decision folded in, as YAML.
struct RecipeExporter: Exporter {
    func write(
        _ source: ExportSource, into file: AtomicFile, pool: WorkerPool
    ) throws -> WrittenExport {
        try file.write(Array(source.plan.yaml(stale: source.stale).utf8))
        guard try RunPlan(path: file.temporaryPath) == source.plan else {
            throw RunFailure(.internal, "the file read back is not the plan in memory")
        }
        return WrittenExport(verification: ExportVerification(codes: 0, images: 0))
    }
}
