internal import Kernels
package import TensorCore

/// What a model that pools by attention has for it beside the width.
package struct AttentionPoolingShape: Equatable, Codable, Sendable {
    /// The number of attention heads; divides the width.
    package var heads: Int
    /// The features between the MLP's layers.
    package var hiddenWidth: Int
    /// What is between the MLP's layers.
    package var activation: MLPActivation

    package init(heads: Int, hiddenWidth: Int, activation: MLPActivation) {
        (self.heads, self.hiddenWidth, self.activation) = (heads, hiddenWidth, activation)
    }

    /// Whether a model of some width can have it.
    func isPossible(width: Int) -> Bool {
        let numbers = 1...1 << 20
        return numbers.contains(heads) && numbers.contains(hiddenWidth) && width.isMultiple(of: heads)
    }
}

/// Pooling by attention: the last norm, one query that attends to all tokens, and an MLP after a LayerNorm and beside a
/// residual connection.
///
/// The query is the same for every image: what the checkpoint's layer of queries makes of its latent token.
///
/// Source: SigLIP (arXiv 2303.15343) as in timm and Transformers.
package struct AttentionPooling: ModelUnit {
    /// The number of tokens that are read.
    package let gridTokens: Int
    /// The tokens that are attended to.
    package let attended: Range<Int>
    /// The features of a token.
    package let width: Int
    package let heads: Int
    /// The features between the MLP's layers.
    package let hidden: Int
    package let activation: MLPActivation
    /// Added to the variance in LayerNorm.
    package let epsilon: Float

    /// Makes the pooling of a ViT.
    ///
    /// - Parameters:
    ///   - configuration: The model's shape.
    ///   - shape: What it has for pooling.
    package init(configuration: ViTConfiguration, shape: AttentionPoolingShape) {
        gridTokens = configuration.tokens
        attended = (configuration.poolsPrefix ? 0 : configuration.prefixTokens)..<configuration.tokens
        width = configuration.width
        heads = shape.heads
        hidden = shape.hiddenWidth
        activation = shape.activation
        epsilon = configuration.epsilon
    }

    package var name: String { "attn_pool" }
    package var input: RowShape { RowShape(gridTokens, width) }
    package var output: RowShape { RowShape(1, width) }

    private var headWidth: Int { width / heads }
    /// What scores are multiplied by.
    package var scoreFactor: Float { 1 / Float(headWidth).squareRoot() }
    private var attendsToAll: Bool { attended.count == gridTokens }

    private enum Slot: Int, CaseIterable {
        case tokens, norm, statistics, normQuantized, query, queryQuantized, kv, kvQuantized
        case scores, attention, attentionQuantized, context, contextQuantized, projection
        case norm2, norm2Statistics, norm2Quantized, fc1, activated, activatedQuantized, fc2
        case dKv, dProjection, dFc1, dFc2
    }
    private enum Scratch: Int, CaseIterable { case hidden, width, query, tokens, attention, scores }

    private var mapShape: RowShape {
        RowShape(heads, attended.count, stride: (attended.count + 15) / 16 * 16)
    }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .tokens: RowShape(attendsToAll ? 0 : attended.count, width)
            case .norm, .normQuantized: RowShape(attended.count, width)
            case .statistics: RowShape(2, attended.count)
            case .kv, .kvQuantized, .dKv: RowShape(attended.count, 2 * width)
            case .scores, .attention, .attentionQuantized: mapShape
            case .norm2Statistics: RowShape(2, 1)
            case .fc1, .activated, .activatedQuantized, .dFc1: RowShape(1, hidden)
            case .query, .queryQuantized, .context, .contextQuantized, .projection, .norm2, .norm2Quantized,
                .fc2, .dProjection, .dFc2:
                RowShape(1, width)
            }
        }
    }

    package var scratchShapes: [RowShape] {
        Scratch.allCases.map { slot in
            switch slot {
            case .hidden: RowShape(1, hidden)
            case .width, .query: RowShape(1, width)
            case .tokens: RowShape(attended.count, width)
            case .attention, .scores: mapShape
            }
        }
    }

    private enum Linear: Int { case kv, projection, fc1, fc2 }

    package var linears: [LinearDescriptor] {
        func linear(
            _ layer: String, _ outputs: Int, _ inputs: Int, _ site: Site, _ input: Slot, _ transformed: Slot,
            _ gradient: Slot
        ) -> LinearDescriptor {
            LinearDescriptor(
                name: "\(name).\(layer)", weightShape: [outputs, inputs], hasBias: true,
                inputSite: site.rawValue, inputSlot: input.rawValue, transformedSlot: transformed.rawValue,
                gradientSlot: gradient.rawValue)
        }
        return [
            linear("kv", 2 * width, width, .kvInput, .norm, .normQuantized, .dKv),
            linear("proj", width, width, .projectionInput, .context, .contextQuantized, .dProjection),
            linear("mlp.fc1", hidden, width, .fc1Input, .norm2, .norm2Quantized, .dFc1),
            linear("mlp.fc2", width, hidden, .fc2Input, .activated, .activatedQuantized, .dFc2),
        ]
    }

    private enum Parameter: Int { case gamma1, beta1, gamma2, beta2, query }

    /// The places of the norms' gains among the vectors, each one's shift after it, and of the query.
    package var vectorPlaces: (norm: Int, mlpNorm: Int, query: Int) {
        (Parameter.gamma1.rawValue, Parameter.gamma2.rawValue, Parameter.query.rawValue)
    }

    package var vectors: [VectorDescriptor] {
        ["norm.weight", "norm.bias", "\(name).norm.weight", "\(name).norm.bias"].map {
            VectorDescriptor(name: $0, shape: [width])
        } + [VectorDescriptor(name: AttentionPooling.queryName, shape: [1, 1, width])]
    }

    /// The query's name, which no checkpoint has: there it is a latent token and a layer.
    package static let queryName = "attn_pool.query"

    private enum Site: Int {
        case kvInput, query, key, value, attention, projectionInput, fc1Input, fc2Input
    }

    package var sites: [SiteDescriptor] {
        func perTensor(_ site: String, _ kind: SiteKind, _ slot: Slot, _ columns: Int) -> SiteDescriptor {
            SiteDescriptor(
                name: "\(name).\(site)", kind: kind, groups: .columns(width: columns), groupCount: 1,
                slot: slot.rawValue, columns: nil)
        }
        func operand(_ site: String, _ slot: Slot, _ columns: Range<Int>?) -> SiteDescriptor {
            SiteDescriptor(
                name: "\(name).\(site)", kind: .operand, groups: .columns(width: headWidth),
                groupCount: heads, slot: slot.rawValue, columns: columns)
        }
        func normalized(_ gamma: Parameter, _ beta: Parameter, _ linear: Linear) -> SiteKind {
            .normalized(gamma: gamma.rawValue, beta: beta.rawValue, linear: linear.rawValue)
        }
        return [
            perTensor("kv.input", normalized(.gamma1, .beta1, .kv), .norm, width),
            operand("q", .query, nil), operand("k", .kv, columns(of: .key)),
            operand("v", .kv, columns(of: .value)),
            SiteDescriptor(
                name: "\(name).softmax", kind: .attention, groups: .rows(perGroup: 1), groupCount: heads,
                slot: Slot.attention.rawValue, columns: nil),
            perTensor("proj.input", .linearInput, .context, width),
            perTensor("mlp.fc1.input", normalized(.gamma2, .beta2, .fc1), .norm2, width),
            perTensor("mlp.fc2.input", activation.isGELU ? .gelu : .linearInput, .activated, hidden),
        ]
    }

    /// The columns that keys or values have in what kv gives.
    private func columns(of site: Site) -> Range<Int> { site == .key ? 0..<width : width..<2 * width }

    private enum Operator: Int { case kv, scores, context, projection, fc1, fc2 }

    package var operators: [OperatorDescriptor] {
        [
            OperatorDescriptor(name: "kv", slot: Slot.kv.rawValue),
            OperatorDescriptor(name: "q·kᵀ", slot: Slot.scores.rawValue),
            OperatorDescriptor(name: "attn·v", slot: Slot.context.rawValue),
            OperatorDescriptor(name: "proj", slot: Slot.projection.rawValue),
            OperatorDescriptor(name: "fc1", slot: Slot.fc1.rawValue),
            OperatorDescriptor(name: "fc2", slot: Slot.fc2.rawValue),
        ]
    }

    // MARK: - Passes

    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?
    ) {
        let end = layer.flatMap(Linear.init(rawValue:))
        let images = tape.images
        func normalize(_ x: Matrix, _ gain: Parameter, _ seen: Slot, into out: Slot) {
            let norm = statistics(tape[seen], rows: x.rows / images)
            layerNorm(
                x, gamma: parameters.vectors[gain], beta: parameters.vectors[gain.rawValue + 1],
                epsilon: epsilon, into: tape[out], mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation)
        }
        normalize(attendedTokens(of: input, tape: tape), .gamma1, .statistics, into: .norm)
        let kvInput = transformed(
            Site.kvInput, tape[Slot.norm], by: transform, into: tape[Slot.normQuantized])
        if end == .kv { return }
        parameters.linears[Linear.kv].forward(kvInput, into: tape[Slot.kv])
        let query = parameters.vectors[Parameter.query]
        let row = Matrix(storage: query.storage, offset: query.offset, rows: 1, columns: width)
        for image in 0..<images { copy(row, into: tape[Slot.query].rows(image..<image + 1)) }
        for site in [Site.query, .key, .value] where !transform.isIdentity(site) {
            transform.apply(
                site, values(of: site, in: tape, isTransformed: false),
                into: values(of: site, in: tape, isTransformed: true))
        }
        let (q, k, v) = operands(tape, transform)
        multiplyBatch(
            q, k, into: maps(tape[Slot.scores], images: images), transposeB: true, alpha: scoreFactor)
        softmaxRows(tape[Slot.scores], into: tape[Slot.attention])
        let attention = transformed(
            Site.attention, tape[Slot.attention], by: transform, into: tape[Slot.attentionQuantized])
        multiplyBatch(maps(attention, images: images), v, into: perHead(tape[Slot.context], images: images))
        let context = transformed(
            Site.projectionInput, tape[Slot.context], by: transform, into: tape[Slot.contextQuantized])
        if end == .projection { return }
        let projection = tape[Slot.projection]
        parameters.linears[Linear.projection].forward(context, into: projection)
        normalize(projection, .gamma2, .norm2Statistics, into: .norm2)
        let fc1Input = transformed(
            Site.fc1Input, tape[Slot.norm2], by: transform, into: tape[Slot.norm2Quantized])
        if end == .fc1 { return }
        parameters.linears[Linear.fc1].forward(fc1Input, into: tape[Slot.fc1])
        activation.apply(to: tape[Slot.fc1], into: tape[Slot.activated])
        let fc2Input = transformed(
            Site.fc2Input, tape[Slot.activated], by: transform, into: tape[Slot.activatedQuantized])
        if end == .fc2 { return }
        parameters.linears[Linear.fc2].forward(fc2Input, into: tape[Slot.fc2])
        add(projection, tape[Slot.fc2], into: output)
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        let images = tape.images
        func siteBackward(_ site: Site, _ gradient: Matrix, _ values: Slot, _ transformed: Slot) {
            guard !transform.isIdentity(site) else { return }
            transform.backward(
                site, gradient: gradient, values: tape[values], transformed: tape[transformed])
        }
        func normalizeBackward(
            _ gradient: Matrix, x: Matrix, _ gain: Parameter, _ seen: Slot, into out: Matrix, accumulate: Bool
        ) {
            let norm = statistics(tape[seen], rows: x.rows / images)
            layerNormBackward(
                gradient, x: x, gamma: parameters.vectors[gain], mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation, into: out, accumulate: accumulate)
        }
        let (dFc1, dFc2, dProjection) = (tape[Slot.dFc1], tape[Slot.dFc2], tape[Slot.dProjection])
        copy(dOutput, into: dFc2)
        addLocal(local, Operator.fc2, tape: tape, to: dFc2)
        let (dHidden, dRow) = (scratch[Scratch.hidden], scratch[Scratch.width])
        parameters.linears[Linear.fc2].backward(dFc2, into: dHidden)
        siteBackward(.fc2Input, dHidden, .activated, .activatedQuantized)
        activation.applyBackward(dHidden, x: tape[Slot.fc1], into: dFc1)
        addLocal(local, Operator.fc1, tape: tape, to: dFc1)
        parameters.linears[Linear.fc1].backward(dFc1, into: dRow)
        siteBackward(.fc1Input, dRow, .norm2, .norm2Quantized)
        copy(dOutput, into: dProjection)
        normalizeBackward(
            dRow, x: tape[Slot.projection], .gamma2, .norm2Statistics, into: dProjection, accumulate: true)
        addLocal(local, Operator.projection, tape: tape, to: dProjection)
        let dContext = dRow
        parameters.linears[Linear.projection].backward(dProjection, into: dContext)
        siteBackward(.projectionInput, dContext, .context, .contextQuantized)
        addLocal(local, Operator.context, tape: tape, to: dContext)

        let (q, k, v) = operands(tape, transform)
        let attention = transform.isIdentity(Site.attention) ? Slot.attention : .attentionQuantized
        let (dAttention, dScores) = (scratch[Scratch.attention], scratch[Scratch.scores])
        let (dQuery, dKv) = (scratch[Scratch.query], tape[Slot.dKv])
        let dHeads = perHead(dContext, images: images)
        multiplyBatch(dHeads, v, into: maps(dAttention, images: images), transposeB: true)
        multiplyBatch(
            maps(tape[attention], images: images), dHeads,
            into: perHead(dKv.columns(columns(of: .value)), images: images), transposeA: true)
        siteBackward(.attention, dAttention, .attention, .attentionQuantized)
        softmaxRowsBackward(dAttention, out: tape[Slot.attention], into: dScores)
        addLocal(local, Operator.scores, tape: tape, to: dScores)
        let dMaps = maps(dScores, images: images)
        multiplyBatch(dMaps, k, into: perHead(dQuery, images: images), alpha: scoreFactor)
        multiplyBatch(
            dMaps, q, into: perHead(dKv.columns(columns(of: .key)), images: images), transposeA: true,
            alpha: scoreFactor)
        for site in [Site.query, .key, .value] where !transform.isIdentity(site) {
            transform.backward(
                site, gradient: site == .query ? dQuery : dKv.columns(columns(of: site)),
                values: values(of: site, in: tape, isTransformed: false),
                transformed: values(of: site, in: tape, isTransformed: true))
        }
        addLocal(local, Operator.kv, tape: tape, to: dKv)
        // The gradient of what kv reads is wanted for its site's scale even where the unit's input is not.
        let dTokens = scratch[Scratch.tokens]
        parameters.linears[Linear.kv].backward(dKv, into: dTokens)
        siteBackward(.kvInput, dTokens, .norm, .normQuantized)
        guard let dInput else { return }
        guard !attendsToAll else {
            return normalizeBackward(
                dTokens, x: input, .gamma1, .statistics, into: dInput, accumulate: false)
        }
        normalizeBackward(
            dTokens, x: tape[Slot.tokens], .gamma1, .statistics, into: dTokens, accumulate: false)
        fill(dInput, with: 0)
        for image in 0..<images {
            copy(
                dTokens.rows(image * attended.count..<(image + 1) * attended.count),
                into: dInput.rows(rows(of: image)))
        }
    }

    /// The rows of an image that are attended to.
    private func rows(of image: Int) -> Range<Int> {
        image * gridTokens + attended.lowerBound..<image * gridTokens + attended.upperBound
    }

    /// The tokens that are attended to, image by image.
    private func attendedTokens(of input: Matrix, tape: Tape) -> Matrix {
        guard !attendsToAll else { return input }
        let out = tape[Slot.tokens]
        for image in 0..<tape.images {
            copy(
                input.rows(rows(of: image)),
                into: out.rows(image * attended.count..<(image + 1) * attended.count))
        }
        return out
    }

    /// Queries, keys or values before or after their site's transform.
    private func values(of site: Site, in tape: Tape, isTransformed: Bool) -> Matrix {
        guard site != .query else { return tape[isTransformed ? Slot.queryQuantized : .query] }
        return tape[isTransformed ? Slot.kvQuantized : .kv].columns(columns(of: site))
    }

    /// Queries, keys and values as the products see them.
    private func operands(
        _ tape: Tape, _ transform: some SiteTransform
    ) -> (q: MatrixBatch, k: MatrixBatch, v: MatrixBatch) {
        func operand(_ site: Site) -> MatrixBatch {
            perHead(
                values(of: site, in: tape, isTransformed: !transform.isIdentity(site)), images: tape.images)
        }
        return (operand(.query), operand(.key), operand(.value))
    }

    /// `[images · rows, width]` as one matrix `[rows, width / heads]` per image and head.
    private func perHead(_ matrix: Matrix, images: Int) -> MatrixBatch {
        let rows = matrix.rows / images
        return MatrixBatch(
            storage: matrix.storage, offset: matrix.offset, rows: rows, columns: headWidth,
            stride: matrix.stride, outerCount: images, outerStride: rows * matrix.stride, innerCount: heads,
            innerStride: headWidth)
    }

    /// `[images · heads, tokens]` as one matrix per image and head.
    private func maps(_ matrix: Matrix, images: Int) -> MatrixBatch {
        MatrixBatch(stacking: matrix, outerCount: images, innerCount: heads)
    }
}
