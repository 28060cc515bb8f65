internal import Kernels
package import TensorCore

/// The stem: cuts an image into patches, embeds each, adds the class token and the positions.
///
/// Its input is one row of `channels · height · width` normalised values per image. Pixels have 8 bits
/// already, so the input is no site; the weight is.
package struct PatchEmbedding: ModelUnit {
    private let configuration: ViTConfiguration

    /// Makes the stem of a model.
    package init(configuration: ViTConfiguration) {
        self.configuration = configuration
    }

    package var name: String { "stem" }

    package var input: RowShape {
        RowShape(1, configuration.channels * configuration.imageHeight * configuration.imageWidth)
    }

    package var output: RowShape { RowShape(configuration.tokens, configuration.width) }

    private enum Slot: Int, CaseIterable { case patches, embedded, dEmbedded }

    private var patchElements: Int {
        configuration.channels * configuration.patchHeight * configuration.patchWidth
    }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .patches: RowShape(configuration.patches, patchElements)
            case .embedded, .dEmbedded: RowShape(configuration.patches, configuration.width)
            }
        }
    }

    package var scratchShapes: [RowShape] { [] }

    package var linears: [LinearDescriptor] {
        [
            LinearDescriptor(
                name: "patch_embed.proj",
                weightShape: [
                    configuration.width, configuration.channels, configuration.patchHeight,
                    configuration.patchWidth,
                ],
                hasBias: true, inputSite: nil, inputSlot: Slot.patches.rawValue,
                transformedSlot: Slot.patches.rawValue, gradientSlot: Slot.dEmbedded.rawValue)
        ]
    }

    package var vectors: [VectorDescriptor] {
        let classToken = VectorDescriptor(name: "cls_token", shape: [1, 1, configuration.width])
        return (configuration.hasClassToken ? [classToken] : [])
            + [VectorDescriptor(name: "pos_embed", shape: [1, configuration.tokens, configuration.width])]
    }

    package var sites: [SiteDescriptor] { [] }
    package var operators: [OperatorDescriptor] { [] }

    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape, output: Matrix
    ) {
        let (tokens, width, prefix) = (configuration.tokens, configuration.width, configuration.prefixTokens)
        let patches = tape[Slot.patches.rawValue]
        let embedded = tape[Slot.embedded.rawValue]
        for image in 0..<tape.images {
            cut(input.rows(image..<image + 1), into: patches.rows(rows(of: image)))
        }
        parameters.linears[0].forward(patches, into: embedded)
        let positionVector = parameters.vectors[prefix]
        let positions = Matrix(
            storage: positionVector.storage, offset: positionVector.offset, rows: tokens, columns: width)
        for image in 0..<tape.images {
            let out = output.rows(image * tokens..<(image + 1) * tokens)
            add(
                embedded.rows(rows(of: image)), positions.rows(prefix..<tokens),
                into: out.rows(prefix..<tokens))
            if configuration.hasClassToken {
                let token = parameters.vectors[0]
                add(
                    Matrix(storage: token.storage, offset: token.offset, rows: 1, columns: width),
                    positions.rows(0..<1), into: out.rows(0..<1))
            }
        }
    }

    private func rows(of image: Int) -> Range<Int> {
        image * configuration.patches..<(image + 1) * configuration.patches
    }

    /// Copies an image's pixels so that each patch becomes a row in the order (channel, y, x).
    private func cut(_ image: Matrix, into patches: Matrix) {
        let (height, width) = (configuration.patchHeight, configuration.patchWidth)
        let gridWidth = configuration.gridWidth
        for channel in 0..<configuration.channels {
            for y in 0..<configuration.gridHeight * height {
                let line = (channel * configuration.imageHeight + y) * configuration.imageWidth
                let source = Matrix(
                    storage: image.storage, offset: image.offset + line, rows: gridWidth, columns: width)
                let column = (channel * height + y % height) * width
                let firstPatch = y / height * gridWidth
                copy(
                    source,
                    into: patches.rows(firstPatch..<firstPatch + gridWidth).columns(column..<column + width))
            }
        }
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        precondition(dInput == nil, "nobody can want the gradient of pixels")
        let tokens = configuration.tokens
        for image in 0..<tape.images {
            copy(
                dOutput.rows(image * tokens + configuration.prefixTokens..<(image + 1) * tokens),
                into: tape[Slot.dEmbedded.rawValue].rows(rows(of: image)))
        }
    }
}
