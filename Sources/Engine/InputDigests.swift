internal import Checkpoints
internal import Datasets
internal import Files
internal import Kernels
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

extension Checkpoint {
    /// The SHA-256 of every tensor as the model reads it: name, shape and values, in the model's order.
    ///
    /// The same for any file layout that holds the same numbers.
    var weightsDigest: String {
        var digest = SHA256()
        func add(_ name: String, _ tensor: Tensor) {
            digest.add("\(name) \(tensor.shape)\n")
            digest.add(tensor.elements)
        }
        for (unit, weights) in zip(model.units, model.weights) {
            for (layer, linear) in zip(unit.linears, weights.linears) {
                add("\(layer.name).weight", linear.weight)
                if let bias = linear.bias { add("\(layer.name).bias", bias) }
            }
            for (vector, tensor) in zip(unit.vectors, weights.vectors) { add(vector.name, tensor) }
        }
        return digest.hex
    }

    /// The SHA-256 of the model's shape, its image preparation as a plan changes it, and its class names.
    func modelDigest(_ images: ImageOptions) throws -> String {
        var preparation = try preparation.changed(by: images)
        // For people: they may name files.
        (preparation.source, preparation.doubt, preparation.resizeDoubt) = ("", nil, nil)
        let facts = ModelFacts(
            configuration: model.configuration, preparation: preparation, labels: labels)
        return sha256(Array(try JSONText(encoding: facts).line.utf8))
    }
}

private struct ModelFacts: Encodable {
    var configuration: ModelConfiguration
    var preparation: ImagePreparation
    var labels: [String]?
}

extension InstructionLevel {
    /// How products and sums are computed.
    var arithmetic: PlanInputs.Arithmetic { self == .baseline ? .separate : .fused }
}

extension RunInputs {
    /// The SHA-256 of everything that a plan is carried out with.
    func digests(for plan: RunPlan) throws -> PlanInputs {
        PlanInputs(
            request: plan.request, weights: checkpoint.weightsDigest,
            model: try checkpoint.modelDigest(plan.images),
            calibration: manifest.calibration.contentDigest,
            evaluation: manifest.evaluation?.contentDigest,
            heldOut: heldOut?.source == .evaluation ? heldOut?.rows.count ?? 0 : 0,
            arithmetic: InstructionLevel.current.arithmetic)
    }

    /// Compares these inputs with those that a plan was carried out with.
    ///
    /// - Parameters:
    ///   - now: The digests of these inputs.
    ///   - before: Those of that time.
    ///   - earlier: The manifest of that time; nil where it is not known.
    /// - Returns: What has changed, a sentence for each input; empty for nothing.
    func changes(_ now: PlanInputs, since before: PlanInputs, manifest earlier: RunImageManifest?) -> [String]
    {
        let arithmetic =
            "this machine computes \(now.arithmetic == .fused ? "with" : "without") fused multiply-add, the run was made "
            + "\(before.arithmetic == .fused ? "with" : "without") it"
        return [
            now.changeOfWeights(since: before, path: checkpoint.path),
            now.changeOfModel(since: before, path: checkpoint.path),
            now.calibration == before.calibration
                ? nil
                : imageChange("calibration", manifest.calibration, since: earlier?.calibration),
            now.evaluation == before.evaluation
                ? nil : imageChange("evaluation", manifest.evaluation, since: earlier?.evaluation),
            now.arithmetic == before.arithmetic ? nil : arithmetic,
        ].compactMap(\.self)
    }
}

extension PlanInputs {
    /// What has changed in the checkpoint's tensors, as a sentence; nil for nothing.
    func changeOfWeights(since before: PlanInputs, path: String) -> String? {
        weights == before.weights ? nil : "the weights in \(path) have changed"
    }

    /// What has changed beside them.
    func changeOfModel(since before: PlanInputs, path: String) -> String? {
        model == before.model
            ? nil
            : "the shape, the image preparation or the class names of \(path) have changed, which config.json and "
                + "preprocessor_config.json beside it can set"
    }
}

/// What has changed in a set of images that is not the same any more, as a sentence.
func imageChange(_ use: String, _ now: ImageManifest?, since before: ImageManifest?) -> String {
    guard let now else { return "there are no \(use) images any more" }
    let changes = before.map { now.changes(since: $0) } ?? []
    guard let first = changes.first else { return "the \(use) images in \(now.source) have changed" }
    return "of the \(use) images, \(first)" + (changes.count > 1 ? " (and \(changes.count - 1) more)" : "")
}

/// The refusal of inputs that are not those of before.
func changedInputs(_ changes: [String]) -> RunFailure {
    RunFailure(
        .badData,
        "\(changes.joined(separator: "; ")): the results would not be the same; put back what was there, or give "
            + "--accept-changed-inputs")
}
