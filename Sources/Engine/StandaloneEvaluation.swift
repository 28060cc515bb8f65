internal import Checkpoints
internal import Datasets
internal import Foundation
internal import Quantization
internal import Reconstruction
public import Runs
internal import Safetensors
internal import TensorCore
internal import VisionTransformers

/// What `mgrq evaluate` says of a model.
public struct ModelEvaluation: Equatable, Codable, Sendable {
    /// The number of images.
    public var images: Int
    /// The share of images whose label is the most likely class, in percent; nil without labels.
    public var top1: Double?
    /// The share of images whose label is among the five most likely classes, in percent; nil without labels.
    public var top5: Double?
    /// The share of images for which the full-precision model chooses the same class, in percent; nil where
    /// that model is not at hand.
    public var agreement: Double?
    /// KL(full ‖ quantized) in nats, mean over images; nil where the full-precision model is not at hand.
    public var kl: Double?
    /// Signal to quantization noise of the logits in dB; nil where the full-precision model is not at hand, or
    /// there is no noise at all.
    public var sqnrDb: Double?
}

/// Evaluates a full-precision checkpoint, a packed checkpoint, or a run.
///
/// - Parameters:
///   - path: A safetensors file, a folder with `model.safetensors`, or a run directory.
///   - dataPath: The images.
///   - referencePath: The full-precision checkpoint to compare with; nil compares with none, or, if `path` is
///     a full-precision checkpoint, with itself.
///   - threads: The number of threads that work.
/// - Returns: The evaluation.
/// - Throws: `RunFailure` with one sentence.
public func evaluateModelOrRun(
    path: String, dataPath: String, referencePath: String?, threads: Int
) throws(RunFailure) -> ModelEvaluation {
    do {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let set = try ImageSet(path: dataPath)
        guard let quantized = try QuantizedModelFile(path: path) else {
            let model = try EvaluatedModel(fullPrecision: try loadCheckpoint(path: path))
            return try compare(model, with: .itself, on: set, pool: pool)
        }
        let reference = try referencePath.map {
            try EvaluatedModel(fullPrecision: try loadCheckpoint(path: $0))
        }
        return try compare(
            try EvaluatedModel(packed: quantized), with: reference.map(Reference.other) ?? .absent, on: set,
            pool: pool)
    } catch {
        throw failure(of: error)
    }
}

/// A model that can be run on images.
private struct EvaluatedModel {
    let units: [PreparedUnit]
    let configuration: ModelConfiguration
    let normalisation: Normalisation

    init(fullPrecision checkpoint: Checkpoint) throws {
        configuration = checkpoint.model.configuration
        normalisation = try Normalisation(
            mean: checkpoint.mean, standardDeviation: checkpoint.standardDeviation)
        units = zip(checkpoint.model.units, checkpoint.model.weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
        }
    }

    init(packed file: QuantizedModelFile) throws {
        configuration = file.checkpoint.configuration
        normalisation = try Normalisation(
            mean: file.checkpoint.mean, standardDeviation: file.checkpoint.standardDeviation)
        units = zip(file.units, configuration.units).map { $0.prepared(for: $1) }
    }

    func logits(on set: ImageSet, pool: WorkerPool) throws -> Matrix {
        try set.require(
            channels: configuration.channels, height: configuration.imageHeight,
            width: configuration.imageWidth)
        let images = try set.normalised(Array(0..<set.count), with: normalisation)
        return outputs(of: units, on: images, pool: pool)
    }
}

/// What a model is compared with.
private enum Reference {
    case absent
    case itself
    case other(EvaluatedModel)
}

private func compare(
    _ model: EvaluatedModel, with reference: Reference, on set: ImageSet, pool: WorkerPool
) throws -> ModelEvaluation {
    let logits = try model.logits(on: set, pool: pool)
    let labels = set.labels == nil ? nil : try set.labels(below: model.configuration.classes)
    var teacher = logits
    var isKnown = true
    switch reference {
    case .absent: isKnown = false
    case .itself: break
    case .other(let other): teacher = try other.logits(on: set, pool: pool)
    }
    guard teacher.columns == logits.columns else {
        throw RunFailure(
            .badData,
            "the reference has \(teacher.columns) classes, the quantized model \(logits.columns); "
                + "give the checkpoint that the model was made from")
    }
    let result = evaluation(of: logits, against: teacher, labels: labels)
    return ModelEvaluation(
        images: result.images, top1: result.top1, top5: result.top5,
        agreement: isKnown ? result.agreement : nil,
        kl: isKnown ? result.kl : nil, sqnrDb: isKnown ? result.sqnrDb : nil)
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
public func planText(of path: String) throws(RunFailure) -> String? {
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
            RunFailure(.badData, "\(error)")
        }
    case let error as QuantizationError:
        RunFailure(.badData, "\(error)")
    default:
        RunFailure(.internal, "an error that nobody expected: \(error)")
    }
}
