internal import Files
internal import Checkpoints
package import Datasets
internal import Quantization
internal import Reconstruction
package import Runs
internal import Safetensors
package import TensorCore
internal import VisionTransformers
package import Vocabulary

/// What `mgrq evaluate` says of a model.
package struct ModelEvaluation: Equatable, Codable, Sendable {
    /// The number of images.
    package var images: Int
    /// The share of images whose label is the most likely class, in percent; nil without labels.
    package var top1: Double?
    /// The share of images whose label is among the five most likely classes, in percent; nil without labels.
    package var top5: Double?
    /// The share of images for which the full-precision model chooses the same class, in percent; nil where
    /// that model is not at hand.
    package var agreement: Double?
    /// KL(full ‖ quantized) in nats, mean over images; nil where the full-precision model is not at hand.
    package var kl: Double?
    /// Signal to quantization noise of the logits in dB; nil where the full-precision model is not at hand, or
    /// there is no noise at all.
    package var sqnrDb: Double?
    /// The number of images that were left out because they cannot be used.
    package var skipped = 0
}

/// Evaluates a full-precision checkpoint, a packed checkpoint, or a run.
///
/// - Parameters:
///   - path: A safetensors file, a folder with `model.safetensors`, or a run directory.
///   - dataPath: The images.
///   - images: How image files are read.
///   - imageSize: The sides of the images that a full-precision checkpoint is to read, in pixels; nil takes its own. A
///     quantized model has the size that it was made for, and what it is compared with gets the same.
///   - referencePath: The full-precision checkpoint to compare with; nil compares with none, or, if `path` is
///     a full-precision checkpoint, with itself.
///   - threads: The number of threads that work.
///   - warn: Gets one sentence for every image that is left out.
/// - Returns: The evaluation.
/// - Throws: `RunFailure` with one sentence.
package func evaluateModelOrRun(
    path: String, dataPath: String, images: ImageOptions = ImageOptions(), imageSize: Int? = nil,
    referencePath: String?,
    threads: Int, warn: @escaping (String) -> Void = { _ in }
) throws(RunFailure) -> ModelEvaluation {
    do {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let set = try ImageSet(path: dataPath)
        let work = EvaluationWork(set: set, reading: images, pool: pool, warn: warn)
        guard let quantized = try QuantizedModelFile(path: path) else {
            let model = try EvaluatedModel(
                fullPrecision: try loadCheckpoint(path: path, imageSize: imageSize.map { ($0, $0) }))
            return try work.compare(model, with: Reference.itself)
        }
        let shape = quantized.checkpoint.configuration
        let size = (shape.imageHeight, shape.imageWidth)
        let reference = try referencePath.map {
            try EvaluatedModel(fullPrecision: try loadCheckpoint(path: $0, imageSize: size))
        }
        return try work.compare(
            try EvaluatedModel(packed: quantized), with: reference.map(Reference.other) ?? .absent)
    } catch {
        throw failure(of: error)
    }
}

/// Runs a full-precision checkpoint on images, the way that `evaluateModelOrRun` does.
///
/// - Parameters:
///   - path: The checkpoint.
///   - set: The images; each must be usable.
///   - threads: The number of threads that work.
/// - Returns: `[images, classes]`, in the order of the set.
/// - Throws: `RunFailure` with one sentence.
package func fullPrecisionLogits(path: String, set: ImageSet, threads: Int) throws(RunFailure) -> Matrix {
    do {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let work = EvaluationWork(set: set, reading: ImageOptions(), pool: pool, warn: { _ in })
        return try work.run([try EvaluatedModel(fullPrecision: try loadCheckpoint(path: path))]).logits[0]
    } catch {
        throw failure(of: error)
    }
}

/// A model that can be run on images.
private struct EvaluatedModel {
    let units: [PreparedUnit]
    let pipeline: PreprocessingPipeline
    /// The number of classes; 0 without a classifier.
    let classes: Int
    /// The number of logits, or without a classifier of features.
    let outputs: Int
    let labels: [String]?

    /// Takes a checkpoint over: its numbers go as soon as they are packed, so that they are not held twice.
    init(fullPrecision checkpoint: consuming Checkpoint) throws {
        pipeline = try PreprocessingPipeline(checkpoint.preparation)
        classes = checkpoint.model.configuration.classes
        outputs = checkpoint.model.configuration.outputs
        labels = checkpoint.labels
        let shapes = checkpoint.model.units
        var weights = checkpoint.model.weights
        _ = consume checkpoint
        var units: [PreparedUnit] = []
        for shape in shapes.reversed() {
            units.append(PreparedUnit(fullPrecision: shape, weights: weights.removeLast(), backward: false))
        }
        self.units = units.reversed()
    }

    init(packed file: QuantizedModelFile) throws {
        let configuration = file.checkpoint.configuration
        pipeline = try PreprocessingPipeline(file.checkpoint.preparation)
        classes = configuration.classes
        outputs = configuration.outputs
        labels = file.checkpoint.labels
        units = zip(file.units, configuration.units).map { $0.prepared(for: $1) }
    }
}

/// What a model is compared with.
private enum Reference {
    case absent
    case itself
    case other(EvaluatedModel)
}

/// An evaluation: images go through models batch by batch, so that any number of them can be evaluated.
private struct EvaluationWork {
    let set: ImageSet
    let reading: ImageOptions
    let pool: WorkerPool
    let warn: (String) -> Void

    func compare(_ model: EvaluatedModel, with reference: Reference) throws -> ModelEvaluation {
        // Before minutes of arithmetic, not after.
        let labels =
            set.labels == nil || model.classes == 0
            ? nil : try set.labels(classes: model.classes, names: model.labels)
        var others: [EvaluatedModel] = []
        var isKnown = true
        switch reference {
        case .absent: isKnown = false
        case .itself: break
        case .other(let other): others = [other]
        }
        if let other = others.first, other.outputs != model.outputs {
            throw RunFailure(
                .badData,
                "the reference has \(other.outputs) outputs, the quantized model \(model.outputs); "
                    + "give the checkpoint that the model was made from")
        }
        let passes =
            others.allSatisfy { $0.pipeline == model.pipeline }
            ? [[model] + others] : [[model], others]
        var logits: [Matrix] = []
        var used: [Int] = []
        var skipped: [SkippedImage] = []
        for models in passes {
            let pass = try run(models)
            logits += pass.logits
            (used, skipped) = (pass.used, pass.skipped)
        }
        for image in skipped { warn("left out: \(image.reason)") }
        guard let own = logits.first, !used.isEmpty else {
            throw RunFailure(
                .badData,
                "none of the \(set.count) images can be used; the first: \(skipped.first?.reason ?? "")")
        }
        let result = evaluation(
            of: own, against: logits.last ?? own, labels: labels.map { labels in used.map { labels[$0] } })
        return ModelEvaluation(
            images: result.images, top1: result.top1, top5: result.top5,
            agreement: isKnown ? result.agreement : nil, kl: isKnown ? result.kl : nil,
            sqnrDb: isKnown ? result.sqnrDb : nil, skipped: skipped.count)
    }

    /// Runs models with one pipeline over all images.
    func run(
        _ models: [EvaluatedModel]
    ) throws -> (logits: [Matrix], used: [Int], skipped: [SkippedImage]) {
        let logits = models.map { Matrix(rows: set.count, columns: $0.outputs) }
        let passes = models.map { ModelPass($0.units, pool: pool) }
        var used: [Int] = []
        var skipped: [SkippedImage] = []
        try set.forEachBatch(
            of: Array(0..<set.count), size: imagesPerBatch, pipeline: models[0].pipeline, reading: reading,
            pool: pool
        ) { batch in
            let rows = used.count..<used.count + batch.indices.count
            for (pass, target) in zip(passes, logits) where !rows.isEmpty {
                pass.run(batch.images, into: target.rows(rows))
            }
            used += batch.indices
            skipped += batch.skipped
        }
        return (logits.map { $0.rows(0..<used.count) }, used, skipped)
    }
}

/// A complete quantized model on disk: a packed checkpoint or a run directory.
struct QuantizedModelFile {
    let checkpoint: PackedCheckpoint
    let units: [QuantizedUnit]

    /// Reads the model; nil where the path is neither of the two.
    init?(path: String) throws {
        if RunDirectory.isRun(path) {
            checkpoint = try RunRecord.packedCheckpoint(of: path)
        } else if PackedCheckpoint.isPacked(path) {
            checkpoint = try PackedCheckpoint(path: path)
        } else {
            return nil
        }
        units = try checkpoint.completeUnits(path: path)
    }
}

/// The plan that a run directory or a packed checkpoint carries, as YAML; nil where the path is neither.
///
/// - Throws: `RunFailure` with one sentence.
package func planText(of path: String) throws(RunFailure) -> String? {
    do {
        return try QuantizedModelFile(path: path)?.checkpoint.plan
    } catch {
        throw failure(of: error)
    }
}

/// The one sentence and the kind of any error that the engine meets.
func failure(of error: any Error) -> RunFailure {
    switch error {
    case let failure as RunFailure:
        failure
    case let error as FileError:
        RunFailure(error)
    case let error as PlanError:
        RunFailure(.badData, "\(error)")
    case let error as CheckpointError:
        switch error {
        case .file(let cause): failure(of: cause)
        case .missing(let sentence): RunFailure(.missingInput, sentence)
        case .unusable(let sentence): RunFailure(.badData, sentence)
        case .problems: RunFailure(.badData, "\(error)")
        }
    case let error as SafetensorsError:
        switch error.code {
        case .missing: RunFailure(.missingInput, "\(error)")
        case .unreadable, .cannotWrite: RunFailure(.inputOutput, "\(error)")
        case .cannotCreate: RunFailure(.cannotCreate, "\(error)")
        default: RunFailure(.badData, "\(error)")
        }
    case let error as DatasetError:
        if let cause = error.cause {
            RunFailure(failure(of: cause).kind, "\(error)")
        } else {
            switch error.code {
            case .missing: RunFailure(.missingInput, "\(error)")
            case .unreadable: RunFailure(.inputOutput, "\(error)")
            default: RunFailure(.badData, "\(error)")
            }
        }
    case let error as QuantizationError:
        RunFailure(.badData, "\(error)")
    default:
        RunFailure(.internal, "an error that nobody expected: \(error)")
    }
}
