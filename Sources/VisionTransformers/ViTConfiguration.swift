/// What an MLP does between its two layers.
package enum MLPActivation: String, Codable, Sendable {
    /// x · Φ(x), in the form with the error function.
    case gelu
    /// x · Φ(x) approximated with tanh.
    case geluTanh = "gelu_tanh"
    /// x · σ(1.702 x).
    case quickGELU = "quick_gelu"
    /// x · σ(x).
    case silu
    /// max(x, 0).
    case relu

    /// The activation that timm or Hugging Face calls by a name; nil for another one.
    package init?(named name: String) {
        switch name.lowercased() {
        case "gelu", "gelu_python": self = .gelu
        case "gelu_tanh", "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh": self = .geluTanh
        case "quick_gelu", "quickgelu": self = .quickGELU
        case "silu", "swish": self = .silu
        case "relu": self = .relu
        default: return nil
        }
    }

    /// Whether it is GELU or an approximation of it.
    package var isGELU: Bool { self != .relu && self != .silu }

    /// What to call it in a summary; nil for GELU, the usual one.
    var label: String? {
        switch self {
        case .gelu: nil
        case .geluTanh: "GELU with tanh"
        case .quickGELU: "quick GELU"
        case .silu: "SiLU"
        case .relu: "ReLU"
        }
    }
}

/// The shape of a vision transformer and the numbers that a checkpoint's tensors do not tell.
package struct ViTConfiguration: Equatable, Codable, Sendable {
    /// What the head reads.
    package enum Pooling: String, Equatable, Codable, Sendable {
        /// The class token.
        case classToken = "token"
        /// The mean of the patch tokens.
        case average = "avg"
        /// The class token and the mean of the patch tokens, side by side (Hugging Face's Dinov2).
        case classTokenAndAverage = "token_avg"
        /// What a learned query finds by attention to the tokens (SigLIP); then there is an `attentionPooling`.
        case attention = "map"
    }

    /// The height of an image in pixels; a multiple of `patchHeight`.
    package var imageHeight: Int
    /// The width of an image in pixels; a multiple of `patchWidth`.
    package var imageWidth: Int
    /// The height of a patch in pixels.
    package var patchHeight: Int
    /// The width of a patch in pixels.
    package var patchWidth: Int
    /// The number of colour channels.
    package var channels: Int
    /// The number of features of a token.
    package var width: Int
    /// The number of blocks.
    package var depth: Int
    /// The number of attention heads; divides `width`.
    package var heads: Int
    /// The number of features that fc2 reads.
    package var hiddenWidth: Int
    /// The number of classes; 0 for a model without a classifier, which gives the features that one would read.
    package var classes: Int
    /// Whether a class token goes before the patch tokens.
    package var hasClassToken: Bool
    /// Whether a distillation token follows it, with its own head; the two heads' logits are averaged (DeiT).
    package var hasDistillationToken: Bool
    /// The number of register tokens between these and the patch tokens (timm's `reg_token`).
    package var registerTokens: Int
    /// Whether the tokens before the patches have positions too; not so in DeiT III (timm's `no_embed_class`).
    package var hasPrefixPositions: Bool
    /// Whether tokens have positions that are added to them; not so in BEiT.
    package var hasPositions: Bool
    /// Whether every block has a table of relative positions, the class token's among them (BEiT).
    package var hasRelativePositions: Bool
    /// What the head reads.
    package var pooling: Pooling
    /// What there is for pooling by attention; nil for another pooling.
    package var attentionPooling: AttentionPoolingShape?
    /// Whether pooling includes the tokens before the patches (timm's `pool_include_prefix`).
    package var poolsPrefix: Bool
    /// Whether a norm comes before the blocks; then the embedding of patches has no bias (timm's `pre_norm`, CLIP).
    package var hasPreNorm: Bool
    /// Whether the last norm comes after pooling (timm's `fc_norm`) rather than before it.
    package var normalizesAfterPooling: Bool
    /// What is between fc1 and fc2.
    package var activation: MLPActivation
    /// Whether fc1 gives twice what fc2 reads: the first half, after the activation, is a factor of the second (SwiGLU,
    /// arXiv 2002.05202).
    @FalseByDefault package var gatesMLP: Bool
    /// Whether a norm comes before fc2 (EVA-02).
    @FalseByDefault package var normalizesMLP: Bool
    /// Whether a norm comes before the projection after attention (EVA-02 of the CLIP family).
    @FalseByDefault package var normalizesAttention: Bool
    /// Whether the two norms of a block come after attention and MLP, before the residual connections.
    @FalseByDefault package var normalizesLast: Bool
    /// How queries and keys are rotated by their patches' places; nil if they are not.
    package var rotary: RotaryPositions?
    /// Whether qkv has a bias.
    package var hasQkvBias: Bool
    /// Whether residual branches are scaled per feature (timm's `ls1`, `ls2`).
    package var hasLayerScale: Bool
    /// What LayerNorm adds to the variance.
    package var epsilon: Float

    /// Makes a configuration of a plain ViT; the rarer choices can be set afterwards.
    package init(
        imageHeight: Int, imageWidth: Int, patchHeight: Int, patchWidth: Int, channels: Int, width: Int,
        depth: Int,
        heads: Int, hiddenWidth: Int, classes: Int
    ) {
        self.imageHeight = imageHeight
        self.imageWidth = imageWidth
        self.patchHeight = patchHeight
        self.patchWidth = patchWidth
        self.channels = channels
        self.width = width
        self.depth = depth
        self.heads = heads
        self.hiddenWidth = hiddenWidth
        self.classes = classes
        hasClassToken = true
        hasDistillationToken = false
        registerTokens = 0
        hasPrefixPositions = true
        hasPositions = true
        hasRelativePositions = false
        pooling = .classToken
        attentionPooling = nil
        poolsPrefix = false
        hasPreNorm = false
        normalizesAfterPooling = false
        activation = .gelu
        gatesMLP = false
        normalizesMLP = false
        normalizesAttention = false
        normalizesLast = false
        rotary = nil
        hasQkvBias = true
        hasLayerScale = false
        epsilon = 1e-6
    }

    /// How an image is cut.
    package var grid: PatchGrid {
        PatchGrid(
            imageHeight: imageHeight, imageWidth: imageWidth, patchHeight: patchHeight,
            patchWidth: patchWidth,
            channels: channels)
    }
    /// The number of patches.
    package var patches: Int { grid.patches }
    /// The number of tokens before the patch tokens.
    package var prefixTokens: Int {
        (hasClassToken ? 1 : 0) + (hasDistillationToken ? 1 : 0) + registerTokens
    }
    /// The number of tokens.
    package var tokens: Int { patches + prefixTokens }
    /// The number of tokens that have a position.
    package var positions: Int { !hasPositions ? 0 : hasPrefixPositions ? tokens : patches }

    /// The number of features that a classifier reads.
    var features: Int { pooling == .classTokenAndAverage ? 2 * width : width }
    /// The number of values that the model gives: logits, or without a classifier features.
    package var outputs: Int { classes > 0 ? classes : features }

    /// Whether pooling is of the patches' tokens and of none that must be there.
    package var poolsTokens: Bool { pooling == .average || pooling == .attention }

    /// How many tokens, from the first on, the head reads where it does not read all.
    var leadingTokens: Int? {
        pooling == .classToken ? 1 + (hasDistillationToken ? 1 : 0) : nil
    }

    /// The architecture in a line, for people.
    package var summary: String {
        let mlp = gatesMLP ? "gated MLPs (\(activation.label ?? "GELU"))" : activation.label
        let rare = [
            mlp, rotary == nil ? nil : "rotary positions",
            attentionPooling.map { "pooling by attention of \($0.heads) heads" },
            normalizesLast ? "norms after attention and MLP" : nil,
        ].compactMap(\.self)
        return
            "\(hasDistillationToken ? "distilled ViT" : "ViT"), \(depth) blocks of width \(width), \(heads) heads, "
            + "\(grid.summary), \(rare.map { "\($0), " }.joined())"
            + (classes > 0 ? "\(classes) classes" : "no classifier, \(outputs) features")
    }

    /// Whether every number is one that a model can have.
    package var isPossible: Bool {
        grid.isPossible
            && [width, heads, hiddenWidth].allSatisfy { (1...1 << 20).contains($0) }
            && (0...1 << 20).contains(classes)
            && (1...4096).contains(depth) && width.isMultiple(of: heads)
            && (0...4096).contains(registerTokens)
            && epsilon.isFinite && epsilon > 0 && (hasClassToken || poolsTokens)
            && (pooling == .attention) == (attentionPooling != nil)
            && (attentionPooling?.isPossible(width: width) ?? true)
            && (pooling != .attention || !normalizesAfterPooling)
            && (hasPositions || hasRelativePositions || rotary != nil)
            && (rotary?.isPossible ?? true)
            && (rotary == nil || (width / heads).isMultiple(of: 4))
            && (!hasRelativePositions || hasClassToken && prefixTokens == 1)
            && (!poolsPrefix || poolsTokens)
            && (pooling != .classTokenAndAverage || !normalizesAfterPooling)
            && (classes > 0 || !hasDistillationToken)
            && (!hasDistillationToken || hasClassToken && pooling == .classToken && !normalizesAfterPooling)
    }
}
