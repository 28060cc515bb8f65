internal import VisionTransformers

/// What the name of an architecture says that its tensors do not show.
struct ArchitectureFacts: Equatable {
    /// The number of attention heads.
    var heads: Int?
    /// What MLPs do between their two layers.
    var activation: MLPActivation?
    /// The epsilon of LayerNorm.
    var epsilon: Float?
    /// The head's input.
    var pooling: ViTConfiguration.Pooling?
    /// Whether pooling of tokens includes those before the patches.
    var poolsPrefix = false
    /// Whether norms come after attention and MLP, before the residual connections.
    var normalizesLast = false
    /// How queries and keys are rotated.
    var rotary: RotaryPositions?
    /// The side of a Swin V2's windows.
    var window: Int?
    /// The side of its windows in pretraining, stage by stage.
    var pretrainedWindows: [Int]?
    /// What the architecture has that is not supported.
    var unsupported: UnsupportedFeature?

    /// Looks a name of timm's up; nil for a name that timm does not have and that says nothing by itself.
    ///
    /// - Parameter name: The name, perhaps with the tag of its weights: `vit_base_patch16_224.augreg_in21k`.
    init?(timm name: String) {
        let name = name.lowercased().prefix { $0 != "." }
        for line in TimmArchitectures.table.split(separator: "\n") {
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2, sides[1].split(separator: " ").contains(name) else { continue }
            for fact in sides[0].split(separator: " ") {
                let parts = fact.split(separator: "=").map(String.init)
                take(parts[0], parts.last ?? "")
            }
            return
        }
        guard let feature = UnsupportedFeature(inNameOf: String(name)) else { return nil }
        unsupported = feature
    }

    private mutating func take(_ key: String, _ value: String) {
        switch key {
        case "heads": heads = Int(value)
        case "act": activation = MLPActivation(rawValue: value)
        case "eps": epsilon = Float(value)
        case "pool": pooling = ViTConfiguration.Pooling(rawValue: value)
        case "prefix": poolsPrefix = true
        case "post": normalizesLast = true
        case "rotary": rotary = RotaryPositions(fact: value)
        case "window": window = Int(value)
        case "pretrained": pretrainedWindows = value.split(separator: ",").compactMap { Int($0) }
        case "no": unsupported = UnsupportedFeature(rawValue: value)
        default: break
        }
    }

    /// What is usual for a model of Hugging Face where its config.json does not say; nil for an unknown family.
    ///
    /// - Parameter modelType: Its `model_type`.
    init?(huggingFace modelType: String) {
        switch modelType {
        case "vit", "deit", "beit", "data2vec-vision", "vit_mae", "timm_wrapper":
            epsilon = modelType == "timm_wrapper" ? nil : 1e-12
        case "dinov2", "dinov2_with_registers", "vit_msn": epsilon = 1e-6
        case "swin", "swinv2": epsilon = 1e-5
        case "dinov3_vit":
            epsilon = 1e-5
            rotary = RotaryPositions(coordinate: .centre, pairing: .halves, temperature: 100)
        case "clip", "clip_vision_model": (epsilon, activation) = (1e-5, .quickGELU)
        case "siglip", "siglip_vision_model": (epsilon, activation) = (1e-6, .geluTanh)
        case "siglip2", "siglip2_vision_model": unsupported = .flexiblePatches
        case "pe_vision": unsupported = .attentionPooling
        default: return nil
        }
        let isOther = ["swin", "swinv2", "timm_wrapper"].contains(modelType)
        if !isOther, unsupported == nil { heads = modelType == "dinov3_vit" ? 6 : 12 }
    }

    /// The families of Hugging Face that are read, as their config.json calls them.
    static let huggingFaceFamilies =
        "vit, deit, beit, data2vec-vision, swin, swinv2, dinov2, dinov2_with_registers, dinov3_vit, vit_mae, vit_msn, "
        + "clip, clip_vision_model, siglip, siglip_vision_model"
}

extension RotaryPositions {
    /// Reads timm's table: coordinate, pairing and temperature, then the side of the reference grid or 0, then
    /// “columns” where these come first, with slashes between.
    fileprivate init?(fact: String) {
        let parts = fact.split(separator: "/").map(String.init)
        guard parts.count >= 4, let coordinate = Coordinate(rawValue: parts[0]),
            let pairing = Pairing(rawValue: parts[1]), let temperature = Float(parts[2]),
            let side = Int(parts[3])
        else { return nil }
        self.init(
            coordinate: coordinate, pairing: pairing, temperature: temperature,
            referenceSide: side > 0 ? side : nil, columnsFirst: parts.last == "columns")
    }
}
