internal import Kernels
package import TensorCore

/// The head: the last norm, pooling, and the classifier.
///
/// Its only operator is the feature that the classifier reads, so that supervision can compare that
/// feature: a global feature loss is the head's local supervision.
package struct ClassifierHead: ModelUnit {
    private let configuration: ViTConfiguration

    /// Makes the head of a model.
    package init(configuration: ViTConfiguration) {
        self.configuration = configuration
    }

    package var name: String { "head" }
    package var input: RowShape { RowShape(configuration.tokens, configuration.width) }
    package var output: RowShape { RowShape(1, configuration.classes) }

    private enum Slot: Int, CaseIterable {
        case normalized, statistics, pooled, feature, featureQuantized, dLogits
    }
    private enum Scratch: Int, CaseIterable { case feature, pooled, tokens }

    /// A mean over tokens does not commute with LayerNorm; reading one token does, and is cheaper first.
    private var poolsFirst: Bool {
        configuration.normalizesAfterPooling || configuration.pooling == .classToken
    }

    /// The rows of an image that the norm sees.
    private var normalizedRows: Int { poolsFirst ? 1 : configuration.tokens }

    package var tapeShapes: [RowShape] {
        let width = configuration.width
        return Slot.allCases.map { slot in
            switch slot {
            case .normalized: RowShape(normalizedRows, width)
            case .statistics: RowShape(2, normalizedRows)
            case .pooled, .feature, .featureQuantized: RowShape(1, width)
            case .dLogits: RowShape(1, configuration.classes)
            }
        }
    }

    package var scratchShapes: [RowShape] {
        Scratch.allCases.map { slot in
            switch slot {
            case .feature, .pooled: RowShape(1, configuration.width)
            case .tokens: RowShape(normalizedRows, configuration.width)
            }
        }
    }

    package var linears: [LinearDescriptor] {
        [
            LinearDescriptor(
                name: "head", weightShape: [configuration.classes, configuration.width], hasBias: true,
                inputSite: 0,
                inputSlot: Slot.feature.rawValue, transformedSlot: Slot.featureQuantized.rawValue,
                gradientSlot: Slot.dLogits.rawValue)
        ]
    }

    package var vectors: [VectorDescriptor] {
        let norm = configuration.normalizesAfterPooling ? "fc_norm" : "norm"
        return ["weight", "bias"].map {
            VectorDescriptor(name: "\(norm).\($0)", shape: [configuration.width])
        }
    }

    package var sites: [SiteDescriptor] {
        [
            SiteDescriptor(
                name: "head.input", kind: .linearInput, groups: .columns(width: configuration.width),
                groupCount: 1,
                slot: Slot.feature.rawValue, columns: nil)
        ]
    }

    package var operators: [OperatorDescriptor] {
        [OperatorDescriptor(name: "feature", slot: Slot.feature.rawValue)]
    }

    private func statistics(_ tape: Tape) -> (mean: Vector, reciprocalDeviation: Vector) {
        let matrix = tape[Slot.statistics.rawValue]
        let count = matrix.rows / 2 * normalizedRows
        return (
            Vector(storage: matrix.storage, offset: matrix.offset, count: count),
            Vector(storage: matrix.storage, offset: matrix.offset + count, count: count)
        )
    }

    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape, output: Matrix
    ) {
        let (pooled, feature) = (tape[Slot.pooled.rawValue], tape[Slot.feature.rawValue])
        let norm = statistics(tape)
        func normalize(_ x: Matrix, into out: Matrix) {
            layerNorm(
                x, gamma: parameters.vectors[0], beta: parameters.vectors[1], epsilon: configuration.epsilon,
                into: out, mean: norm.mean, reciprocalDeviation: norm.reciprocalDeviation)
        }
        if poolsFirst {
            pool(input, into: pooled)
            normalize(pooled, into: feature)
        } else {
            normalize(input, into: tape[Slot.normalized.rawValue])
            pool(tape[Slot.normalized.rawValue], into: feature)
        }
        let seen = transformed(0, feature, by: transform, into: tape[Slot.featureQuantized.rawValue])
        parameters.linears[0].forward(seen, into: output)
    }

    package func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?
    ) {
        copy(dOutput, into: tape[Slot.dLogits.rawValue])
        let dFeature = scratch[Scratch.feature.rawValue]
        parameters.linears[0].backward(dOutput, into: dFeature)
        if !transform.isIdentity(0) {
            transform.backward(
                0, gradient: dFeature, values: tape[Slot.feature.rawValue],
                transformed: tape[Slot.featureQuantized.rawValue])
        }
        addLocal(local, 0, tape: tape, to: dFeature)
        guard let dInput else { return }
        let norm = statistics(tape)
        func normalizeBackward(_ gradient: Matrix, x: Matrix, into out: Matrix) {
            layerNormBackward(
                gradient, x: x, gamma: parameters.vectors[0], mean: norm.mean,
                reciprocalDeviation: norm.reciprocalDeviation, into: out)
        }
        if poolsFirst {
            let dPooled = scratch[Scratch.pooled.rawValue]
            normalizeBackward(dFeature, x: tape[Slot.pooled.rawValue], into: dPooled)
            poolBackward(dPooled, into: dInput)
        } else {
            let dTokens = scratch[Scratch.tokens.rawValue]
            poolBackward(dFeature, into: dTokens)
            normalizeBackward(dTokens, x: input, into: dInput)
        }
    }

    /// The token rows that are averaged.
    private var pooledRows: Range<Int> {
        switch configuration.pooling {
        case .classToken: 0..<1
        case .average: configuration.prefixTokens..<configuration.tokens
        }
    }

    /// `[images · tokens, width]` → `[images, width]`.
    private func pool(_ tokens: Matrix, into pooled: Matrix) {
        for image in 0..<pooled.rows {
            let rows = tokens.rows(image * configuration.tokens..<(image + 1) * configuration.tokens).rows(
                pooledRows)
            let out = pooled.rows(image..<image + 1)
            if rows.rows == 1 {
                copy(rows, into: out)
            } else {
                columnSums(rows, into: Vector(storage: out.storage, offset: out.offset, count: out.columns))
                scale(out, by: 1 / Float(rows.rows), into: out)
            }
        }
    }

    /// `[images, width]` → `[images · tokens, width]`, every element overwritten.
    private func poolBackward(_ dPooled: Matrix, into dTokens: Matrix) {
        let share = 1 / Float(pooledRows.count)
        for image in 0..<dPooled.rows {
            for token in 0..<configuration.tokens {
                let row = image * configuration.tokens + token
                let factor: Float = pooledRows.contains(token) ? share : 0
                scale(dPooled.rows(image..<image + 1), by: factor, into: dTokens.rows(row..<row + 1))
            }
        }
    }
}
