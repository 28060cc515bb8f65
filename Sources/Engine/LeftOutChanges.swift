internal import VisionTransformers
internal import Vocabulary

/// What a plan changes in the full-precision model, but cannot change in this one.
///
/// - Parameters:
///   - hyperparameters: The plan's.
///   - shape: The model.
/// - Returns: One sentence each.
func leftOutChanges(_ hyperparameters: Hyperparameters, of shape: ModelConfiguration) -> [String] {
    var (hasRotaryKeys, hasCosines, hasNormAfterValues, normalizesLast) = (false, false, false, false)
    var hasFeatureWithoutNorm = false
    switch shape {
    case .vit(let vit):
        (hasRotaryKeys, hasNormAfterValues) = (vit.rotary != nil, vit.normalizesAttention)
        normalizesLast = vit.normalizesLast
        hasFeatureWithoutNorm = vit.pooling == .attention && vit.classes > 0
    case .swin(let swin): hasCosines = swin.isSecondVersion
    }
    var result: [String] = []
    if hyperparameters.reluRefitSteps > 0, !shape.hasPlainGELU {
        result.append(
            "relu_refit_steps has no effect: between the two layers of the model's MLPs is something else than GELU"
        )
    }
    let rotaryOperands = hasRotaryKeys ? "queries and keys, which rotary positions turn" : nil
    let values = hasNormAfterValues ? "values, which a norm follows" : nil
    func leftOut(_ key: String, _ parts: [String?]) {
        let parts = parts.compactMap(\.self)
        guard !parts.isEmpty else { return }
        result.append("\(key) leaves out \(parts.joined(separator: ", and "))")
    }
    if hyperparameters.rotate {
        leftOut(
            "rotate",
            [
                normalizesLast ? "features between blocks, as norms come after attention and MLP" : nil,
                rotaryOperands, values,
            ])
    }
    if hyperparameters.centreActivations {
        leftOut(
            "centre_activations",
            [
                hasRotaryKeys
                    ? "keys, which rotary positions turn" : hasCosines ? "keys, whose length is fixed" : nil,
                values,
                hasFeatureWithoutNorm ? "the feature that the classifier reads, which no norm precedes" : nil,
            ])
    }
    if hyperparameters.balanceHeads {
        leftOut(
            "balance_heads",
            [
                rotaryOperands ?? (hasCosines ? "queries and keys, whose length is fixed" : nil), values,
            ])
    }
    return result
}
