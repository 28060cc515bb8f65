internal import Glibc
internal import Kernels
internal import TensorCore

extension MLPActivation {
    /// Computes the activation, element by element.
    func apply(to x: Matrix, into out: Matrix) {
        switch self {
        case .gelu: Kernels.gelu(x, into: out)
        case .geluTanh: sigmoidUnit(x, .tanhGELU, into: out)
        case .quickGELU: sigmoidUnit(x, .quickGELU, into: out)
        case .silu: sigmoidUnit(x, .silu, into: out)
        case .relu: Kernels.relu(x, into: out)
        }
    }

    /// From the gradient of what `apply` gives to that of what it reads.
    func applyBackward(_ gradient: Matrix, x: Matrix, into out: Matrix) {
        switch self {
        case .gelu: geluBackward(gradient, x: x, into: out)
        case .geluTanh: sigmoidUnitBackward(gradient, x: x, .tanhGELU, into: out)
        case .quickGELU: sigmoidUnitBackward(gradient, x: x, .quickGELU, into: out)
        case .silu: sigmoidUnitBackward(gradient, x: x, .silu, into: out)
        case .relu: reluBackward(gradient, x: x, into: out)
        }
    }
}

// What blocks differ in: norms, what is between the MLP's layers, and what becomes of queries and keys.
extension TransformerBlock {
    /// A LayerNorm whose gain and shift are the vectors from `gain` on.
    func normalize(
        _ x: Matrix, _ gain: Int, _ statistics: Slot, into out: Slot, _ parameters: UnitParameters,
        _ tape: Tape
    ) {
        let norm = VisionTransformers.statistics(tape[statistics], rows: x.rows / tape.images)
        layerNorm(
            x, gamma: parameters.vectors[gain], beta: parameters.vectors[gain + 1], epsilon: epsilon,
            into: tape[out], mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
    }

    /// The backward pass of `normalize`.
    func normalizeBackward(
        _ gradient: Matrix, x: Matrix, _ gain: Int, _ statistics: Slot, into out: Matrix,
        _ parameters: UnitParameters, _ tape: Tape, accumulate: Bool = false
    ) {
        let norm = VisionTransformers.statistics(tape[statistics], rows: x.rows / tape.images)
        layerNormBackward(
            gradient, x: x, gamma: parameters.vectors[gain], mean: norm.mean,
            reciprocalDeviation: norm.reciprocalDeviation, into: out, accumulate: accumulate)
    }

    /// What goes through the activation: all that fc1 gives, or the first half.
    private func activationInput(_ fc1: Matrix) -> Matrix { isGated ? fc1.columns(0..<hidden) : fc1 }

    /// From fc1's output to fc2's input.
    func activate(_ parameters: UnitParameters, _ tape: Tape) {
        let fc1 = tape[Slot.fc1]
        let (x, out) = (activationInput(fc1), tape[isGated ? Slot.gate : .activated])
        activation.apply(to: x, into: out)
        if isGated {
            multiplyElements(out, fc1.columns(hidden..<2 * hidden), into: tape[Slot.activated])
        }
        if normalizesMLP {
            normalize(
                tape[Slot.activated], activatedGain, .activatedStatistics, into: .activatedNorm, parameters,
                tape)
        }
    }

    /// From the gradient of fc2's input, which is overwritten, to that of fc1's output.
    func activateBackward(_ gradient: Matrix, _ parameters: UnitParameters, _ tape: Tape) {
        if normalizesMLP {
            normalizeBackward(
                gradient, x: tape[Slot.activated], activatedGain, .activatedStatistics, into: gradient,
                parameters, tape)
        }
        let (fc1, dFc1) = (tape[Slot.fc1], tape[Slot.dFc1])
        if isGated {
            let factor = hidden..<2 * hidden
            multiplyElements(gradient, tape[Slot.gate], into: dFc1.columns(factor))
            multiplyElements(gradient, fc1.columns(factor), into: gradient)
        }
        activation.applyBackward(gradient, x: activationInput(fc1), into: activationInput(dFc1))
    }

    /// Queries and keys, side by side.
    private func queriesAndKeys(_ qkv: Matrix) -> Matrix { qkv.columns(0..<2 * width) }

    /// The lengths of queries, from the logarithms of the factors of cosines, which are 100 at most.
    func queryLengths(_ logarithms: Vector) -> [Float] {
        (0..<heads).map { exp(min(logarithms[$0], log(100))) }
    }

    /// Rotates queries and keys in place, or scales them to the lengths whose products are the factors of cosines.
    func placeQueriesAndKeys(_ parameters: UnitParameters, _ tape: Tape) {
        let both = queriesAndKeys(tape[Slot.qkv])
        rotations?.apply(to: both, images: tape.images)
        guard usesCosines else { return }
        let lengths = lengths(in: tape)
        for (head, length) in queryLengths(parameters.vectors[logitScale]).enumerated() {
            (lengths[head], lengths[heads + head]) = (length, 1)
        }
        normalizeHeads(both, lengths: lengths, reciprocals: tape[Slot.reciprocals])
    }

    /// From the gradients of placed queries and keys to those of what qkv gives, in place.
    func placeQueriesAndKeysBackward(_ tape: Tape) {
        let gradient = queriesAndKeys(tape[Slot.dQkv])
        rotations?.apply(to: gradient, images: tape.images, reverse: true)
        guard usesCosines else { return }
        normalizeHeadsBackward(
            gradient, out: queriesAndKeys(tape[Slot.qkv]), lengths: lengths(in: tape),
            reciprocals: tape[Slot.reciprocals])
    }

    /// The lengths to which queries and then keys are scaled, head by head.
    private func lengths(in tape: Tape) -> Vector {
        let buffer = tape[Slot.lengths]
        return Vector(storage: buffer.storage, offset: buffer.offset, count: 2 * heads)
    }
}
