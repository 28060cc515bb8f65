internal import Checkpoints
internal import Files
internal import Foundation
internal import ONNX
internal import Runs
internal import TensorCore

/// Writes the quantized model as an ONNX graph, and large constants as a file beside it where they must or shall be.
///
/// What it computes is compared where a runtime is at hand; here, that the files hold what was built.
struct ONNXExporter: Exporter {
    /// Whether codes below 8 bits lie in planes of bits.
    let isCompact: Bool
    /// Whether large constants get a file of their own whatever their size.
    let hasDataFile: Bool

    func write(_ source: ExportSource, into file: AtomicFile, pool: WorkerPool) throws -> WrittenExport {
        let model = try source.model()
        let hasDataFile = hasDataFile || ModelGraph.bytes(of: model) > GraphBuilder.largestGraph
        let companion = hasDataFile ? try AtomicFile("\(file.path).data") : nil
        let (graph, data) = try ModelGraph.file(
            of: model, path: file.temporaryPath,
            layout: ModelGraph.Layout(
                target: source.plan.target, isCompact: isCompact,
                dataName: companion.map { lastName(of: $0.path) }))
        try file.write(graph)
        if let companion {
            for piece in data { try companion.write(Array(piece)) }
        }
        guard try readFile(file.temporaryPath, limit: graph.count) == graph,
            try companion.map({ try holds($0, data) }) ?? true
        else {
            throw RunFailure(.internal, "what was written is not the graph in memory: read back, it differs")
        }
        return WrittenExport(
            verification: ExportVerification(codes: model.codes, images: 0), companion: companion)
    }

    /// Whether a file has the bytes of pieces, one after another.
    private func holds(_ file: AtomicFile, _ pieces: [Data]) throws -> Bool {
        let mapping = try FileMapping(path: file.temporaryPath)
        guard pieces.reduce(0, { $0 + $1.count }) == mapping.count else { return false }
        var offset = 0
        for piece in pieces {
            let range = offset..<offset + piece.count
            let isSame: Bool = try RunFailure.wrapping(
                try mapping.withBytes(in: range) { (bytes: Span<UInt8>) throws(FileError) in
                    bytes.indices.allSatisfy { bytes[$0] == piece[piece.startIndex + $0] }
                })
            guard isSame else { return false }
            offset = range.upperBound
        }
        return true
    }
}
