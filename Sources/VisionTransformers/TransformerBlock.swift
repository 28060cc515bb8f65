internal import Kernels
internal import TensorCore

/// A transformer block in timm's layout: attention and an MLP, each after a LayerNorm and beside a residual connection,
/// with optional layer scale.
///
/// Attention is over all tokens of an image (ViT), or over those of a window with relative positions (Swin). With
/// windows, everything from the first norm to the projection has its rows in the windows' order.
///
/// Queries and keys may be rotated by their patches' places, or scaled to a length (Swin V2). Their sites, and what
/// “qkv” means as an operator, are what the products read: the values after that.
package struct TransformerBlock: ModelUnit {
    /// The unit's name.
    package let name: String
    /// The number of tokens that the block reads.
    package let gridTokens: Int
    /// The number of tokens that the block gives, from the first on: all, or those that the head reads.
    package private(set) var outputTokens: Int
    /// The windows of attention; nil if every token attends to all.
    package let layout: WindowLayout?
    /// The relative positions that scores get; nil for none.
    let relative: RelativePositions?
    /// The features of a token.
    package let width: Int
    package let heads: Int
    /// The features between the MLP's layers.
    package let hidden: Int
    package let activation: MLPActivation
    /// Whether fc1's first half, after the activation, is a factor of its second half.
    package let isGated: Bool
    /// Whether a norm comes before the projection, and before fc2.
    package let normalizesAttention, normalizesMLP: Bool
    /// How queries and keys of patches are rotated; nil if they are not.
    let rotations: PatchRotations?
    /// Whether scores are cosines of queries and keys, times a number for each head (Swin V2).
    package let usesCosines: Bool
    /// Whether the two norms come after attention and MLP, before the residual connections (Swin V2, and some ViTs).
    package let normalizesLast: Bool
    /// Whether queries, keys and values have a bias.
    package let qkvBias: Bool
    package let layerScale: Bool
    /// Added to the variance in LayerNorm.
    package let epsilon: Float

    /// Makes a block of a ViT.
    ///
    /// - Parameters:
    ///   - name: The unit's name, which is also the prefix of its parameters' names.
    ///   - configuration: The model's shape.
    ///   - rotations: What its rotary positions come to, the same for every block.
    ///   - leadingTokens: The number of tokens to give, from the first on; nil for all. The others are used as keys
    ///     and values only.
    init(
        name: String, configuration: ViTConfiguration, rotations: PatchRotations?, leadingTokens: Int? = nil
    ) {
        self.name = name
        gridTokens = configuration.tokens
        outputTokens = leadingTokens ?? gridTokens
        layout = nil
        relative =
            configuration.hasRelativePositions
            ? RelativePositions(
                height: configuration.grid.rows, width: configuration.grid.columns, hasClassToken: true) : nil
        width = configuration.width
        heads = configuration.heads
        hidden = configuration.hiddenWidth
        activation = configuration.activation
        isGated = configuration.gatesMLP
        (normalizesAttention, normalizesMLP) = (
            configuration.normalizesAttention, configuration.normalizesMLP
        )
        self.rotations = rotations
        (usesCosines, normalizesLast) = (false, configuration.normalizesLast)
        qkvBias = configuration.hasQkvBias
        layerScale = configuration.hasLayerScale
        epsilon = configuration.epsilon
    }

    /// Makes a block of a Swin; every other one has its windows shifted.
    ///
    /// - Parameters:
    ///   - name: The unit's name, which is also the prefix of its parameters' names.
    ///   - configuration: The model's shape.
    ///   - stage: The block's stage.
    ///   - index: The block's place in the stage.
    package init(name: String, configuration: SwinConfiguration, stage: Int, index: Int) {
        self.name = name
        let grid = configuration.tokenGrid(of: stage)
        gridTokens = grid.rows * grid.columns
        outputTokens = gridTokens
        layout = WindowLayout(
            rows: grid.rows, columns: grid.columns, window: configuration.window, isShifted: index % 2 == 1,
            rule: configuration.windowRule)
        relative = layout?.positions
        width = configuration.width(of: stage)
        heads = configuration.stages[stage].heads
        hidden = configuration.stages[stage].hiddenWidth
        activation = configuration.activation
        (isGated, normalizesAttention, normalizesMLP, rotations) = (false, false, false, nil)
        (usesCosines, normalizesLast) = (configuration.isSecondVersion, configuration.isSecondVersion)
        qkvBias = configuration.hasQkvBias
        layerScale = false
        epsilon = configuration.epsilon
    }

    /// The same block, giving all the tokens that it reads.
    package var givingAllTokens: TransformerBlock {
        var result = self
        result.outputTokens = gridTokens
        return result
    }

    /// The MLP: its two layers in `linears`, and the tape's buffers of its input and its output.
    package var mlp: (fc1: Int, fc2: Int, input: Int, output: Int) {
        (Linear.fc1.rawValue, Linear.fc2.rawValue, Slot.norm2.rawValue, Slot.fc2.rawValue)
    }

    /// The tape's buffers of queries, keys and values side by side, and of what the projection reads.
    package var operandSlots: (qkv: Int, context: Int) { (Slot.qkv.rawValue, projectionInput.rawValue) }

    /// The number of windows in an image.
    var windows: Int { layout?.windows ?? 1 }
    /// The tokens of a window.
    package var tokens: Int { layout?.tokens ?? gridTokens }
    /// The rows of an image in the windows' order.
    var orderedRows: Int { windows * tokens }
    /// Whether the block gives fewer tokens than it reads.
    var isNarrowed: Bool { outputTokens < gridTokens }
    /// The tokens of a window that have a query.
    var queries: Int { isNarrowed ? outputTokens : tokens }

    /// The tape's buffers.
    enum Slot: Int, CaseIterable {
        case ordered, norm1, norm1Statistics, norm1Quantized, qkv, qkvQuantized
        case lengths, reciprocals, scores, positions, attention, attentionQuantized
        case context, contextNorm, contextStatistics, contextQuantized
        case projection, restored, branch1, residual, middle
        case norm2, norm2Statistics, norm2Quantized, fc1, gate, activated, activatedNorm, activatedStatistics
        case activatedQuantized, fc2, branch2
        case dQkv, dProjection, dFc1, dFc2
    }

    /// The backward pass's buffers.
    enum Scratch: Int, CaseIterable {
        case hidden, width, ordered, context, middle, attention, scores
    }

    var attentionShape: RowShape {
        RowShape(windows * heads * queries, tokens, stride: (tokens + 15) / 16 * 16)
    }

    package var input: RowShape { RowShape(gridTokens, width) }
    package var output: RowShape { RowShape(outputTokens, width) }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .norm1Statistics: RowShape(2, normalizesLast ? outputTokens : orderedRows)
            case .norm2Statistics: RowShape(2, outputTokens)
            case .ordered: RowShape(layout == nil || normalizesLast ? 0 : orderedRows, width)
            case .restored: RowShape(layout == nil ? 0 : gridTokens, width)
            case .residual: RowShape(isNarrowed ? outputTokens : 0, width)
            case .positions:
                RowShape(relative == nil ? 0 : heads * queries, tokens, stride: attentionShape.stride)
            case .qkv, .qkvQuantized, .dQkv: RowShape(orderedRows, 3 * width)
            case .lengths: RowShape(usesCosines ? 1 : 0, 2 * heads)
            case .reciprocals: RowShape(usesCosines ? orderedRows : 0, 2 * heads)
            case .scores, .attention, .attentionQuantized: attentionShape
            case .fc1, .dFc1: RowShape(outputTokens, fc1Outputs)
            case .activated, .activatedQuantized: RowShape(outputTokens, hidden)
            case .gate: RowShape(isGated ? outputTokens : 0, hidden)
            case .activatedNorm: RowShape(normalizesMLP ? outputTokens : 0, hidden)
            case .activatedStatistics: RowShape(2, normalizesMLP ? outputTokens : 0)
            case .contextNorm: RowShape(normalizesAttention ? windows * queries : 0, width)
            case .contextStatistics: RowShape(2, normalizesAttention ? windows * queries : 0)
            case .branch1, .branch2: RowShape(normalizesLast ? outputTokens : 0, width)
            case .norm1, .norm1Quantized: RowShape(orderedRows, width)
            case .context, .contextQuantized, .projection, .dProjection: RowShape(windows * queries, width)
            case .middle, .norm2, .norm2Quantized, .fc2, .dFc2: RowShape(outputTokens, width)
            }
        }
    }

    package var scratchShapes: [RowShape] {
        Scratch.allCases.map { slot in
            switch slot {
            case .hidden: RowShape(outputTokens, hidden)
            case .width, .middle: RowShape(outputTokens, width)
            case .context: RowShape(windows * queries, width)
            case .ordered: RowShape(orderedRows, width)
            case .attention, .scores: attentionShape
            }
        }
    }

    enum Linear: Int { case qkv, projection, fc1, fc2 }

    /// The features that fc1 gives.
    private var fc1Outputs: Int { isGated ? 2 * hidden : hidden }
    /// What the projection and fc2 read before it is quantized.
    var projectionInput: Slot { normalizesAttention ? .contextNorm : .context }
    var fc2Input: Slot { normalizesMLP ? .activatedNorm : .activated }

    package var linears: [LinearDescriptor] {
        [
            linear(
                "attn.qkv", 3 * width, width, qkvBias, site: .qkvInput, .norm1, .norm1Quantized, .dQkv),
            linear(
                "attn.proj", width, width, true, site: .projectionInput, projectionInput, .contextQuantized,
                .dProjection),
            linear("mlp.fc1", fc1Outputs, width, true, site: .fc1Input, .norm2, .norm2Quantized, .dFc1),
            linear(
                "mlp.fc2", width, hidden, true, site: .fc2Input, fc2Input, .activatedQuantized, .dFc2),
        ]
    }

    private func linear(
        _ layer: String, _ outputs: Int, _ inputs: Int, _ bias: Bool, site: Site, _ input: Slot,
        _ transformed: Slot, _ gradient: Slot
    ) -> LinearDescriptor {
        LinearDescriptor(
            name: "\(name).\(layer)", weightShape: [outputs, inputs], hasBias: bias, inputSite: site.rawValue,
            inputSlot: input.rawValue, transformedSlot: transformed.rawValue, gradientSlot: gradient.rawValue)
    }

    enum Parameter: Int {
        case gamma1, beta1, gamma2, beta2, scale1, scale2
    }

    package var vectors: [VectorDescriptor] {
        let names =
            ["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"]
            + (layerScale ? ["ls1.gamma", "ls2.gamma"] : [])
            + (normalizesAttention ? ["attn.norm.weight", "attn.norm.bias"] : [])
        let inner = normalizesMLP ? ["mlp.norm.weight", "mlp.norm.bias"] : []
        let scale =
            usesCosines ? VectorDescriptor(name: "\(name).attn.logit_scale", shape: [heads, 1, 1]) : nil
        let table = relative.map {
            VectorDescriptor(
                name: "\(name).attn.relative_position_bias_table", shape: [$0.tableRows, heads])
        }
        return names.map { VectorDescriptor(name: "\(name).\($0)", shape: [width]) }
            + inner.map { VectorDescriptor(name: "\(name).\($0)", shape: [hidden]) }
            + [scale, table].compactMap { $0 }
    }

    /// The place of the gain of the norm before the projection among the vectors; its shift follows.
    var contextGain: Int { layerScale ? 6 : 4 }
    /// The place of the gain of the norm before fc2; its shift follows.
    var activatedGain: Int { contextGain + (normalizesAttention ? 2 : 0) }
    /// The place of the logarithms of the factors of cosines.
    var logitScale: Int { activatedGain + (normalizesMLP ? 2 : 0) }
    /// The place of the table of relative positions, the last one.
    var positionTable: Int { logitScale + (usesCosines ? 1 : 0) }

    enum Site: Int {
        case qkvInput, query, key, value, attention, projectionInput, fc1Input, fc2Input
    }

    package var sites: [SiteDescriptor] {
        let headWidth = width / heads
        func perTensor(_ site: String, _ kind: SiteKind, _ slot: Slot, _ columns: Int) -> SiteDescriptor {
            SiteDescriptor(
                name: "\(name).\(site)", kind: kind, groups: .columns(width: columns), groupCount: 1,
                slot: slot.rawValue, columns: nil)
        }
        func operand(_ site: String, _ part: Int) -> SiteDescriptor {
            SiteDescriptor(
                name: "\(name).\(site)", kind: .operand, groups: .columns(width: headWidth),
                groupCount: heads,
                slot: Slot.qkv.rawValue, columns: part * width..<(part + 1) * width)
        }
        // Zeros between the norm and the layer are not moved by the norm's gain, so scales cannot be folded into it.
        let qkvInput: SiteKind =
            layout?.hasPadding == true || normalizesLast
            ? .linearInput
            : .normalized(
                gamma: Parameter.gamma1.rawValue, beta: Parameter.beta1.rawValue,
                linear: Linear.qkv.rawValue)
        let fc1Kind: SiteKind =
            normalizesLast
            ? .linearInput
            : .normalized(
                gamma: Parameter.gamma2.rawValue, beta: Parameter.beta2.rawValue,
                linear: Linear.fc1.rawValue)
        let projectionKind: SiteKind =
            normalizesAttention
            ? .normalized(gamma: contextGain, beta: contextGain + 1, linear: Linear.projection.rawValue)
            : .linearInput
        let fc2Kind: SiteKind =
            normalizesMLP
            ? .normalized(gamma: activatedGain, beta: activatedGain + 1, linear: Linear.fc2.rawValue)
            : activation.isGELU && !isGated ? .gelu : .linearInput
        return [
            perTensor("attn.qkv.input", qkvInput, .norm1, width),
            operand("attn.q", 0), operand("attn.k", 1), operand("attn.v", 2),
            SiteDescriptor(
                name: "\(name).attn.softmax", kind: .attention, groups: .rows(perGroup: queries),
                groupCount: heads, slot: Slot.attention.rawValue, columns: nil),
            perTensor("attn.proj.input", projectionKind, projectionInput, width),
            perTensor("mlp.fc1.input", fc1Kind, .norm2, width),
            perTensor("mlp.fc2.input", fc2Kind, fc2Input, hidden),
        ]
    }

    enum Operator: Int { case qkv, scores, context, projection, fc1, fc2 }

    package var operators: [OperatorDescriptor] {
        [
            OperatorDescriptor(name: "qkv", slot: Slot.qkv.rawValue),
            OperatorDescriptor(name: "q·kᵀ", slot: Slot.scores.rawValue),
            OperatorDescriptor(name: "attn·v", slot: Slot.context.rawValue),
            OperatorDescriptor(name: "proj", slot: Slot.projection.rawValue),
            OperatorDescriptor(name: "fc1", slot: Slot.fc1.rawValue),
            OperatorDescriptor(name: "fc2", slot: Slot.fc2.rawValue),
        ]
    }

    /// Queries (0), keys (1) or values (2): one matrix `[tokens, width / heads]` per window and head, of queries only
    /// the rows that are wanted.
    func part(_ part: Int, of qkv: Matrix, images: Int) -> MatrixBatch {
        perHead(
            qkv.columns(part * width..<(part + 1) * width), rows: part == 0 ? queries : tokens,
            spacing: tokens, images: images)
    }

    /// `[images · windows · spacing, width]` as one matrix `[rows, width / heads]` per window and head.
    func perHead(_ matrix: Matrix, rows: Int, spacing: Int, images: Int) -> MatrixBatch {
        MatrixBatch(
            storage: matrix.storage, offset: matrix.offset, rows: rows, columns: width / heads,
            stride: matrix.stride, outerCount: images * windows, outerStride: spacing * matrix.stride,
            innerCount: heads, innerStride: width / heads)
    }

    /// `[images · windows · heads · queries, tokens]` as one matrix per window and head.
    func maps(_ matrix: Matrix, images: Int) -> MatrixBatch {
        MatrixBatch(stacking: matrix, outerCount: images * windows, innerCount: heads)
    }

    var attentionScale: Float { usesCosines ? 1 : 1 / Float(width / heads).squareRoot() }
}
