package import Vocabulary

/// A named set of hyperparameters.
///
/// docs/presets.md describes each one's source and where it differs from it.
package enum Preset: String, CaseIterable, Codable, Sendable {
    /// Ranges are calibrated and nothing is learned, as in RepQ-ViT.
    case calibrate
    /// Weights are corrected and rounded in closed form, as in ERQ and GPTQ.
    case ridge
    /// Roundings are learned with errors weighted by squared gradients, as in BRECQ.
    case brecq
    /// Roundings and scales are learned while activations are quantized at random, as in QDrop.
    case qdrop
    /// Block and global (logits) supervision, as in PD-Quant.
    case pdQuant = "pd-quant"
    /// Errors weighted by the average perturbation Hessian, as in APHQ-ViT.
    case aphq
    /// Errors weighted by a diagonal and a low-rank part of the Fisher matrix, as in FIMA-Q.
    case fima
    /// Block, global (feature) and local supervision, fused: an interpretation of MGRQ (arXiv 2406.09229).
    case mgrq
    /// Block and global (feature) supervision, as in GLF-Q.
    case glf

    /// The preset with a name.
    ///
    /// - Throws: `RunFailure(.usage)` that lists the names or suggests the one that was probably meant.
    package init(named name: String) throws(RunFailure) {
        guard let preset = Preset(rawValue: name) else {
            let known = Preset.allCases.map(\.rawValue)
            let near = closest(to: name, among: known).map { "did you mean “\($0)”?" }
            throw RunFailure(
                .usage, "there is no preset “\(name)”; \(near ?? "there is \(known.joined(separator: ", "))")"
            )
        }
        self = preset
    }

    /// A description of one line.
    package var summary: String { row.summary }

    /// Whether units are reconstructed, not only calibrated.
    package var learns: Bool { hyperparameters.steps > 0 }

    /// The defaults with the preset's changes.
    package var hyperparameters: Hyperparameters {
        var result = Hyperparameters()
        row.change(&result)
        return result
    }

    private typealias Row = (summary: String, change: @Sendable (inout Hyperparameters) -> Void)

    private var row: Row {
        switch self {
        case .calibrate:
            (
                "calibrated ranges, nothing learned (RepQ-ViT style)",
                {
                    $0.steps = 0
                    $0.views = 1
                    $0.weightSolver = .nearest
                    $0.rotate = false
                    $0.centreActivations = false
                    $0.balanceHeads = false
                    $0.geluLevels = .uniform
                    $0.tokenImportance = 0
                }
            )
        case .ridge:
            (
                "closed-form correction and rounding (ERQ, GPTQ)",
                {
                    $0.steps = 0
                    $0.views = 1
                    $0.tokenImportance = 0
                }
            )
        case .brecq:
            (
                "learned roundings, errors by squared gradients (BRECQ)",
                {
                    learnRoundings(&$0)
                    $0.blockDistance = .brecq
                }
            )
        case .qdrop:
            (
                "learned roundings, random drops of quantization (QDrop)",
                {
                    learnRoundings(&$0)
                    dropHalf(&$0)
                }
            )
        case .pdQuant:
            (
                "learned roundings, block + global divergence (PD-Quant)",
                {
                    learnRoundings(&$0)
                    dropHalf(&$0)
                    $0.fusion = .fixed
                    // The released code sums squared errors over a ViT's tokens, of which there are 197 at 224 pixels,
                    // and divides the divergence by 0.1.
                    $0.blockWeight = 197
                    $0.globalTarget = .logits
                    $0.globalWeight = 10
                }
            )
        case .aphq:
            (
                "learned roundings, perturbation Hessian (APHQ-ViT)",
                {
                    learnRoundings(&$0)
                    dropHalf(&$0)
                    $0.blockDistance = .aphq
                    $0.reluRefitSteps = 1000
                }
            )
        case .fima:
            (
                "learned roundings, low-rank Fisher matrix (FIMA-Q)",
                {
                    learnRoundings(&$0)
                    dropHalf(&$0)
                    $0.blockDistance = .fima
                }
            )
        case .glf:
            (
                "block + global feature supervision (GLF-Q style)",
                {
                    $0.globalWeight = 1
                    $0.localWeight = 0
                    $0.tokenImportance = 0
                    $0.reluRefitSteps = 1000
                    $0.balanceHeads = false
                    $0.backoffs = 0
                    $0.leastRows = 0
                }
            )
        case .mgrq: ("block + global + local supervision, fused (an interpretation of MGRQ)", { _ in })
        }
    }
}

/// The common part of the AdaRound presets: the block term alone, roundings learned from the nearest codes.
private func learnRoundings(_ values: inout Hyperparameters) {
    values.views = 1
    values.rounding = .adaround
    values.weightSolver = .nearest
    values.rotate = false
    values.centreActivations = false
    values.balanceHeads = false
    values.geluLevels = .uniform
    values.tokenImportance = 0
    values.globalShare = 1
    values.blockWeight = 1
    values.globalWeight = 0
    values.localWeight = 0
    values.backoffs = 0
    values.leastRows = 0
}

/// QDrop's probabilities.
private func dropHalf(_ values: inout Hyperparameters) {
    values.inputDrop = 0.5
    values.activationDrop = 0.5
}
