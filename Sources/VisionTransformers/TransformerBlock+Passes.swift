internal import Kernels
package import TensorCore

extension TransformerBlock {
    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?
    ) {
        let middle = tape[Slot.middle]
        let end = layer.flatMap(Linear.init(rawValue:))
        guard
            attend(
                input, parameters: parameters, transform: transform, tape: tape, output: middle, before: end)
        else { return }
        let norm = statistics(tape[Slot.norm2Statistics], rows: outputTokens)
        layerNorm(
            middle, gamma: parameters.vectors[Parameter.gamma2],
            beta: parameters.vectors[Parameter.beta2], epsilon: epsilon,
            into: tape[Slot.norm2],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        let fc1Input = transformed(
            Site.fc1Input, tape[Slot.norm2], by: transform,
            into: tape[Slot.norm2Quantized])
        if end == .fc1 { return }
        parameters.linears[Linear.fc1].forward(fc1Input, into: tape[Slot.fc1])
        switch activation {
        case .gelu: gelu(tape[Slot.fc1], into: tape[Slot.activated])
        case .geluTanh: sigmoidUnit(tape[Slot.fc1], .tanhGELU, into: tape[Slot.activated])
        case .quickGELU: sigmoidUnit(tape[Slot.fc1], .quickGELU, into: tape[Slot.activated])
        case .relu: relu(tape[Slot.fc1], into: tape[Slot.activated])
        }
        let fc2Input = transformed(
            Site.fc2Input, tape[Slot.activated], by: transform,
            into: tape[Slot.activatedQuantized])
        if end == .fc2 { return }
        parameters.linears[Linear.fc2].forward(fc2Input, into: tape[Slot.fc2])
        add(middle, tape[Slot.fc2], scaledBy: scale(.scale2, parameters), into: output)
    }

    private func scale(_ parameter: Parameter, _ parameters: UnitParameters) -> Vector? {
        layerScale ? parameters.vectors[parameter] : nil
    }

    /// The attention half; false if it ended in front of one of its linear layers.
    private func attend(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before end: Linear?
    ) -> Bool {
        let images = tape.images
        let norm = statistics(tape[Slot.norm1Statistics], rows: orderedRows)
        layout?.gather(input, into: tape[Slot.ordered], images: images)
        layerNorm(
            layout == nil ? input : tape[Slot.ordered],
            gamma: parameters.vectors[Parameter.gamma1],
            beta: parameters.vectors[Parameter.beta1], epsilon: epsilon,
            into: tape[Slot.norm1],
            mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        layout?.clearPadding(of: tape[Slot.norm1], images: images)
        let qkvInput = transformed(
            Site.qkvInput, tape[Slot.norm1], by: transform,
            into: tape[Slot.norm1Quantized])
        if end == .qkv { return false }
        parameters.linears[Linear.qkv].forward(qkvInput, into: tape[Slot.qkv])
        for site in [Site.query, .key, .value] where !transform.isIdentity(site) {
            let columns = (site.rawValue - 1) * width..<site.rawValue * width
            transform.apply(
                site, tape[Slot.qkv].columns(columns),
                into: tape[Slot.qkvQuantized].columns(columns))
        }
        let (q, k, v) = operands(tape, transform)
        multiplyBatch(
            q, k, into: maps(tape[Slot.scores], images: images), transposeB: true,
            alpha: attentionScale)
        addPositions(tape: tape, table: relative.map { _ in parameters.vectors[positionTable] })
        softmaxRows(
            tape[relative == nil ? Slot.scores : Slot.attention],
            into: tape[Slot.attention])
        let attention = transformed(
            Site.attention, tape[Slot.attention], by: transform,
            into: tape[Slot.attentionQuantized])
        multiplyBatch(
            maps(attention, images: images), v, into: contexts(tape[Slot.context], images: images))
        let projectionInput = transformed(
            Site.projectionInput, tape[Slot.context], by: transform,
            into: tape[Slot.contextQuantized])
        if end == .projection { return false }
        parameters.linears[Linear.projection].forward(
            projectionInput, into: tape[Slot.projection])
        layout?.scatter(
            tape[Slot.projection], into: tape[Slot.restored], images: images)
        add(
            residual(input, tape: tape), tape[layout == nil ? Slot.projection : Slot.restored],
            scaledBy: scale(.scale1, parameters), into: output)
        return true
    }

    /// Adds relative positions and the windows' masks to the scores, if there are any.
    private func addPositions(tape: Tape, table: Vector?) {
        guard let relative, let table else { return }
        let bias = tape[Slot.positions].rows(0..<heads * queries)
        relative.spread(table, queries: queries, into: bias)
        let (scores, out) = (tape[Slot.scores], tape[Slot.attention])
        for window in 0..<tape.images * windows {
            let rows = window * bias.rows..<(window + 1) * bias.rows
            add(scores.rows(rows), bias, into: out.rows(rows))
        }
        layout?.addMasks(to: out, heads: heads, images: tape.images)
    }

    /// `[images · windows · queries, width]` as one matrix per window and head.
    private func contexts(_ matrix: Matrix, images: Int) -> MatrixBatch {
        perHead(matrix, rows: queries, spacing: queries, images: images)
    }

    /// The tokens that are given, as the block reads them.
    private func residual(_ input: Matrix, tape: Tape) -> Matrix {
        guard isNarrowed else { return input }
        let out = tape[Slot.residual]
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
            let slot = transform.isIdentity(site) ? Slot.qkv : Slot.qkvQuantized
            return part(site.rawValue - 1, of: tape[slot], images: tape.images)
        }
        return (operand(.query), operand(.key), operand(.value))
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        let dFc2 = tape[Slot.dFc2]
        let dFc1 = tape[Slot.dFc1]
        let dMiddle = scratch[Scratch.middle]
        scaleOrCopy(dOutput, by: scale(.scale2, parameters), into: dFc2)
        addLocal(local, Operator.fc2, tape: tape, to: dFc2)
        let dActivated = scratch[Scratch.hidden]
        parameters.linears[Linear.fc2].backward(dFc2, into: dActivated)
        backward(.fc2Input, dActivated, .activated, .activatedQuantized, tape, transform)
        switch activation {
        case .gelu: geluBackward(dActivated, x: tape[Slot.fc1], into: dFc1)
        case .geluTanh: sigmoidUnitBackward(dActivated, x: tape[Slot.fc1], .tanhGELU, into: dFc1)
        case .quickGELU: sigmoidUnitBackward(dActivated, x: tape[Slot.fc1], .quickGELU, into: dFc1)
        case .relu: reluBackward(dActivated, x: tape[Slot.fc1], into: dFc1)
        }
        addLocal(local, Operator.fc1, tape: tape, to: dFc1)
        let dNorm = scratch[Scratch.width]
        parameters.linears[Linear.fc1].backward(dFc1, into: dNorm)
        backward(.fc1Input, dNorm, .norm2, .norm2Quantized, tape, transform)
        let norm = statistics(tape[Slot.norm2Statistics], rows: outputTokens)
        copy(dOutput, into: dMiddle)
        layerNormBackward(
            dNorm, x: tape[Slot.middle], gamma: parameters.vectors[Parameter.gamma2],
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
        let dProjection = tape[Slot.dProjection]
        if let layout {
            layout.gather(dMiddle, into: dProjection, images: images)
        } else {
            scaleOrCopy(dMiddle, by: scale(.scale1, parameters), into: dProjection)
        }
        addLocal(local, Operator.projection, tape: tape, to: dProjection)
        let dContext = scratch[Scratch.context]
        parameters.linears[Linear.projection].backward(dProjection, into: dContext)
        backward(.projectionInput, dContext, .context, .contextQuantized, tape, transform)
        addLocal(local, Operator.context, tape: tape, to: dContext)

        let (q, k, v) = operands(tape, transform)
        let attentionSlot =
            transform.isIdentity(Site.attention) ? Slot.attention : Slot.attentionQuantized
        let dAttention = scratch[Scratch.attention]
        let dScores = scratch[Scratch.scores]
        let dQkv = tape[Slot.dQkv]
        let dContextHeads = contexts(dContext, images: images)
        multiplyBatch(dContextHeads, v, into: maps(dAttention, images: images), transposeB: true)
        multiplyBatch(
            maps(tape[attentionSlot], images: images), dContextHeads,
            into: part(2, of: dQkv, images: images),
            transposeA: true)
        backward(.attention, dAttention, .attention, .attentionQuantized, tape, transform)
        softmaxRowsBackward(dAttention, out: tape[Slot.attention], into: dScores)
        addLocal(local, Operator.scores, tape: tape, to: dScores)
        let dMaps = maps(dScores, images: images)
        if isNarrowed {
            fill(dQkv.columns(0..<width), with: 0)
        }
        multiplyBatch(dMaps, k, into: part(0, of: dQkv, images: images), alpha: attentionScale)
        multiplyBatch(
            dMaps, q, into: part(1, of: dQkv, images: images), transposeA: true, alpha: attentionScale)
        for site in [Site.query, .key, .value] where !transform.isIdentity(site) {
            let columns = (site.rawValue - 1) * width..<site.rawValue * width
            transform.backward(
                site, gradient: dQkv.columns(columns),
                values: tape[Slot.qkv].columns(columns),
                transformed: tape[Slot.qkvQuantized].columns(columns))
        }
        addLocal(local, Operator.qkv, tape: tape, to: dQkv)
        // The gradient of the qkv input is wanted for its site's scale even where the block's input is not.
        let dNorm = scratch[Scratch.ordered]
        parameters.linears[Linear.qkv].backward(dQkv, into: dNorm)
        backward(.qkvInput, dNorm, .norm1, .norm1Quantized, tape, transform)
        guard let dInput else { return }
        let norm = statistics(tape[Slot.norm1Statistics], rows: orderedRows)
        let gamma = parameters.vectors[Parameter.gamma1]
        guard let layout else {
            spread(dMiddle, into: dInput, images: images)
            return layerNormBackward(
                dNorm, x: input, gamma: gamma, mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation, into: dInput, accumulate: true)
        }
        layerNormBackward(
            dNorm, x: tape[Slot.ordered], gamma: gamma, mean: norm.mean,
            reciprocalDeviation: norm.reciprocalDeviation, into: dNorm)
        let dGrid = scratch[Scratch.width]
        layout.scatter(dNorm, into: dGrid, images: images)
        add(dMiddle, dGrid, into: dInput)
    }

    private func backward(
        _ site: Site, _ gradient: Matrix, _ values: Slot, _ transformed: Slot, _ tape: Tape,
        _ transform: some SiteTransform
    ) {
        guard !transform.isIdentity(site) else { return }
        transform.backward(
            site, gradient: gradient, values: tape[values],
            transformed: tape[transformed])
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
