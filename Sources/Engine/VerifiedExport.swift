internal import Checkpoints
internal import Files
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// On how many images of noise a file's model is compared with the one in memory.
private let comparedImages = 8

extension PackedCheckpoint {
    /// Writes the file under another name, reads it back, compares it with this model, and gives it its name.
    ///
    /// A file that is there is replaced only by one that was read back without a difference.
    ///
    /// - Parameters:
    ///   - path: Where to write.
    ///   - pool: Runs both models.
    /// - Returns: The size and what was compared.
    /// - Throws: `RunFailure` where the file cannot be written or read, `.internal` with the first difference.
    func writeVerified(to path: String, pool: WorkerPool) throws(RunFailure) -> ExportResult {
        try Engine.writeVerified(to: path) { file in
            try write(into: file)
        } verify: { path in
            try verify(try PackedCheckpoint(path: path), pool: pool)
        }
    }

    /// Compares a model that was read with this one: every code, every number in full precision, and logits.
    ///
    /// - Throws: `RunFailure(.internal)` that names the first difference.
    func verify(_ other: PackedCheckpoint, pool: WorkerPool) throws -> ExportVerification {
        func require(_ isSame: Bool, _ what: String) throws {
            guard isSame else {
                throw RunFailure(
                    .internal, "what was written is not the model in memory: read back, \(what) differs")
            }
        }
        let descriptions = configuration.units
        try require(other.configuration == configuration, "the shape")
        try require(other.plan == plan, "the plan")
        try require(other.units.keys.sorted() == units.keys.sorted(), "the number of units")
        var codes = 0
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
                if own.quantizer.bits != nil { codes += own.weight.count }
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

/// Writes a plan as a recipe under another name, reads it back, and gives it its name.
///
/// - Returns: The size; a recipe has neither codes nor images to compare.
/// - Throws: `RunFailure`, `.internal` where what is read is another plan.
func writeVerifiedRecipe(_ plan: RunPlan, stale: [String], to path: String) throws(RunFailure) -> ExportResult
{
    try Engine.writeVerified(to: path) { file in
        try file.write(Array(plan.yaml(stale: stale).utf8))
    } verify: { path in
        guard try RunPlan(path: path) == plan else {
            throw RunFailure(.internal, "what was written is not the plan in memory")
        }
        return ExportVerification(codes: 0, images: 0)
    }
}

/// Writes a file under a temporary name, reads it back, and gives it its own name if that went well.
///
/// - Parameters:
///   - path: The file.
///   - write: Writes the contents.
///   - verify: Reads the contents back from the path that it gets.
/// - Returns: The size, and what `verify` returns.
/// - Throws: `RunFailure` that names the file by its own name; then it is as it was before.
private func writeVerified(
    to path: String, _ write: (AtomicFile) throws -> Void,
    verify: (_ path: String) throws -> ExportVerification
) throws(RunFailure) -> ExportResult {
    let file = try RunFailure.wrapping(try AtomicFile(path))
    do {
        try write(file)
        let verification = try verify(file.temporaryPath)
        try file.commit()
        return ExportResult(bytes: file.count, verification: verification)
    } catch {
        let failure = failure(of: error)
        throw RunFailure(failure.kind, failure.message.replacing(file.temporaryPath, with: path))
    }
}
