/// The shape of a model of one of the families that this package knows.
package enum ModelConfiguration: Equatable, Codable, Sendable {
    /// ViT and DeiT: tokens of one width, attention over all of them.
    case vit(ViTConfiguration)
    /// Swin: attention within shifted windows, patches merged between stages.
    case swin(SwinConfiguration)

    /// How an image is cut.
    package var grid: PatchGrid {
        switch self {
        case .vit(let shape): shape.grid
        case .swin(let shape): shape.grid
        }
    }

    /// The number of colour channels.
    package var channels: Int { grid.channels }
    /// The height of an image in pixels.
    package var imageHeight: Int { grid.imageHeight }
    /// The width of an image in pixels.
    package var imageWidth: Int { grid.imageWidth }

    /// The number of classes; 0 for a model without a classifier.
    package var classes: Int {
        switch self {
        case .vit(let shape): shape.classes
        case .swin(let shape): shape.classes
        }
    }

    /// The number of a ViT's attention heads; nil for a Swin, whose tensors show it.
    package var heads: Int? {
        if case .vit(let shape) = self { shape.heads } else { nil }
    }

    /// The number of values that the model gives: logits, or without a classifier features.
    package var outputs: Int {
        switch self {
        case .vit(let shape): shape.outputs
        case .swin(let shape): shape.outputs
        }
    }

    /// The architecture in a line, for people.
    package var summary: String {
        switch self {
        case .vit(let shape): shape.summary
        case .swin(let shape): shape.summary
        }
    }

    /// What MLPs do between their two layers.
    package var activation: MLPActivation {
        get {
            switch self {
            case .vit(let shape): shape.activation
            case .swin(let shape): shape.activation
            }
        }
        set {
            switch self {
            case .vit(var shape):
                shape.activation = newValue
                self = .vit(shape)
            case .swin(var shape):
                shape.activation = newValue
                self = .swin(shape)
            }
        }
    }

    /// Whether MLPs have nothing but GELU, or an approximation of it, between their two layers.
    package var hasPlainGELU: Bool {
        switch self {
        case .vit(let shape): shape.activation.isGELU && !shape.gatesMLP && !shape.normalizesMLP
        case .swin(let shape): shape.activation.isGELU
        }
    }

    /// Whether every number is one that a model can have.
    package var isPossible: Bool {
        switch self {
        case .vit(let shape): shape.isPossible
        case .swin(let shape): shape.isPossible
        }
    }

    /// The units, from the stem to the head.
    package var units: [any ModelUnit] {
        switch self {
        case .vit(let shape): vitUnits(of: shape)
        case .swin(let shape):
            [PatchEmbedding(configuration: shape)]
                + shape.stages.indices.flatMap { swinUnits(of: shape, stage: $0) }
                + [ClassifierHead(configuration: shape)]
        }
    }

    private func vitUnits(of shape: ViTConfiguration) -> [any ModelUnit] {
        let rotations = shape.rotary?.rotations(of: shape.grid, headWidth: shape.width / shape.heads)
        let blocks = (0..<shape.depth).map { block in
            TransformerBlock(
                name: "blocks.\(block)", configuration: shape, rotations: rotations,
                leadingTokens: block == shape.depth - 1 ? shape.leadingTokens : nil)
        }
        let pooling: [any ModelUnit] =
            shape.attentionPooling.map { [AttentionPooling(configuration: shape, shape: $0)] } ?? []
        return [PatchEmbedding(configuration: shape)] + blocks + pooling
            + [ClassifierHead(configuration: shape)]
    }

    private func swinUnits(of shape: SwinConfiguration, stage: Int) -> [any ModelUnit] {
        let merging: [any ModelUnit] =
            stage > 0
            ? [PatchMerging(name: "layers.\(stage).downsample", configuration: shape, stage: stage - 1)] : []
        return merging
            + (0..<shape.stages[stage].depth).map {
                TransformerBlock(
                    name: "layers.\(stage).blocks.\($0)", configuration: shape, stage: stage, index: $0)
            }
    }
}
