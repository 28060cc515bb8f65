internal import Kernels
internal import TensorCore

extension VisionTransformer {
    /// The same model with its features in rotated coordinates: outliers of single channels are spread over all, so
    /// that few levels serve activations and weights better, at no cost when the model runs.
    ///
    /// In a ViT with a classifier, without a norm before its blocks and with norms before attention and MLP, the features
    /// between blocks are rotated as a whole: what writes to them takes the rotation, what reads them its inverse; norms
    /// give their gain and shift to the layers after them, layer scale goes into the layers before. The rotation keeps the mean of every token, so
    /// that LayerNorm commutes with it. Queries and keys are rotated head by head, and so are values and what reads
    /// them; not so queries and keys with rotary positions, and values before a norm. Only weights change; logits stay
    /// the same but for rounding.
    ///
    /// Source: the offline rotations of GLF-Q and QuaRot (arXiv 2404.00456).
    ///
    /// - Parameter seed: Decides the rotations.
    /// - Returns: The rotated model.
    package func rotated(seed: UInt64) -> VisionTransformer {
        var result = self
        var generator = SeededGenerator(seed: seed, stream: "rotation")
        if case .vit(let shape) = configuration, shape.classes > 0, !shape.hasPreNorm, !shape.normalizesLast {
            let rotation = Rotation.keepingMean(width: shape.width, generator: &generator)
            for (index, unit) in units.enumerated() {
                switch unit.structure {
                case .stem: result.weights[index].rotateStem(by: rotation)
                case .block:
                    result.weights[index].rotateBlock(by: rotation, hasLayerScale: shape.hasLayerScale)
                case .pooling: result.weights[index].rotatePooling(by: rotation)
                // The feature that pooling by attention gives is not in rotated coordinates.
                case .head where shape.pooling != .attention: result.weights[index].rotateHead(by: rotation)
                case .head, .merging: break
                }
            }
        }
        for (index, unit) in units.enumerated() {
            if let block = unit.block {
                result.weights[index].rotateHeads(of: block, generator: &generator)
            } else if let pooling = unit.pooling {
                result.weights[index].rotateHeads(of: pooling, generator: &generator)
            }
        }
        return result
    }
}

extension UnitWeights {
    /// Rotates the output of a ViT's stem: the embedding, the tokens before the patches, the positions.
    fileprivate mutating func rotateStem(by rotation: Rotation) {
        linears[0].rotateOutputs(by: rotation)
        for index in vectors.indices {
            let width = rotation.matrix.rows
            let rows = Matrix(
                rows: vectors[index].count / width, columns: width, elements: vectors[index].elements)
            let out = Matrix(rows: rows.rows, columns: width)
            multiply(rows, rotation.matrix, into: out)
            vectors[index] = Tensor(shape: vectors[index].shape, elements: out.elements)
        }
    }

    /// Rotates the input of a ViT's head: one feature or two side by side.
    fileprivate mutating func rotateHead(by rotation: Rotation) {
        let width = rotation.matrix.rows
        for layer in linears.indices {
            linears[layer].takeNorm(gamma: vectors[0], beta: vectors[1])
            for start in stride(from: 0, to: linears[layer].weight.shape[1], by: width) {
                linears[layer].rotateInputs(start..<start + width, by: rotation)
            }
        }
        clearNorm(gamma: 0, beta: 1)
    }

    /// Rotates the input and the output of a ViT's block.
    ///
    /// The layers are qkv, proj, fc1, fc2; the vectors are both norms' gain and shift, then both layer scales if
    /// there are any.
    fileprivate mutating func rotateBlock(by rotation: Rotation, hasLayerScale: Bool) {
        for (layer, norm) in [(0, 0), (2, 2)] {
            linears[layer].takeNorm(gamma: vectors[norm], beta: vectors[norm + 1])
            linears[layer].rotateInputs(by: rotation)
            clearNorm(gamma: norm, beta: norm + 1)
        }
        for (layer, scale) in [(1, 4), (3, 5)] {
            if hasLayerScale {
                linears[layer].takeScale(vectors[scale])
                vectors[scale] = Tensor(
                    shape: vectors[scale].shape, elements: vectors[scale].elements.map { _ in 1 })
            }
            linears[layer].rotateOutputs(by: rotation)
        }
    }

    /// Rotates the input of a ViT's pooling by attention: of the first layer, after the last norm.
    fileprivate mutating func rotatePooling(by rotation: Rotation) {
        linears[0].takeNorm(gamma: vectors[0], beta: vectors[1])
        linears[0].rotateInputs(by: rotation)
        clearNorm(gamma: 0, beta: 1)
    }

    private mutating func clearNorm(gamma: Int, beta: Int) {
        vectors[gamma] = Tensor(
            shape: vectors[gamma].shape, elements: vectors[gamma].elements.map { _ in 1 })
        vectors[beta] = Tensor(shape: vectors[beta].shape, elements: vectors[beta].elements.map { _ in 0 })
    }

    /// Rotates every head's queries and keys alike, unless rotary positions come after them, and its values with the
    /// columns of proj that read them, unless there is a norm between.
    fileprivate mutating func rotateHeads(of block: TransformerBlock, generator: inout SeededGenerator) {
        for head in 0..<block.heads {
            let shared = Rotation.any(width: block.width / block.heads, generator: &generator).matrix
            let value = Rotation.any(width: block.width / block.heads, generator: &generator).matrix
            changeBases(
                ofHead: head, in: block, scores: block.rotations == nil ? (shared, shared) : nil,
                values: block.normalizesAttention ? nil : (value, value))
        }
    }

    /// Rotates every head's query and keys alike, and its values with the columns of proj that read them.
    fileprivate mutating func rotateHeads(
        of pooling: AttentionPooling, generator: inout SeededGenerator
    ) {
        let (width, size) = (pooling.width, pooling.width / pooling.heads)
        let place = pooling.vectorPlaces.query
        for start in stride(from: 0, to: width, by: size) {
            let (head, shared) = (start..<start + size, Rotation.any(width: size, generator: &generator))
            let query = Matrix(rows: 1, columns: size, elements: Array(vectors[place].elements[head]))
            let turned = Matrix(rows: 1, columns: size)
            multiply(query, shared.matrix, into: turned)
            vectors[place].elements.replaceSubrange(head, with: turned.elements)
            linears[0].rotateOutputs(head, by: shared)
            let value = Rotation.any(width: size, generator: &generator)
            linears[0].rotateOutputs(width + start..<width + start + size, by: value)
            linears[1].rotateInputs(head, by: value)
        }
    }
}

extension LinearWeights {
    /// Takes over the gain and shift of the norm before: W ← W · diag(γ), b ← b + W · β; of a norm that is narrower than
    /// the inputs, for each run of them.
    fileprivate mutating func takeNorm(gamma: Tensor, beta: Tensor) {
        let columns = weight.count / weight.shape[0]
        var shifts = bias?.elements ?? Array(repeating: 0, count: weight.shape[0])
        for row in shifts.indices {
            var sum = 0.0
            for column in 0..<columns {
                let index = row * columns + column
                sum += Double(weight.elements[index]) * Double(beta.elements[column % beta.count])
                weight.elements[index] *= gamma.elements[column % gamma.count]
            }
            shifts[row] = Float(Double(shifts[row]) + sum)
        }
        bias = Tensor(shape: [shifts.count], elements: shifts)
    }

    /// Folds in the layer scale after it: W ← diag(s) · W, b ← s ⊙ b.
    fileprivate mutating func takeScale(_ scale: Tensor) {
        let columns = weight.count / scale.count
        for index in weight.elements.indices {
            weight.elements[index] *= scale.elements[index / columns]
        }
        if let bias {
            self.bias = Tensor(
                shape: bias.shape, elements: zip(bias.elements, scale.elements).map { $0 * $1 })
        }
    }

    /// Multiplies outputs: y ← y · R, so W ← Rᵀ · W and b ← b · R.
    ///
    /// - Parameters:
    ///   - range: Which outputs; nil means all.
    ///   - rotation: As wide as these outputs.
    fileprivate mutating func rotateOutputs(_ range: Range<Int>? = nil, by rotation: Rotation) {
        changeOutputs(range, by: rotation.matrix)
    }

    /// The same for any matrix: y ← y · M.
    mutating func changeOutputs(_ range: Range<Int>? = nil, by basis: Matrix) {
        let whole = weight.matrix()
        let rows = range ?? 0..<whole.rows
        let changed = Matrix(rows: rows.count, columns: whole.columns)
        multiply(basis, whole.rows(rows), into: changed, transposeA: true)
        copy(changed, into: whole.rows(rows))
        weight = Tensor(shape: weight.shape, elements: whole.elements)
        guard var elements = bias?.elements else { return }
        let old = Matrix(rows: 1, columns: rows.count, elements: Array(elements[rows]))
        let new = Matrix(rows: 1, columns: rows.count)
        multiply(old, basis, into: new)
        elements.replaceSubrange(rows, with: new.elements)
        bias = Tensor(shape: [elements.count], elements: elements)
    }

    /// Undoes a rotation of inputs: W · x stays the same for x · R, so W ← W · R.
    ///
    /// - Parameters:
    ///   - range: Which inputs; nil means all.
    ///   - rotation: As wide as these inputs.
    fileprivate mutating func rotateInputs(_ range: Range<Int>? = nil, by rotation: Rotation) {
        changeInputs(range, by: rotation.matrix)
    }

    /// The same for any matrix, where inputs are multiplied by its inverse transpose: W ← W · M.
    mutating func changeInputs(_ range: Range<Int>? = nil, by basis: Matrix) {
        let whole = weight.matrix()
        let columns = range ?? 0..<whole.columns
        let changed = Matrix(rows: whole.rows, columns: columns.count)
        multiply(whole.columns(columns), basis, into: changed)
        copy(changed, into: whole.columns(columns))
        weight = Tensor(shape: weight.shape, elements: whole.elements)
    }
}
