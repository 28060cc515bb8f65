internal import Kernels
package import TensorCore

/// The head: the last norm, pooling, and the classifier; after pooling by attention only the classifier.
///
/// Features can be pooled in two ways side by side. Then two classifiers read one each, and their logits are averaged
/// (a distilled DeiT), or one reads both (Hugging Face's Dinov2). Without a classifier, the head gives the feature.
///
/// Its only operator is the feature that the classifiers read, so that supervision can compare that
/// feature: a global feature loss is the head's local supervision.
package struct ClassifierHead: ModelUnit {
    /// The number of tokens that the head reads.
    package let tokens: Int
    /// The features of a token.
    package let width: Int
    /// The number of logits, or of features without a classifier.
    package let outputs: Int
    /// Added to the variance in LayerNorm.
    package let epsilon: Float
    /// The norm's name; nil where a unit before has the last norm.
    package let norm: String?
    /// The classifiers' names.
    package let layers: [String]
    /// The token rows whose means make up the feature, side by side.
    package let pooledRows: [Range<Int>]
    /// Whether the norm comes after pooling.
    ///
    /// A mean over tokens does not commute with LayerNorm; reading one token does, and is cheaper first.
    package let poolsFirst: Bool

    /// Makes the head of a ViT.
    package init(configuration: ViTConfiguration) {
        let isPooled = configuration.pooling == .attention
        tokens = isPooled ? 1 : configuration.leadingTokens ?? configuration.tokens
        width = configuration.width
        outputs = configuration.outputs
        epsilon = configuration.epsilon
        norm = isPooled ? nil : configuration.normalizesAfterPooling ? "fc_norm" : "norm"
        layers =
            configuration.classes == 0
            ? [] : configuration.hasDistillationToken ? ["head", "head_dist"] : ["head"]
        let patches = (configuration.poolsPrefix ? 0 : configuration.prefixTokens)..<configuration.tokens
        switch configuration.pooling {
        case .classToken:
            pooledRows = configuration.hasDistillationToken ? [0..<1, 1..<2] : [0..<1]
            poolsFirst = true
        case .average:
            pooledRows = [patches]
            poolsFirst = configuration.normalizesAfterPooling
        case .classTokenAndAverage:
            pooledRows = [0..<1, patches]
            poolsFirst = false
        case .attention:
            pooledRows = [0..<1]
            poolsFirst = true
        }
    }

    /// Makes the head of a Swin.
    package init(configuration: SwinConfiguration) {
        let grid = configuration.tokenGrid(of: configuration.stages.count - 1)
        tokens = grid.rows * grid.columns
        width = configuration.lastWidth
        outputs = configuration.outputs
        epsilon = configuration.epsilon
        norm = "norm"
        layers = configuration.classes == 0 ? [] : ["head.fc"]
        pooledRows = [0..<tokens]
        poolsFirst = false
    }

    package var name: String { "head" }
    package var input: RowShape { RowShape(tokens, width) }
    package var output: RowShape { RowShape(1, outputs) }

    private enum Slot: Int, CaseIterable {
        case normalized, statistics, pooled, feature, featureQuantized, dLogits, other
    }
    private enum Scratch: Int, CaseIterable { case feature, pooled, tokens }

    /// The rows of an image that the norm sees.
    private var normalizedRows: Int { poolsFirst ? pooledRows.count : tokens }
    /// The columns of the feature.
    private var features: Int { pooledRows.count * width }
    /// The columns of the feature that one classifier reads.
    private var inputs: Int { features / max(1, layers.count) }

    package var tapeShapes: [RowShape] {
        Slot.allCases.map { slot in
            switch slot {
            case .normalized: RowShape(normalizedRows, width)
            case .statistics: RowShape(2, normalizedRows)
            case .pooled, .feature, .featureQuantized: RowShape(1, features)
            case .dLogits, .other: RowShape(1, outputs)
            }
        }
    }

    package var scratchShapes: [RowShape] {
        Scratch.allCases.map { slot in
            switch slot {
            case .feature, .pooled: RowShape(1, features)
            case .tokens: RowShape(normalizedRows, width)
            }
        }
    }

    /// The columns of the feature that a classifier reads.
    private func columns(of layer: Int) -> Range<Int> { layer * inputs..<(layer + 1) * inputs }

    package var linears: [LinearDescriptor] {
        layers.enumerated().map { index, layer in
            LinearDescriptor(
                name: layer, weightShape: [outputs, inputs], hasBias: true, inputSite: index,
                inputSlot: Slot.feature.rawValue, transformedSlot: Slot.featureQuantized.rawValue,
                gradientSlot: Slot.dLogits.rawValue, inputColumns: columns(of: index))
        }
    }

    package var vectors: [VectorDescriptor] {
        norm.map { norm in
            ["weight", "bias"].map { VectorDescriptor(name: "\(norm).\($0)", shape: [width]) }
        } ?? []
    }

    package var sites: [SiteDescriptor] {
        layers.enumerated().map { index, layer in
            SiteDescriptor(
                name: "\(layer).input", kind: .linearInput, groups: .columns(width: inputs), groupCount: 1,
                slot: Slot.feature.rawValue, columns: columns(of: index))
        }
    }

    package var operators: [OperatorDescriptor] {
        [OperatorDescriptor(name: "feature", slot: Slot.feature.rawValue)]
    }

    /// The parts of features as separate rows: `[images, parts · width]` as `[images · parts, width]`.
    private func stacked(_ features: Matrix) -> Matrix {
        Matrix(
            storage: features.storage, offset: features.offset, rows: features.rows * pooledRows.count,
            columns: width)
    }

    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?
    ) {
        let (pooled, feature) = (tape[Slot.pooled], tape[Slot.feature])
        let seen = statistics(tape[Slot.statistics], rows: normalizedRows)
        func normalize(_ x: Matrix, into out: Matrix) {
            guard norm != nil else { return copy(x, into: out) }
            layerNorm(
                x, gamma: parameters.vectors[0], beta: parameters.vectors[1], epsilon: epsilon,
                into: out, mean: seen.mean, reciprocalDeviation: seen.reciprocalDeviation)
        }
        if poolsFirst {
            pool(input, into: stacked(pooled))
            normalize(stacked(pooled), into: stacked(feature))
        } else {
            normalize(input, into: tape[Slot.normalized])
            pool(tape[Slot.normalized], into: stacked(feature))
        }
        if layers.isEmpty { copy(feature, into: output) }
        for index in layers.indices {
            let seen = transformed(
                index, feature.columns(columns(of: index)), by: transform,
                into: tape[Slot.featureQuantized].columns(columns(of: index)))
            if index == layer { return }
            parameters.linears[index].forward(seen, into: index == 0 ? output : tape[Slot.other])
        }
        if layers.count == 2 {
            add(output, tape[Slot.other], into: output)
            scale(output, by: 0.5, into: output)
        }
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        let dLogits = tape[Slot.dLogits]
        scale(dOutput, by: 1 / Float(max(1, layers.count)), into: dLogits)
        let dFeature = scratch[Scratch.feature]
        if layers.isEmpty { copy(dLogits, into: dFeature) }
        for layer in layers.indices {
            let gradient = dFeature.columns(columns(of: layer))
            parameters.linears[layer].backward(dLogits, into: gradient)
            if !transform.isIdentity(layer) {
                transform.backward(
                    layer, gradient: gradient,
                    values: tape[Slot.feature].columns(columns(of: layer)),
                    transformed: tape[Slot.featureQuantized].columns(columns(of: layer)))
            }
        }
        addLocal(local, 0, tape: tape, to: dFeature)
        guard let dInput else { return }
        let seen = statistics(tape[Slot.statistics], rows: normalizedRows)
        func normalizeBackward(_ gradient: Matrix, x: Matrix, into out: Matrix) {
            guard norm != nil else { return copy(gradient, into: out) }
            layerNormBackward(
                gradient, x: x, gamma: parameters.vectors[0], mean: seen.mean,
                reciprocalDeviation: seen.reciprocalDeviation, into: out)
        }
        if poolsFirst {
            let dPooled = stacked(scratch[Scratch.pooled])
            normalizeBackward(stacked(dFeature), x: stacked(tape[Slot.pooled]), into: dPooled)
            poolBackward(dPooled, into: dInput)
        } else {
            let dTokens = scratch[Scratch.tokens]
            poolBackward(stacked(dFeature), into: dTokens)
            normalizeBackward(dTokens, x: input, into: dInput)
        }
    }

    /// `[images · tokens, width]` → `[images · parts, width]`.
    private func pool(_ grid: Matrix, into pooled: Matrix) {
        for image in 0..<pooled.rows / pooledRows.count {
            let rows = grid.rows(image * tokens..<(image + 1) * tokens)
            for (part, range) in pooledRows.enumerated() {
                let row = image * pooledRows.count + part
                let out = pooled.rows(row..<row + 1)
                if range.count == 1 {
                    copy(rows.rows(range), into: out)
                } else {
                    columnSums(
                        rows.rows(range), into: Vector(storage: out.storage, offset: out.offset, count: width)
                    )
                    scale(out, by: 1 / Float(range.count), into: out)
                }
            }
        }
    }

    /// `[images · parts, width]` → `[images · tokens, width]`, every element overwritten.
    private func poolBackward(_ dPooled: Matrix, into dGrid: Matrix) {
        fill(dGrid, with: 0)
        for image in 0..<dPooled.rows / pooledRows.count {
            for (part, range) in pooledRows.enumerated() {
                let share = 1 / Float(range.count)
                let source = image * pooledRows.count + part
                for token in range {
                    let row = image * tokens + token
                    scale(
                        dPooled.rows(source..<source + 1), by: share, into: dGrid.rows(row..<row + 1))
                }
            }
        }
    }
}
