internal import Files
internal import ONNX
internal import Runs
internal import TensorCore

/// Writes the quantized model as an ONNX graph.
///
/// What it computes is compared where a runtime is at hand; here, that the file holds what was built.
struct ONNXExporter: Exporter {
    func write(
        _ source: ExportSource, into file: AtomicFile, pool: WorkerPool
    ) throws -> ExportVerification {
        let model = try source.model()
        let bytes = try ModelGraph.file(of: model, path: file.temporaryPath)
        try file.write(bytes)
        let read = try readFile(file.temporaryPath, limit: bytes.count)
        guard read == bytes else {
            throw RunFailure(.internal, "what was written is not the graph in memory: read back, it differs")
        }
        return ExportVerification(codes: model.codes, images: 0)
    }
}
