internal import Kernels
package import TensorCore

extension TransformerBlock {
    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?
    ) {
        let middle = tape[Slot.middle.rawValue]
        let end = layer.flatMap(Linear.init(rawValue:))
        guard
            attend(
                input, parameters: parameters, transform: transform, tape: tape, output: middle, before: end)
        else { return }
        let norm = statistics(tape[Slot.norm2Statistics.rawValue], rows: outputTokens)
        layerNorm(
            middle, gamma: parameters.vectors[Parameter.gamma2.rawValue],
            beta: parameters.vectors[Parameter.beta2.rawValue], epsilon: epsilon,
            into: tape[Slot.norm2.rawValue],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        let fc1Input = transformed(
            Site.fc1Input.rawValue, tape[Slot.norm2.rawValue], by: transform,
            into: tape[Slot.norm2Quantized.rawValue])
        if end == .fc1 { return }
        parameters.linears[Linear.fc1.rawValue].forward(fc1Input, into: tape[Slot.fc1.rawValue])
        switch activation {
        case .gelu: gelu(tape[Slot.fc1.rawValue], into: tape[Slot.activated.rawValue])
        case .relu: relu(tape[Slot.fc1.rawValue], into: tape[Slot.activated.rawValue])
        }
        let fc2Input = transformed(
            Site.fc2Input.rawValue, tape[Slot.activated.rawValue], by: transform,
            into: tape[Slot.activatedQuantized.rawValue])
        if end == .fc2 { return }
        parameters.linears[Linear.fc2.rawValue].forward(fc2Input, into: tape[Slot.fc2.rawValue])
        add(middle, tape[Slot.fc2.rawValue], scaledBy: scale(.scale2, parameters), into: output)
    }

    private func scale(_ parameter: Parameter, _ parameters: UnitParameters) -> Vector? {
        layerScale ? parameters.vectors[parameter.rawValue] : nil
    }

    /// The attention half; false if it ended in front of one of its linear layers.
    private func attend(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before end: Linear?
    ) -> Bool {
        let images = tape.images
        let norm = statistics(tape[Slot.norm1Statistics.rawValue], rows: orderedRows)
        layout?.gather(input, into: tape[Slot.ordered.rawValue], images: images)
        layerNorm(
            layout == nil ? input : tape[Slot.ordered.rawValue],
            gamma: parameters.vectors[Parameter.gamma1.rawValue],
            beta: parameters.vectors[Parameter.beta1.rawValue], epsilon: epsilon,
            into: tape[Slot.norm1.rawValue],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        layout?.clearPadding(of: tape[Slot.norm1.rawValue], images: images)
        let qkvInput = transformed(
            Site.qkvInput.rawValue, tape[Slot.norm1.rawValue], by: transform,
            into: tape[Slot.norm1Quantized.rawValue])
        if end == .qkv { return false }
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
        layout?.addPositions(
            to: tape[Slot.scores.rawValue], table: parameters.vectors[Parameter.positionTable.rawValue],
            bias: tape[Slot.positions.rawValue].rows(0..<heads * tokens),
            into: tape[Slot.attention.rawValue], images: images)
        softmaxRows(
            tape[(layout == nil ? Slot.scores : Slot.attention).rawValue],
            into: tape[Slot.attention.rawValue])
        let attention = transformed(
            Site.attention.rawValue, tape[Slot.attention.rawValue], by: transform,
            into: tape[Slot.attentionQuantized.rawValue])
        multiplyBatch(
            maps(attention, images: images), v, into: contexts(tape[Slot.context.rawValue], images: images))
        let projectionInput = transformed(
            Site.projectionInput.rawValue, tape[Slot.context.rawValue], by: transform,
            into: tape[Slot.contextQuantized.rawValue])
        if end == .projection { return false }
        parameters.linears[Linear.projection.rawValue].forward(
            projectionInput, into: tape[Slot.projection.rawValue])
        layout?.scatter(
            tape[Slot.projection.rawValue], into: tape[Slot.restored.rawValue], images: images)
        add(
            residual(input, tape: tape), tape[(layout == nil ? Slot.projection : Slot.restored).rawValue],
            scaledBy: scale(.scale1, parameters), into: output)
        return true
    }

    /// `[images · windows · queries, width]` as one matrix per window and head.
    private func contexts(_ matrix: Matrix, images: Int) -> MatrixBatch {
        perHead(matrix, rows: queries, spacing: queries, images: images)
    }

    /// The tokens that are given, as the block reads them.
    private func residual(_ input: Matrix, tape: Tape) -> Matrix {
        guard isNarrowed else { return input }
        let out = tape[Slot.residual.rawValue]
        for image in 0..<tape.images {
            copy(
                input.rows(image * gridTokens..<image * gridTokens + outputTokens),
                into: out.rows(image * outputTokens..<(image + 1) * outputTokens))
        }
        return out
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
        let dActivated = scratch[Scratch.hidden.rawValue]
        parameters.linears[Linear.fc2.rawValue].backward(dFc2, into: dActivated)
        backward(.fc2Input, dActivated, .activated, .activatedQuantized, tape, transform)
        switch activation {
        case .gelu: geluBackward(dActivated, x: tape[Slot.fc1.rawValue], into: dFc1)
        case .relu: reluBackward(dActivated, x: tape[Slot.fc1.rawValue], into: dFc1)
        }
        addLocal(local, Operator.fc1.rawValue, tape: tape, to: dFc1)
        let dNorm = scratch[Scratch.width.rawValue]
        parameters.linears[Linear.fc1.rawValue].backward(dFc1, into: dNorm)
        backward(.fc1Input, dNorm, .norm2, .norm2Quantized, tape, transform)
        let norm = statistics(tape[Slot.norm2Statistics.rawValue], rows: outputTokens)
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
        if let layout {
            layout.gather(dMiddle, into: dProjection, images: images)
        } else {
            scaleOrCopy(dMiddle, by: scale(.scale1, parameters), into: dProjection)
        }
        addLocal(local, Operator.projection.rawValue, tape: tape, to: dProjection)
        let dContext = scratch[Scratch.context.rawValue]
        parameters.linears[Linear.projection.rawValue].backward(dProjection, into: dContext)
        backward(.projectionInput, dContext, .context, .contextQuantized, tape, transform)
        addLocal(local, Operator.context.rawValue, tape: tape, to: dContext)

        let (q, k, v) = operands(tape, transform)
        let attentionSlot =
            transform.isIdentity(Site.attention.rawValue) ? Slot.attention : Slot.attentionQuantized
        let dAttention = scratch[Scratch.attention.rawValue]
        let dScores = scratch[Scratch.scores.rawValue]
        let dQkv = tape[Slot.dQkv.rawValue]
        let dContextHeads = contexts(dContext, images: images)
        multiplyBatch(dContextHeads, v, into: maps(dAttention, images: images), transposeB: true)
        multiplyBatch(
            maps(tape[attentionSlot.rawValue], images: images), dContextHeads,
            into: part(2, of: dQkv, images: images),
            transposeA: true)
        backward(.attention, dAttention, .attention, .attentionQuantized, tape, transform)
        softmaxRowsBackward(dAttention, out: tape[Slot.attention.rawValue], into: dScores)
        addLocal(local, Operator.scores.rawValue, tape: tape, to: dScores)
        let dMaps = maps(dScores, images: images)
        if isNarrowed {
            fill(dQkv.columns(0..<width), with: 0)
        }
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
        let dNorm = scratch[Scratch.ordered.rawValue]
        parameters.linears[Linear.qkv.rawValue].backward(dQkv, into: dNorm)
        backward(.qkvInput, dNorm, .norm1, .norm1Quantized, tape, transform)
        guard let dInput else { return }
        let norm = statistics(tape[Slot.norm1Statistics.rawValue], rows: orderedRows)
        let gamma = parameters.vectors[Parameter.gamma1.rawValue]
        guard let layout else {
            spread(dMiddle, into: dInput, images: images)
            return layerNormBackward(
                dNorm, x: input, gamma: gamma, mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation, into: dInput, accumulate: true)
        }
        layerNormBackward(
            dNorm, x: tape[Slot.ordered.rawValue], gamma: gamma, mean: norm.mean,
            reciprocalDeviation: norm.reciprocalDeviation, into: dNorm)
        let dGrid = scratch[Scratch.width.rawValue]
        layout.scatter(dNorm, into: dGrid, images: images)
        add(dMiddle, dGrid, into: dInput)
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

    /// The gradient that tokens which are given have of the residual connection; the others have none.
    private func spread(_ dMiddle: Matrix, into dInput: Matrix, images: Int) {
        guard isNarrowed else { return copy(dMiddle, into: dInput) }
        fill(dInput, with: 0)
        for image in 0..<images {
            copy(
                dMiddle.rows(image * outputTokens..<(image + 1) * outputTokens),
                into: dInput.rows(image * gridTokens..<image * gridTokens + outputTokens))
        }
    }

    private func scaleOrCopy(_ x: Matrix, by gamma: Vector?, into out: Matrix) {
        if let gamma {
            scaleColumns(x, by: gamma, into: out)
        } else {
            copy(x, into: out)
        }
    }
}
