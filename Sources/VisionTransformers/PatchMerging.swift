internal import Kernels
package import TensorCore

/// Swin's step between stages: four neighbouring tokens become one of twice the width, after a LayerNorm, or before one
/// (Swin V2).
package struct PatchMerging: ModelUnit {
    /// The unit's name, which is also the prefix of its parameters' names.
    package let name: String
    /// The rows of the token grid that is read.
    package let rows: Int
    /// The columns of the token grid that is read.
    package let columns: Int
    /// The features of a token that is read.
    package let width: Int
    /// Added to the variance in LayerNorm.
    package let epsilon: Float
    /// Whether the norm comes after the product.
    package let normalizesLast: Bool

    /// Makes a merging.
    ///
    /// - Parameters:
    ///   - name: The unit's name.
    ///   - configuration: The model's shape.
    ///   - stage: The stage whose tokens are merged.
    package init(name: String, configuration: SwinConfiguration, stage: Int) {
        self.name = name
        (rows, columns) = configuration.tokenGrid(of: stage)
        width = configuration.width(of: stage)
        epsilon = configuration.epsilon
        normalizesLast = configuration.isSecondVersion
    }

    private var merged: (rows: Int, columns: Int) { ((rows + 1) / 2, (columns + 1) / 2) }
    private var mergedTokens: Int { merged.rows * merged.columns }

    package var input: RowShape { RowShape(rows * columns, width) }
    package var output: RowShape { RowShape(mergedTokens, 2 * width) }

    private enum Slot: Int, CaseIterable { case joined, statistics, norm, normQuantized, reduced, dReduced }
    private enum Scratch: Int, CaseIterable { case norm, joined }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .joined, .normQuantized: RowShape(mergedTokens, 4 * width)
            case .norm: RowShape(normalizesLast ? 0 : mergedTokens, 4 * width)
            case .statistics: RowShape(2, mergedTokens)
            case .reduced: RowShape(normalizesLast ? mergedTokens : 0, 2 * width)
            case .dReduced: output
            }
        }
    }

    package var scratchShapes: [RowShape] {
        Scratch.allCases.map { _ in RowShape(mergedTokens, 4 * width) }
    }

    /// What the product reads before it is quantized.
    private var operand: Slot { normalizesLast ? .joined : .norm }

    package var linears: [LinearDescriptor] {
        [
            LinearDescriptor(
                name: "\(name).reduction", weightShape: [2 * width, 4 * width], hasBias: false, inputSite: 0,
                inputSlot: operand.rawValue, transformedSlot: Slot.normQuantized.rawValue,
                gradientSlot: Slot.dReduced.rawValue)
        ]
    }

    package var vectors: [VectorDescriptor] {
        ["weight", "bias"].map {
            VectorDescriptor(name: "\(name).norm.\($0)", shape: [(normalizesLast ? 2 : 4) * width])
        }
    }

    package var sites: [SiteDescriptor] {
        [
            SiteDescriptor(
                name: "\(name).reduction.input",
                kind: normalizesLast ? .linearInput : .normalized(gamma: 0, beta: 1, linear: 0),
                groups: .columns(width: 4 * width), groupCount: 1, slot: operand.rawValue, columns: nil)
        ]
    }

    package var operators: [OperatorDescriptor] { [] }

    /// Calls `body` with the rows of the grid and the columns of the joined features that hold the same values:
    /// the four neighbours follow one another in the order upper left, lower left, upper right, lower right.
    func forEachNeighbour(
        images: Int, _ body: (_ token: Int, _ mergedToken: Int, _ columns: Range<Int>) -> Void
    ) {
        for image in 0..<images {
            for row in 0..<rows {
                for column in 0..<columns {
                    let part = column % 2 * 2 + row % 2
                    body(
                        image * rows * columns + row * columns + column,
                        image * mergedTokens + row / 2 * merged.columns + column / 2,
                        part * width..<(part + 1) * width)
                }
            }
        }
    }

    /// Whether an odd row or column leaves neighbours that are not there, which count as 0.
    private var hasPadding: Bool { rows % 2 != 0 || columns % 2 != 0 }

    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?
    ) {
        let joined = tape[Slot.joined]
        if hasPadding {
            fill(joined, with: 0)
        }
        forEachNeighbour(images: tape.images) { token, mergedToken, columns in
            copy(
                input.rows(token..<token + 1),
                into: joined.rows(mergedToken..<mergedToken + 1).columns(columns))
        }
        let norm = statistics(tape[Slot.statistics], rows: mergedTokens)
        func normalize(_ x: Matrix, into out: Matrix) {
            layerNorm(
                x, gamma: parameters.vectors[0], beta: parameters.vectors[1], epsilon: epsilon,
                into: out, mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        }
        if !normalizesLast { normalize(joined, into: tape[Slot.norm]) }
        let seen = transformed(0, tape[operand], by: transform, into: tape[Slot.normQuantized])
        guard layer == nil else { return }
        parameters.linears[0].forward(seen, into: normalizesLast ? tape[Slot.reduced] : output)
        if normalizesLast { normalize(tape[Slot.reduced], into: output) }
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        let norm = statistics(tape[Slot.statistics], rows: mergedTokens)
        func normalizeBackward(_ gradient: Matrix, x: Matrix, into out: Matrix) {
            layerNormBackward(
                gradient, x: x, gamma: parameters.vectors[0], mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation, into: out)
        }
        let (dReduced, dOperand) = (tape[Slot.dReduced], scratch[Scratch.norm])
        if normalizesLast {
            normalizeBackward(dOutput, x: tape[Slot.reduced], into: dReduced)
        } else {
            copy(dOutput, into: dReduced)
        }
        parameters.linears[0].backward(dReduced, into: dOperand)
        if !transform.isIdentity(0) {
            transform.backward(
                0, gradient: dOperand, values: tape[operand], transformed: tape[Slot.normQuantized])
        }
        guard let dInput else { return }
        let dJoined = normalizesLast ? dOperand : scratch[Scratch.joined]
        if !normalizesLast { normalizeBackward(dOperand, x: tape[Slot.joined], into: dJoined) }
        forEachNeighbour(images: tape.images) { token, mergedToken, columns in
            copy(
                dJoined.rows(mergedToken..<mergedToken + 1).columns(columns),
                into: dInput.rows(token..<token + 1))
        }
    }
}
