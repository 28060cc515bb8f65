/// A named set of hyperparameters.
public enum Preset: String, CaseIterable, Codable, Sendable {
    /// Ranges are calibrated and nothing is learned, as in RepQ-ViT.
    case calibrate
    /// Block, global (logits) and local supervision, fused: a reading of MGRQ (arXiv 2406.09229).
    case mgrq
    /// Block and global (feature) supervision, as in GLF-Q.
    case glf

    /// What the preset is, in a line.
    public var summary: String {
        switch self {
        case .calibrate: "calibrated ranges, nothing learned (RepQ-ViT style)"
        case .mgrq: "block + global + local supervision, fused (a reading of MGRQ)"
        case .glf: "block + global feature supervision (GLF-Q style)"
        }
    }

    /// What the preset changes of the default hyperparameters.
    public var hyperparameters: Hyperparameters {
        var result = Hyperparameters()
        switch self {
        case .calibrate:
            result.steps = 0
        case .mgrq:
            break
        case .glf:
            result.globalTarget = .features
            result.localWeight = 0
        }
        return result
    }
}
