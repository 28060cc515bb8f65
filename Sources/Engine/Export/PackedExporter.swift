internal import Checkpoints
internal import Files
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// The number of noise images on which a file's model is compared with the one in memory.
private let comparedImages = 8

/// Something in which one quantized model is not another.
struct ModelDifference: Error, Equatable, CustomStringConvertible {
    /// Such as `blocks.0.attn.qkv.weight`.
    let what: String

    /// For a file that was just written and read back.
    var description: String { "what was written is not the model in memory: read back, \(what) differs" }
}

/// Writes the quantized model as a packed checkpoint.
struct PackedExporter: Exporter {
    func write(
        _ source: ExportSource, into file: AtomicFile, pool: WorkerPool
    ) throws -> WrittenExport {
        let model = try source.model()
        try model.write(into: file)
        let read = try PackedCheckpoint(path: file.temporaryPath)
        do throws(ModelDifference) {
            return WrittenExport(verification: try model.verify(read, pool: pool))
        } catch {
            throw RunFailure(.internal, "\(error)")
        }
    }
}

extension PackedCheckpoint {
    /// The number of weights that are integers.
    var codes: Int {
        units.values.flatMap(\.linears).reduce(0) { $0 + ($1.quantizer.bits == nil ? 0 : $1.weight.count) }
    }

    /// Compares a model that was read with this one: every code, every number in full precision, and logits.
    ///
    /// - Throws: `ModelDifference` that names the first one.
    func verify(_ other: PackedCheckpoint, pool: WorkerPool) throws(ModelDifference) -> ExportVerification {
        func require(_ isSame: Bool, _ what: String) throws(ModelDifference) {
            guard isSame else { throw ModelDifference(what: what) }
        }
        let descriptions = configuration.units
        try require(other.configuration == configuration, "the shape")
        try require(other.plan == plan, "the plan")
        try require(other.units.keys.sorted() == units.keys.sorted(), "the number of units")
        for (index, unit) in units {
            guard let read = other.units[index] else { continue }
            let description = descriptions[index]
            for (layer, pair) in zip(description.linears, zip(unit.linears, read.linears)) {
                let (own, other) = pair
                try require(own.quantizer == other.quantizer, "the quantizer of \(layer.name).weight")
                try require(
                    own.quantizedWeight().elements == other.quantizedWeight().elements,
                    "\(layer.name).weight")
                try require(own.bias?.elements == other.bias?.elements, "\(layer.name).bias")
            }
            for (vector, pair) in zip(description.vectors, zip(unit.vectors, read.vectors)) {
                try require(pair.0.elements == pair.1.elements, vector.name)
            }
            for (site, pair) in zip(description.sites, zip(unit.sites, read.sites)) {
                try require(pair.0 == pair.1, "the quantizer of \(site.name)")
            }
        }
        guard units.count == descriptions.count else { return ExportVerification(codes: codes, images: 0) }
        let pixels = configuration.channels * configuration.imageHeight * configuration.imageWidth
        let noise = noiseImages(
            comparedImages, values: pixels, stream: "images to compare an exported file on")
        try require(
            logits(of: noise, pool: pool).elements == other.logits(of: noise, pool: pool).elements,
            "the logits of an image")
        return ExportVerification(codes: codes, images: noise.rows)
    }

    private func logits(of images: Matrix, pool: WorkerPool) -> Matrix {
        let prepared = configuration.units.enumerated().compactMap { index, description in
            units[index]?.prepared(for: description)
        }
        let logits = Matrix(rows: images.rows, columns: configuration.outputs)
        ModelPass(prepared, pool: pool).run(images, into: logits)
        return logits
    }
}
