internal import Kernels
package import TensorCore

/// A pre-norm transformer block in timm's layout: attention and an MLP, each behind a LayerNorm and
/// beside a residual connection, with optional layer scale.
package struct TransformerBlock: ModelUnit {
    /// The unit's name.
    package let name: String
    private let tokens: Int
    private let width: Int
    private let heads: Int
    private let hidden: Int
    private let qkvBias: Bool
    private let layerScale: Bool
    private let epsilon: Float

    /// Makes a block.
    ///
    /// - Parameters:
    ///   - name: The unit's name, which is also the prefix of its parameters' names.
    ///   - configuration: The model's shape.
    package init(name: String, configuration: ViTConfiguration) {
        self.name = name
        tokens = configuration.tokens
        width = configuration.width
        heads = configuration.heads
        hidden = configuration.hiddenWidth
        qkvBias = configuration.hasQkvBias
        layerScale = configuration.hasLayerScale
        epsilon = configuration.epsilon
    }

    /// The tape's buffers.
    private enum Slot: Int, CaseIterable {
        case norm1, norm1Statistics, norm1Quantized, qkv, qkvQuantized, scores, attention, attentionQuantized
        case context, contextQuantized, projection, middle
        case norm2, norm2Statistics, norm2Quantized, fc1, gelu, geluQuantized, fc2
        case dQkv, dProjection, dFc1, dFc2
    }

    /// The backward pass's buffers.
    private enum Scratch: Int, CaseIterable {
        case hidden, width, middle, attention, scores
    }

    private var attentionShape: RowShape {
        RowShape(heads * tokens, tokens, stride: (tokens + 15) / 16 * 16)
    }

    package var input: RowShape { RowShape(tokens, width) }
    package var output: RowShape { RowShape(tokens, width) }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .norm1Statistics, .norm2Statistics: RowShape(2, tokens)
            case .qkv, .qkvQuantized, .dQkv: RowShape(tokens, 3 * width)
            case .scores, .attention, .attentionQuantized: attentionShape
            case .fc1, .gelu, .geluQuantized, .dFc1: RowShape(tokens, hidden)
            case .norm1, .norm1Quantized, .context, .contextQuantized, .projection, .middle, .norm2,
                .norm2Quantized, .fc2, .dProjection, .dFc2:
                RowShape(tokens, width)
            }
        }
    }

    package var scratchShapes: [RowShape] {
        Scratch.allCases.map { slot in
            switch slot {
            case .hidden: RowShape(tokens, hidden)
            case .width, .middle: RowShape(tokens, width)
            case .attention, .scores: attentionShape
            }
        }
    }

    private enum Linear: Int { case qkv, projection, fc1, fc2 }

    package var linears: [LinearDescriptor] {
        [
            linear(
                "attn.qkv", 3 * width, width, qkvBias, site: .qkvInput, .norm1, .norm1Quantized, .dQkv),
            linear(
                "attn.proj", width, width, true, site: .projectionInput, .context, .contextQuantized,
                .dProjection),
            linear("mlp.fc1", hidden, width, true, site: .fc1Input, .norm2, .norm2Quantized, .dFc1),
            linear("mlp.fc2", width, hidden, true, site: .fc2Input, .gelu, .geluQuantized, .dFc2),
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

    private enum Parameter: Int { case gamma1, beta1, gamma2, beta2, scale1, scale2 }

    package var vectors: [VectorDescriptor] {
        let names =
            ["norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"]
            + (layerScale ? ["ls1.gamma", "ls2.gamma"] : [])
        return names.map { VectorDescriptor(name: "\(name).\($0)", shape: [width]) }
    }

    private enum Site: Int {
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
        return [
            perTensor(
                "attn.qkv.input",
                .normalized(
                    gamma: Parameter.gamma1.rawValue, beta: Parameter.beta1.rawValue,
                    linear: Linear.qkv.rawValue),
                .norm1, width),
            operand("attn.q", 0), operand("attn.k", 1), operand("attn.v", 2),
            SiteDescriptor(
                name: "\(name).attn.softmax", kind: .attention, groups: .rows(perGroup: tokens),
                groupCount: heads, slot: Slot.attention.rawValue, columns: nil),
            perTensor("attn.proj.input", .linearInput, .context, width),
            perTensor(
                "mlp.fc1.input",
                .normalized(
                    gamma: Parameter.gamma2.rawValue, beta: Parameter.beta2.rawValue,
                    linear: Linear.fc1.rawValue),
                .norm2, width),
            perTensor("mlp.fc2.input", .linearInput, .gelu, hidden),
        ]
    }

    private enum Operator: Int { case qkv, scores, context, projection, fc1, fc2 }

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

    private func part(_ part: Int, of qkv: Matrix, images: Int) -> MatrixBatch {
        perHead(qkv.columns(part * width..<(part + 1) * width), images: images)
    }

    /// `[images · tokens, width]` as one matrix `[tokens, width / heads]` per image and head.
    private func perHead(_ matrix: Matrix, images: Int) -> MatrixBatch {
        MatrixBatch(
            storage: matrix.storage, offset: matrix.offset, rows: tokens, columns: width / heads,
            stride: matrix.stride, outerCount: images, outerStride: tokens * matrix.stride, innerCount: heads,
            innerStride: width / heads)
    }

    /// `[images · heads · tokens, tokens]` as one matrix per image and head.
    private func maps(_ matrix: Matrix, images: Int) -> MatrixBatch {
        MatrixBatch(
            storage: matrix.storage, offset: matrix.offset, rows: tokens, columns: tokens,
            stride: matrix.stride,
            outerCount: images, outerStride: heads * tokens * matrix.stride, innerCount: heads,
            innerStride: tokens * matrix.stride)
    }

    /// The mean and the reciprocal deviation of every row, `[2 · images, tokens]` as two lines.
    private func statistics(_ tape: Tape, _ slot: Slot) -> (mean: Vector, reciprocalDeviation: Vector) {
        let matrix = tape[slot.rawValue]
        let count = matrix.rows / 2 * tokens
        return (
            Vector(storage: matrix.storage, offset: matrix.offset, count: count),
            Vector(storage: matrix.storage, offset: matrix.offset + count, count: count)
        )
    }

    private var attentionScale: Float { 1 / Float(width / heads).squareRoot() }
}

// MARK: - Passes

extension TransformerBlock {
    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape, output: Matrix
    ) {
        let middle = tape[Slot.middle.rawValue]
        attend(input, parameters: parameters, transform: transform, tape: tape, output: middle)
        let norm = statistics(tape, .norm2Statistics)
        layerNorm(
            middle, gamma: parameters.vectors[Parameter.gamma2.rawValue],
            beta: parameters.vectors[Parameter.beta2.rawValue], epsilon: epsilon,
            into: tape[Slot.norm2.rawValue],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        let fc1Input = transformed(
            Site.fc1Input.rawValue, tape[Slot.norm2.rawValue], by: transform,
            into: tape[Slot.norm2Quantized.rawValue])
        parameters.linears[Linear.fc1.rawValue].forward(fc1Input, into: tape[Slot.fc1.rawValue])
        gelu(tape[Slot.fc1.rawValue], into: tape[Slot.gelu.rawValue])
        let fc2Input = transformed(
            Site.fc2Input.rawValue, tape[Slot.gelu.rawValue], by: transform,
            into: tape[Slot.geluQuantized.rawValue])
        parameters.linears[Linear.fc2.rawValue].forward(fc2Input, into: tape[Slot.fc2.rawValue])
        add(middle, tape[Slot.fc2.rawValue], scaledBy: scale(.scale2, parameters), into: output)
    }

    private func scale(_ parameter: Parameter, _ parameters: UnitParameters) -> Vector? {
        layerScale ? parameters.vectors[parameter.rawValue] : nil
    }

    private func attend(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape, output: Matrix
    ) {
        let images = tape.images
        let norm = statistics(tape, .norm1Statistics)
        layerNorm(
            input, gamma: parameters.vectors[Parameter.gamma1.rawValue],
            beta: parameters.vectors[Parameter.beta1.rawValue], epsilon: epsilon,
            into: tape[Slot.norm1.rawValue],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        let qkvInput = transformed(
            Site.qkvInput.rawValue, tape[Slot.norm1.rawValue], by: transform,
            into: tape[Slot.norm1Quantized.rawValue])
        parameters.linears[Linear.qkv.rawValue].forward(qkvInput, into: tape[Slot.qkv.rawValue])
        for site in [Site.query, .key, .value] where !transform.isIdentity(site.rawValue) {
            let columns = (site.rawValue - 1) * width..<site.rawValue * width
            transform.apply(
                site.rawValue, tape[Slot.qkv.rawValue].columns(columns),
                into: tape[Slot.qkvQuantized.rawValue].columns(columns))
        }
        let (q, k, v) = operands(tape, transform)
        multiplyBatch(
            q, k, into: maps(tape[Slot.scores.rawValue], images: images), transposeB: true,
            alpha: attentionScale)
        softmaxRows(tape[Slot.scores.rawValue], into: tape[Slot.attention.rawValue])
        let attention = transformed(
            Site.attention.rawValue, tape[Slot.attention.rawValue], by: transform,
            into: tape[Slot.attentionQuantized.rawValue])
        multiplyBatch(
            maps(attention, images: images), v, into: perHead(tape[Slot.context.rawValue], images: images))
        let projectionInput = transformed(
            Site.projectionInput.rawValue, tape[Slot.context.rawValue], by: transform,
            into: tape[Slot.contextQuantized.rawValue])
        parameters.linears[Linear.projection.rawValue].forward(
            projectionInput, into: tape[Slot.projection.rawValue])
        add(input, tape[Slot.projection.rawValue], scaledBy: scale(.scale1, parameters), into: output)
    }

    /// Queries, keys and values as the products see them.
    private func operands(
        _ tape: Tape, _ transform: some SiteTransform
    ) -> (q: MatrixBatch, k: MatrixBatch, v: MatrixBatch) {
        func operand(_ site: Site) -> MatrixBatch {
            let slot = transform.isIdentity(site.rawValue) ? Slot.qkv : Slot.qkvQuantized
            return part(site.rawValue - 1, of: tape[slot.rawValue], images: tape.images)
        }
        return (operand(.query), operand(.key), operand(.value))
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        let dFc2 = tape[Slot.dFc2.rawValue]
        let dFc1 = tape[Slot.dFc1.rawValue]
        let dMiddle = scratch[Scratch.middle.rawValue]
        scaleOrCopy(dOutput, by: scale(.scale2, parameters), into: dFc2)
        addLocal(local, Operator.fc2.rawValue, tape: tape, to: dFc2)
        let dGelu = scratch[Scratch.hidden.rawValue]
        parameters.linears[Linear.fc2.rawValue].backward(dFc2, into: dGelu)
        backward(.fc2Input, dGelu, .gelu, .geluQuantized, tape, transform)
        geluBackward(dGelu, x: tape[Slot.fc1.rawValue], into: dFc1)
        addLocal(local, Operator.fc1.rawValue, tape: tape, to: dFc1)
        let dNorm = scratch[Scratch.width.rawValue]
        parameters.linears[Linear.fc1.rawValue].backward(dFc1, into: dNorm)
        backward(.fc1Input, dNorm, .norm2, .norm2Quantized, tape, transform)
        let norm = statistics(tape, .norm2Statistics)
        copy(dOutput, into: dMiddle)
        layerNormBackward(
            dNorm, x: tape[Slot.middle.rawValue], gamma: parameters.vectors[Parameter.gamma2.rawValue],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation, into: dMiddle, accumulate: true)
        attendBackward(
            dMiddle, input: input, parameters: parameters, transform: transform, tape: tape, scratch: scratch,
            local: local, dInput: dInput)
    }

    private func attendBackward(
        _ dMiddle: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        let images = tape.images
        let dProjection = tape[Slot.dProjection.rawValue]
        scaleOrCopy(dMiddle, by: scale(.scale1, parameters), into: dProjection)
        addLocal(local, Operator.projection.rawValue, tape: tape, to: dProjection)
        let dContext = scratch[Scratch.width.rawValue]
        parameters.linears[Linear.projection.rawValue].backward(dProjection, into: dContext)
        backward(.projectionInput, dContext, .context, .contextQuantized, tape, transform)
        addLocal(local, Operator.context.rawValue, tape: tape, to: dContext)

        let (q, k, v) = operands(tape, transform)
        let attentionSlot =
            transform.isIdentity(Site.attention.rawValue) ? Slot.attention : Slot.attentionQuantized
        let dAttention = scratch[Scratch.attention.rawValue]
        let dScores = scratch[Scratch.scores.rawValue]
        let dQkv = tape[Slot.dQkv.rawValue]
        let dContextHeads = perHead(dContext, images: images)
        multiplyBatch(dContextHeads, v, into: maps(dAttention, images: images), transposeB: true)
        multiplyBatch(
            maps(tape[attentionSlot.rawValue], images: images), dContextHeads,
            into: part(2, of: dQkv, images: images),
            transposeA: true)
        backward(.attention, dAttention, .attention, .attentionQuantized, tape, transform)
        softmaxRowsBackward(dAttention, out: tape[Slot.attention.rawValue], into: dScores)
        addLocal(local, Operator.scores.rawValue, tape: tape, to: dScores)
        let dMaps = maps(dScores, images: images)
        multiplyBatch(dMaps, k, into: part(0, of: dQkv, images: images), alpha: attentionScale)
        multiplyBatch(
            dMaps, q, into: part(1, of: dQkv, images: images), transposeA: true, alpha: attentionScale)
        for site in [Site.query, .key, .value] where !transform.isIdentity(site.rawValue) {
            let columns = (site.rawValue - 1) * width..<site.rawValue * width
            transform.backward(
                site.rawValue, gradient: dQkv.columns(columns),
                values: tape[Slot.qkv.rawValue].columns(columns),
                transformed: tape[Slot.qkvQuantized.rawValue].columns(columns))
        }
        addLocal(local, Operator.qkv.rawValue, tape: tape, to: dQkv)
        // The gradient of the qkv input is wanted for its site's scale even where the block's input is not.
        let dNorm = scratch[Scratch.width.rawValue]
        parameters.linears[Linear.qkv.rawValue].backward(dQkv, into: dNorm)
        backward(.qkvInput, dNorm, .norm1, .norm1Quantized, tape, transform)
        guard let dInput else { return }
        let norm = statistics(tape, .norm1Statistics)
        copy(dMiddle, into: dInput)
        layerNormBackward(
            dNorm, x: input, gamma: parameters.vectors[Parameter.gamma1.rawValue], mean: norm.mean,
            reciprocalDeviation: norm.reciprocalDeviation, into: dInput, accumulate: true)
    }

    private func backward(
        _ site: Site, _ gradient: Matrix, _ values: Slot, _ transformed: Slot, _ tape: Tape,
        _ transform: some SiteTransform
    ) {
        guard !transform.isIdentity(site.rawValue) else { return }
        transform.backward(
            site.rawValue, gradient: gradient, values: tape[values.rawValue],
            transformed: tape[transformed.rawValue])
    }

    private func scaleOrCopy(_ x: Matrix, by gamma: Vector?, into out: Matrix) {
        if let gamma {
            scaleColumns(x, by: gamma, into: out)
        } else {
            copy(x, into: out)
        }
    }
}
