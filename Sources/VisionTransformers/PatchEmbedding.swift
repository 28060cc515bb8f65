internal import Kernels
package import TensorCore

/// The stem: cuts an image into patches and embeds each; a ViT then adds its class token and the positions, and of the
/// CLIP family normalises them; a Swin normalises.
///
/// Its input is one row of `channels · height · width` normalised values per image. Pixels have 8 bits
/// already, so the input is not a site; the weight is.
package struct PatchEmbedding: ModelUnit {
    /// The step after the projection.
    package enum Ending: Sendable {
        /// A ViT's: tokens before the patches, by their parameters' names and numbers, and added positions.
        case positions(prefix: [(name: String, tokens: Int)], cover: PositionCover)
        /// A Swin's: a LayerNorm.
        case norm(epsilon: Float)
    }

    /// The tokens that have positions.
    package enum PositionCover: Sendable {
        case nothing, patches, all
    }

    package let grid: PatchGrid
    /// The features of a token.
    package let width: Int
    package let ending: Ending
    /// What a LayerNorm over the tokens of a ViT adds to the variance; nil without such a norm.
    ///
    /// With one, the projection has no bias.
    package let preNorm: Float?

    /// Makes the stem of a ViT.
    package init(configuration: ViTConfiguration) {
        grid = configuration.grid
        width = configuration.width
        let tokens = [
            ("cls_token", configuration.hasClassToken ? 1 : 0),
            ("dist_token", configuration.hasDistillationToken ? 1 : 0),
            ("reg_token", configuration.registerTokens),
        ]
        ending = .positions(
            prefix: tokens.filter { $0.1 > 0 }.map { (name: $0.0, tokens: $0.1) },
            cover: !configuration.hasPositions ? .nothing : configuration.hasPrefixPositions ? .all : .patches
        )
        preNorm = configuration.hasPreNorm ? configuration.epsilon : nil
    }

    /// Makes the stem of a Swin.
    package init(configuration: SwinConfiguration) {
        grid = configuration.grid
        width = configuration.width
        ending = .norm(epsilon: configuration.epsilon)
        preNorm = nil
    }

    package var name: String { "stem" }

    package var input: RowShape { RowShape(1, grid.imageElements) }
    package var output: RowShape { RowShape(prefixTokens + grid.patches, width) }

    private var prefixTokens: Int {
        switch ending {
        case .positions(let prefix, _): prefix.reduce(0) { $0 + $1.tokens }
        case .norm: 0
        }
    }

    private enum Slot: Int, CaseIterable {
        case patches, embedded, dEmbedded, statistics, tokens, tokenStatistics, dTokens
    }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .patches: RowShape(grid.patches, grid.patchElements)
            case .embedded, .dEmbedded: RowShape(grid.patches, width)
            case .statistics: RowShape(2, grid.patches)
            case .tokens, .dTokens: RowShape(preNorm == nil ? 0 : output.rows, width)
            case .tokenStatistics: RowShape(2, preNorm == nil ? 0 : output.rows)
            }
        }
    }

    package var scratchShapes: [RowShape] { [] }

    package var linears: [LinearDescriptor] {
        [
            LinearDescriptor(
                name: "patch_embed.proj",
                weightShape: [width, grid.channels, grid.patchHeight, grid.patchWidth],
                hasBias: preNorm == nil, inputSite: nil, inputSlot: Slot.patches.rawValue,
                transformedSlot: Slot.patches.rawValue, gradientSlot: Slot.dEmbedded.rawValue)
        ]
    }

    package var vectors: [VectorDescriptor] {
        switch ending {
        case .positions(let prefix, let cover):
            prefix.map { VectorDescriptor(name: $0.name, shape: [1, $0.tokens, width]) }
                + (cover == .nothing
                    ? []
                    : [
                        VectorDescriptor(
                            name: "pos_embed",
                            shape: [1, grid.patches + (cover == .all ? prefixTokens : 0), width])
                    ])
                + (preNorm == nil
                    ? []
                    : ["weight", "bias"].map { VectorDescriptor(name: "norm_pre.\($0)", shape: [width]) })
        case .norm:
            ["weight", "bias"].map { VectorDescriptor(name: "patch_embed.norm.\($0)", shape: [width]) }
        }
    }

    package var sites: [SiteDescriptor] { [] }
    package var operators: [OperatorDescriptor] { [] }

    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?
    ) {
        let patches = tape[Slot.patches]
        let embedded = tape[Slot.embedded]
        for image in 0..<tape.images {
            cut(input.rows(image..<image + 1), into: patches.rows(rows(of: image)))
        }
        guard layer == nil else { return }
        parameters.linears[0].forward(patches, into: embedded)
        switch ending {
        case .positions(let prefix, let cover):
            let positions = cover == .nothing ? nil : matrix(parameters.vectors[prefix.count])
            let normPlace = prefix.count + (cover == .nothing ? 0 : 1)
            let sums = preNorm == nil ? output : tape[Slot.tokens]
            for image in 0..<tape.images {
                let tokens = sums.rows(image * self.output.rows..<(image + 1) * self.output.rows)
                var row = 0
                for (index, entry) in prefix.enumerated() {
                    let (token, out) = (
                        matrix(parameters.vectors[index]), tokens.rows(row..<row + entry.tokens)
                    )
                    if cover == .all, let positions {
                        add(token, positions.rows(row..<row + entry.tokens), into: out)
                    } else {
                        copy(token, into: out)
                    }
                    row += entry.tokens
                }
                let (patches, out) = (embedded.rows(rows(of: image)), tokens.rows(row..<tokens.rows))
                if let positions {
                    add(patches, positions.rows(positions.rows - grid.patches..<positions.rows), into: out)
                } else {
                    copy(patches, into: out)
                }
            }
            if let preNorm {
                let norm = statistics(tape[Slot.tokenStatistics], rows: self.output.rows)
                layerNorm(
                    sums, gamma: parameters.vectors[normPlace], beta: parameters.vectors[normPlace + 1],
                    epsilon: preNorm, into: output, mean: norm.mean,
                    reciprocalDeviation: norm.reciprocalDeviation)
            }
        case .norm(let epsilon):
            let norm = statistics(tape[Slot.statistics], rows: grid.patches)
            layerNorm(
                embedded, gamma: parameters.vectors[0], beta: parameters.vectors[1], epsilon: epsilon,
                into: output, mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        }
    }

    /// Rows of `width` numbers.
    private func matrix(_ vector: Vector) -> Matrix {
        Matrix(storage: vector.storage, offset: vector.offset, rows: vector.count / width, columns: width)
    }

    private func rows(of image: Int) -> Range<Int> {
        image * grid.patches..<(image + 1) * grid.patches
    }

    /// Copies an image's pixels so that each patch becomes a row in the order (channel, y, x).
    private func cut(_ image: Matrix, into patches: Matrix) {
        let (height, width) = (grid.patchHeight, grid.patchWidth)
        for channel in 0..<grid.channels {
            for y in 0..<grid.rows * height {
                let line = (channel * grid.imageHeight + y) * grid.imageWidth
                let source = Matrix(
                    storage: image.storage, offset: image.offset + line, rows: grid.columns, columns: width)
                let column = (channel * height + y % height) * width
                let firstPatch = y / height * grid.columns
                copy(
                    source,
                    into: patches.rows(firstPatch..<firstPatch + grid.columns).columns(
                        column..<column + width))
            }
        }
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        precondition(dInput == nil, "pixels have no gradient")
        let dEmbedded = tape[Slot.dEmbedded]
        switch ending {
        case .positions(let prefix, let cover):
            let dTokens = preNorm == nil ? dOutput : tape[Slot.dTokens]
            if preNorm != nil {
                let norm = statistics(tape[Slot.tokenStatistics], rows: output.rows)
                layerNormBackward(
                    dOutput, x: tape[Slot.tokens],
                    gamma: parameters.vectors[prefix.count + (cover == .nothing ? 0 : 1)],
                    mean: norm.mean,
                    reciprocalDeviation: norm.reciprocalDeviation, into: dTokens)
            }
            for image in 0..<tape.images {
                copy(
                    dTokens.rows(image * output.rows + prefixTokens..<(image + 1) * output.rows),
                    into: dEmbedded.rows(rows(of: image)))
            }
        case .norm:
            let norm = statistics(tape[Slot.statistics], rows: grid.patches)
            layerNormBackward(
                dOutput, x: tape[Slot.embedded], gamma: parameters.vectors[0], mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation, into: dEmbedded)
        }
    }
}
