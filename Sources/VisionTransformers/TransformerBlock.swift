internal import Kernels
internal import TensorCore

/// A pre-norm transformer block in timm's layout: attention and an MLP, each after a LayerNorm and
/// beside a residual connection, with optional layer scale.
///
/// Attention is over all tokens of an image (ViT), or over those of a window with relative positions (Swin). With
/// windows, everything from the first norm to the projection has its rows in the windows' order.
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
    ///   - leadingTokens: The number of tokens to give, from the first on; nil for all. The others are used as keys
    ///     and values only.
    package init(name: String, configuration: ViTConfiguration, leadingTokens: Int? = nil) {
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

    /// The number of windows in an image.
    var windows: Int { layout?.windows ?? 1 }
    /// The tokens of a window.
    var tokens: Int { layout?.tokens ?? gridTokens }
    /// The rows of an image in the windows' order.
    var orderedRows: Int { windows * tokens }
    /// Whether the block gives fewer tokens than it reads.
    var isNarrowed: Bool { outputTokens < gridTokens }
    /// The tokens of a window that have a query.
    var queries: Int { isNarrowed ? outputTokens : tokens }

    /// The tape's buffers.
    enum Slot: Int, CaseIterable {
        case ordered, norm1, norm1Statistics, norm1Quantized, qkv, qkvQuantized
        case scores, positions, attention, attentionQuantized
        case context, contextQuantized, projection, restored, residual, middle
        case norm2, norm2Statistics, norm2Quantized, fc1, activated, activatedQuantized, fc2
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
            case .norm1Statistics: RowShape(2, orderedRows)
            case .norm2Statistics: RowShape(2, outputTokens)
            case .ordered: RowShape(layout == nil ? 0 : orderedRows, width)
            case .restored: RowShape(layout == nil ? 0 : gridTokens, width)
            case .residual: RowShape(isNarrowed ? outputTokens : 0, width)
            case .positions:
                RowShape(relative == nil ? 0 : heads * queries, tokens, stride: attentionShape.stride)
            case .qkv, .qkvQuantized, .dQkv: RowShape(orderedRows, 3 * width)
            case .scores, .attention, .attentionQuantized: attentionShape
            case .fc1, .activated, .activatedQuantized, .dFc1: RowShape(outputTokens, hidden)
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

    package var linears: [LinearDescriptor] {
        [
            linear(
                "attn.qkv", 3 * width, width, qkvBias, site: .qkvInput, .norm1, .norm1Quantized, .dQkv),
            linear(
                "attn.proj", width, width, true, site: .projectionInput, .context, .contextQuantized,
                .dProjection),
            linear("mlp.fc1", hidden, width, true, site: .fc1Input, .norm2, .norm2Quantized, .dFc1),
            linear(
                "mlp.fc2", width, hidden, true, site: .fc2Input, .activated, .activatedQuantized, .dFc2),
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
        let table = relative.map {
            VectorDescriptor(
                name: "\(name).attn.relative_position_bias_table", shape: [$0.tableRows, heads])
        }
        return names.map { VectorDescriptor(name: "\(name).\($0)", shape: [width]) }
            + [table].compactMap { $0 }
    }

    /// The place of the table of relative positions among the vectors, the last one.
    var positionTable: Int { layerScale ? 6 : 4 }

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
            layout?.hasPadding == true
            ? .linearInput
            : .normalized(
                gamma: Parameter.gamma1.rawValue, beta: Parameter.beta1.rawValue,
                linear: Linear.qkv.rawValue)
        return [
            perTensor("attn.qkv.input", qkvInput, .norm1, width),
            operand("attn.q", 0), operand("attn.k", 1), operand("attn.v", 2),
            SiteDescriptor(
                name: "\(name).attn.softmax", kind: .attention, groups: .rows(perGroup: queries),
                groupCount: heads, slot: Slot.attention.rawValue, columns: nil),
            perTensor("attn.proj.input", .linearInput, .context, width),
            perTensor(
                "mlp.fc1.input",
                .normalized(
                    gamma: Parameter.gamma2.rawValue, beta: Parameter.beta2.rawValue,
                    linear: Linear.fc1.rawValue),
                .norm2, width),
            perTensor(
                "mlp.fc2.input", activation.isGELU ? .gelu : .linearInput, .activated, hidden),
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

    var attentionScale: Float { 1 / Float(width / heads).squareRoot() }
}
