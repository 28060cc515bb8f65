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
        if normalizesLast {
            copy(middle, into: tape[Slot.norm2])
        } else {
            normalize(middle, Parameter.gamma2.rawValue, .norm2Statistics, into: .norm2, parameters, tape)
        }
        let fc1Input = transformed(
            Site.fc1Input, tape[Slot.norm2], by: transform,
            into: tape[Slot.norm2Quantized])
        if end == .fc1 { return }
        parameters.linears[Linear.fc1].forward(fc1Input, into: tape[Slot.fc1])
        activate(parameters, tape)
        let operand = transformed(
            Site.fc2Input, tape[fc2Input], by: transform, into: tape[Slot.activatedQuantized])
        if end == .fc2 { return }
        parameters.linears[Linear.fc2].forward(operand, into: tape[Slot.fc2])
        if normalizesLast {
            normalize(
                tape[Slot.fc2], Parameter.gamma2.rawValue, .norm2Statistics, into: .branch2, parameters, tape)
        }
        add(
            middle, tape[normalizesLast ? Slot.branch2 : .fc2], scaledBy: scale(.scale2, parameters),
            into: output)
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
        if normalizesLast {
            if let layout {
                layout.gather(input, into: tape[Slot.norm1], images: images)
            } else {
                copy(input, into: tape[Slot.norm1])
            }
        } else {
            layout?.gather(input, into: tape[Slot.ordered], images: images)
            normalize(
                layout == nil ? input : tape[Slot.ordered], Parameter.gamma1.rawValue, .norm1Statistics,
                into: .norm1, parameters, tape)
            layout?.clearPadding(of: tape[Slot.norm1], images: images)
        }
        let qkvInput = transformed(
            Site.qkvInput, tape[Slot.norm1], by: transform,
            into: tape[Slot.norm1Quantized])
        if end == .qkv { return false }
        parameters.linears[Linear.qkv].forward(qkvInput, into: tape[Slot.qkv])
        placeQueriesAndKeys(parameters, tape)
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
        if normalizesAttention {
            normalize(
                tape[Slot.context], contextGain, .contextStatistics, into: .contextNorm, parameters, tape)
        }
        let operand = transformed(
            Site.projectionInput, tape[projectionInput], by: transform, into: tape[Slot.contextQuantized])
        if end == .projection { return false }
        parameters.linears[Linear.projection].forward(operand, into: tape[Slot.projection])
        layout?.scatter(
            tape[Slot.projection], into: tape[Slot.restored], images: images)
        if normalizesLast {
            normalize(
                tape[branch], Parameter.gamma1.rawValue, .norm1Statistics, into: .branch1, parameters, tape)
        }
        add(
            residual(input, tape: tape), tape[normalizesLast ? Slot.branch1 : branch],
            scaledBy: scale(.scale1, parameters), into: output)
        return true
    }

    /// The projection's output in the order of the grid.
    private var branch: Slot { layout == nil ? .projection : .restored }

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
        if normalizesLast {
            normalizeBackward(
                dFc2, x: tape[Slot.fc2], Parameter.gamma2.rawValue, .norm2Statistics, into: dFc2, parameters,
                tape)
        }
        addLocal(local, Operator.fc2, tape: tape, to: dFc2)
        let dActivated = scratch[Scratch.hidden]
        parameters.linears[Linear.fc2].backward(dFc2, into: dActivated)
        backward(.fc2Input, dActivated, fc2Input, .activatedQuantized, tape, transform)
        activateBackward(dActivated, parameters, tape)
        addLocal(local, Operator.fc1, tape: tape, to: dFc1)
        let dNorm = scratch[Scratch.width]
        parameters.linears[Linear.fc1].backward(dFc1, into: dNorm)
        backward(.fc1Input, dNorm, .norm2, .norm2Quantized, tape, transform)
        if normalizesLast {
            add(dOutput, dNorm, into: dMiddle)
        } else {
            copy(dOutput, into: dMiddle)
            normalizeBackward(
                dNorm, x: tape[Slot.middle], Parameter.gamma2.rawValue, .norm2Statistics, into: dMiddle,
                parameters, tape, accumulate: true)
        }
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
        var dBranch = dMiddle
        if normalizesLast {
            dBranch = scratch[Scratch.width]
            scaleOrCopy(dMiddle, by: scale(.scale1, parameters), into: dBranch)
            normalizeBackward(
                dBranch, x: tape[branch], Parameter.gamma1.rawValue, .norm1Statistics, into: dBranch,
                parameters, tape)
        }
        if let layout {
            layout.gather(dBranch, into: dProjection, images: images)
        } else if normalizesLast {
            copy(dBranch, into: dProjection)
        } else {
            scaleOrCopy(dBranch, by: scale(.scale1, parameters), into: dProjection)
        }
        addLocal(local, Operator.projection, tape: tape, to: dProjection)
        let dContext = scratch[Scratch.context]
        parameters.linears[Linear.projection].backward(dProjection, into: dContext)
        backward(.projectionInput, dContext, projectionInput, .contextQuantized, tape, transform)
        if normalizesAttention {
            normalizeBackward(
                dContext, x: tape[Slot.context], contextGain, .contextStatistics, into: dContext, parameters,
                tape)
        }
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
        placeQueriesAndKeysBackward(tape)
        // The gradient of the qkv input is wanted for its site's scale even where the block's input is not.
        let dNorm = scratch[Scratch.ordered]
        parameters.linears[Linear.qkv].backward(dQkv, into: dNorm)
        backward(.qkvInput, dNorm, .norm1, .norm1Quantized, tape, transform)
        guard let dInput else { return }
        let gain = Parameter.gamma1.rawValue
        guard let layout else {
            spread(dMiddle, into: dInput, images: images)
            if normalizesLast { return add(dInput, dNorm, into: dInput) }
            return normalizeBackward(
                dNorm, x: input, gain, .norm1Statistics, into: dInput, parameters, tape, accumulate: true)
        }
        if !normalizesLast {
            normalizeBackward(
                dNorm, x: tape[Slot.ordered], gain, .norm1Statistics, into: dNorm, parameters, tape)
        }
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
