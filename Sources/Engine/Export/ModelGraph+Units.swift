internal import ONNX
internal import Quantization
internal import Runs
internal import TensorCore
internal import VisionTransformers

extension ModelGraph {
    /// The patch embedding: `[batch, channels, height, width]` → `[batch, tokens, width]`.
    mutating func stem(_ stem: PatchEmbedding, _ weights: QuantizedUnit, pixels: GraphValue) -> GraphValue {
        let (layer, linear) = (stem.linears[0], weights.linears[0])
        let name = "\(layer.name).weight"
        let kernel: GraphValue
        if let codes = SignedCodes(linear, keepsCodes: layout.isCompact) {
            let stored = stored(codes.codes, codes, shape: layer.weightShape, name: name)
            kernel = floats(stored, codes, shape: [stem.width, 1, 1, 1], name: name)
        } else {
            kernel = graph.constant(
                linear.quantizedWeight().elements, shape: layer.weightShape, name: name)
        }
        let bias = linear.bias.map { vector($0, "\(layer.name).bias") }
        let side = [stem.grid.patchHeight, stem.grid.patchWidth]
        let embedded = graph.node(
            "Conv", [pixels, kernel] + (bias.map { [$0] } ?? []), name: layer.name,
            ["kernel_shape": .ints(side), "strides": .ints(side)])
        let flat = reshape(embedded, [0, stem.width, stem.grid.patches], name: "\(layer.name).flat")
        var tokens = transpose(flat, [0, 2, 1], name: "\(layer.name).tokens")
        switch stem.ending {
        case .norm(let epsilon):
            return norm(tokens, gain: 0, of: stem, weights, epsilon: epsilon, name: "patch_embed.norm")
        case .positions(let prefix, let cover):
            var gain = prefix.count
            var positions: Matrix?
            if cover != .nothing {
                positions = Matrix(
                    rows: weights.vectors[gain].count / stem.width, columns: stem.width,
                    elements: weights.vectors[gain].elements)
                gain += 1
            }
            if let positions {
                let patches = positions.rows(positions.rows - stem.grid.patches..<positions.rows)
                let constant = graph.constant(
                    patches.elements, shape: [stem.grid.patches, stem.width], name: "pos_embed")
                tokens = graph.node("Add", [tokens, constant], name: "patch_embed.placed")
            }
            if !prefix.isEmpty {
                tokens = graph.node(
                    "Concat",
                    [
                        self.prefix(
                            prefix, stem, weights, positions: cover == .all ? positions : nil, pixels),
                        tokens,
                    ],
                    name: "tokens", ["axis": .int(1)])
            }
            guard let epsilon = stem.preNorm else { return tokens }
            return norm(tokens, gain: gain, of: stem, weights, epsilon: epsilon, name: "norm_pre")
        }
    }

    /// The tokens before the patches, for every image: `[batch, tokens, width]`.
    private mutating func prefix(
        _ prefix: [(name: String, tokens: Int)], _ stem: PatchEmbedding, _ weights: QuantizedUnit,
        positions: Matrix?, _ pixels: GraphValue
    ) -> GraphValue {
        var values = weights.vectors[prefix.indices].flatMap(\.elements)
        if let positions {
            for (index, position) in zip(values.indices, positions.elements) { values[index] += position }
        }
        let count = prefix.reduce(0) { $0 + $1.tokens }
        let constant = graph.constant(values, shape: [1, count, stem.width], name: "prefix_tokens")
        let batch = graph.node("Shape", [pixels], name: "batch_size", ["start": .int(0), "end": .int(1)])
        let rest = integers([count, stem.width], "prefix_tokens.shape")
        let shape = graph.node("Concat", [batch, rest], name: "prefix_tokens.extents", ["axis": .int(0)])
        return graph.node("Expand", [constant, shape], name: "prefix_tokens.batch")
    }

    // MARK: - Block

    /// `[batch, tokens, width]` → `[batch, given tokens, width]`.
    mutating func block(
        _ block: TransformerBlock, _ weights: QuantizedUnit, input: GraphValue
    ) throws(RunFailure) -> GraphValue {
        let name = block.name
        let given =
            block.output.rows < block.input.rows
            ? slice(input, 0..<block.output.rows, axis: 1, name: "\(name).given") : input
        var branch = try attend(block, weights, input: input)
        if block.normalizesLast { branch = norm(branch, block, weights, block.normPlaces.first, "norm1") }
        let middle = residual(given, branch, weights, block.scalePlaces?.attention, "\(name).attn.residual")
        branch = middle
        if !block.normalizesLast { branch = norm(branch, block, weights, block.normPlaces.second, "norm2") }
        branch = linear(2, of: block, weights, input: branch)
        branch = activated(block, branch)
        if block.normalizesMLP {
            branch = norm(branch, block, weights, block.normPlaces.activated, "mlp.norm")
        }
        branch = linear(3, of: block, weights, input: branch)
        if block.normalizesLast { branch = norm(branch, block, weights, block.normPlaces.second, "norm2") }
        return residual(middle, branch, weights, block.scalePlaces?.mlp, "\(name).mlp.residual")
    }

    private mutating func norm(
        _ x: GraphValue, _ block: TransformerBlock, _ weights: QuantizedUnit, _ gain: Int, _ name: String
    ) -> GraphValue {
        norm(x, gain: gain, of: block, weights, epsilon: block.epsilon, name: "\(block.name).\(name)")
    }

    private mutating func residual(
        _ x: GraphValue, _ branch: GraphValue, _ weights: QuantizedUnit, _ scale: Int?, _ name: String
    ) -> GraphValue {
        var branch = branch
        if let scale {
            branch = graph.node(
                "Mul", [branch, vector(weights.vectors[scale], "\(name).scale")], name: "\(name).scaled")
        }
        return graph.node("Add", [x, branch], name: name)
    }

    /// The attention half, without its residual connection.
    private mutating func attend(
        _ block: TransformerBlock, _ weights: QuantizedUnit, input: GraphValue
    ) throws(RunFailure) -> GraphValue {
        let name = "\(block.name).attn"
        let (queries, keys, width, heads) = (block.queryTokens, block.keyTokens, block.width, block.heads)
        let slots = block.layout?.slotTokens
        var x = input
        // What is not there stays 0 behind the norm, so that comes first.
        if !block.normalizesLast { x = norm(x, block, weights, block.normPlaces.first, "norm1") }
        if let slots { x = rows(x, slots, of: block.gridTokens, name: "\(name).windows") }
        let qkv = linear(0, of: block, weights, input: x)
        let parts = graph.nodes(
            "Split", [qkv], name: "\(name).split", ["axis": .int(2), "num_outputs": .int(3)], outputs: 3)
        var perHead = parts.enumerated().map { part, value in
            reshape(value, [-1, keys, heads, width / heads], name: "\(name).\(["q", "k", "v"][part]).heads")
        }
        for part in 0..<2 { perHead[part] = placed(perHead[part], block, weights, isQuery: part == 0) }
        let asked =
            queries < keys ? slice(perHead[0], 0..<queries, axis: 1, name: "\(name).q.given") : perHead[0]
        let q = try operand(
            asked, block.sites[1], by: weights.sites[1], order: [0, 2, 1, 3], factor: block.scoreFactor)
        let k = try operand(perHead[1], block.sites[2], by: weights.sites[2], order: [0, 2, 3, 1])
        let v = try operand(perHead[2], block.sites[3], by: weights.sites[3], order: [0, 2, 1, 3])
        var scores = graph.node("MatMul", [q, k], name: "\(name).scores")
        if let offsets = block.scoreOffsets(weights.vectors) {
            let isShared = offsets.windows == 1
            let shape = (isShared ? [] : [offsets.windows]) + [heads, queries, keys]
            let constant = graph.constant(offsets.values.elements, shape: shape, name: "\(name).offsets")
            if !isShared { scores = reshape(scores, [-1] + shape, name: "\(name).scores.windows") }
            scores = graph.node("Add", [scores, constant], name: "\(name).scores.placed")
            if !isShared {
                scores = reshape(scores, [-1, heads, queries, keys], name: "\(name).scores.heads")
            }
        }
        let map = attention(scores, block.sites[4], by: weights.sites[4])
        let context = graph.node("MatMul", [map, v], name: "\(name).context")
        let ordered = transpose(context, [0, 2, 1, 3], name: "\(name).context.tokens")
        let windows = slots.map { $0.count / keys } ?? 1
        x = reshape(ordered, [-1, windows * queries, width], name: "\(name).context.rows")
        if block.normalizesAttention { x = norm(x, block, weights, block.normPlaces.context, "attn.norm") }
        x = linear(1, of: block, weights, input: x)
        guard let slots else { return x }
        return rows(x, inverse(slots, count: block.gridTokens), of: slots.count, name: "\(name).grid")
    }

    /// Queries or keys, `[batch, tokens, heads, d]`, as the product reads them before they are quantized.
    private mutating func placed(
        _ x: GraphValue, _ block: TransformerBlock, _ weights: QuantizedUnit, isQuery: Bool
    ) -> GraphValue {
        let name = "\(block.name).attn.\(isQuery ? "q" : "k")"
        if let (cosines, sines, partners) = block.rotaryFactors {
            let shape = [cosines.rows, 1, cosines.columns]
            let kept = graph.node(
                "Mul", [x, graph.constant(cosines.elements, shape: shape, name: "\(name).cosines")],
                name: "\(name).kept")
            let swapped = graph.node(
                "Gather", [x, integers(partners, "\(name).partners")], name: "\(name).swapped",
                ["axis": .int(3)])
            let turned = graph.node(
                "Mul", [swapped, graph.constant(sines.elements, shape: shape, name: "\(name).sines")],
                name: "\(name).turned")
            return graph.node("Add", [kept, turned], name: "\(name).rotated")
        }
        guard let lengths = block.queryLengths(weights.vectors) else { return x }
        let norm = graph.node(
            "ReduceL2", [x, integers([3], "\(name).length.axes")], name: "\(name).length",
            ["keepdims": .int(1)])
        let least = graph.node(
            "Max", [norm, scalar(1e-12, "\(name).length.least")], name: "\(name).length.positive")
        let unit = graph.node("Div", [x, least], name: "\(name).unit")
        guard isQuery else { return unit }
        let factors = graph.constant(lengths, shape: [lengths.count, 1], name: "\(name).lengths")
        return graph.node("Mul", [unit, factors], name: "\(name).scaled_unit")
    }

    /// The slot of every token.
    private func inverse(_ slots: [Int?], count: Int) -> [Int?] {
        var result = [Int?](repeating: nil, count: count)
        for (slot, token) in slots.enumerated() {
            if let token { result[token] = slot }
        }
        return result
    }

    /// What is between the MLP's layers.
    private mutating func activated(_ block: TransformerBlock, _ x: GraphValue) -> GraphValue {
        let name = "\(block.name).mlp"
        guard block.isGated else { return activation(block.activation, x, name: "\(name).act") }
        let halves = graph.nodes(
            "Split", [x], name: "\(name).halves", ["axis": .int(2), "num_outputs": .int(2)], outputs: 2)
        let gate = activation(block.activation, halves[0], name: "\(name).act")
        return graph.node("Mul", [gate, halves[1]], name: "\(name).gated")
    }

    private mutating func activation(
        _ activation: MLPActivation, _ x: GraphValue, name: String
    ) -> GraphValue {
        switch activation {
        case .gelu: return graph.node("Gelu", [x], name: name)
        case .geluTanh: return graph.node("Gelu", [x], name: name, ["approximate": .string("tanh")])
        case .relu: return graph.node("Relu", [x], name: name)
        case .silu, .quickGELU:
            let slope =
                activation == .silu
                ? x : graph.node("Mul", [x, scalar(1.702, "\(name).slope")], name: "\(name).steep")
            let sigmoid = graph.node("Sigmoid", [slope], name: "\(name).sigmoid")
            return graph.node("Mul", [x, sigmoid], name: name)
        }
    }

    // MARK: - Pooling, merging and head

    /// `[batch, tokens, width]` → `[batch, 1, width]`.
    mutating func pooling(
        _ pooling: AttentionPooling, _ weights: QuantizedUnit, input: GraphValue
    ) throws(RunFailure) -> GraphValue {
        let (name, places) = (pooling.name, pooling.vectorPlaces)
        let (keys, heads, size) = (pooling.attended.count, pooling.heads, pooling.width / pooling.heads)
        func norm(_ x: GraphValue, _ gain: Int, _ name: String, in writer: inout ModelGraph) -> GraphValue {
            writer.norm(x, gain: gain, of: pooling, weights, epsilon: pooling.epsilon, name: name)
        }
        var x = input
        if keys < pooling.gridTokens { x = slice(x, pooling.attended, axis: 1, name: "\(name).tokens") }
        let kv = linear(0, of: pooling, weights, input: norm(x, places.norm, "norm", in: &self))
        let parts = graph.nodes(
            "Split", [kv], name: "\(name).split", ["axis": .int(2), "num_outputs": .int(2)], outputs: 2)
        let perHead = parts.enumerated().map { part, value in
            reshape(value, [-1, keys, heads, size], name: "\(name).\(["k", "v"][part]).heads")
        }
        let query = graph.constant(
            weights.vectors[places.query].elements, shape: [1, 1, heads, size],
            name: pooling.vectors[places.query].name)
        let sites = pooling.sites
        let q = try operand(
            query, sites[1], by: weights.sites[1], order: [0, 2, 1, 3], factor: pooling.scoreFactor)
        let k = try operand(perHead[0], sites[2], by: weights.sites[2], order: [0, 2, 3, 1])
        let v = try operand(perHead[1], sites[3], by: weights.sites[3], order: [0, 2, 1, 3])
        let scores = graph.node("MatMul", [q, k], name: "\(name).scores")
        let map = attention(scores, sites[4], by: weights.sites[4])
        let context = graph.node("MatMul", [map, v], name: "\(name).context")
        let joined = reshape(context, [-1, 1, pooling.width], name: "\(name).context.rows")
        let middle = linear(1, of: pooling, weights, input: joined)
        x = norm(middle, places.mlpNorm, "\(name).norm", in: &self)
        x = linear(2, of: pooling, weights, input: x)
        x = activation(pooling.activation, x, name: "\(name).mlp.act")
        x = linear(3, of: pooling, weights, input: x)
        return graph.node("Add", [middle, x], name: "\(name).mlp.residual")
    }

    /// `[batch, tokens, width]` → `[batch, merged tokens, 2 · width]`.
    mutating func merging(_ merging: PatchMerging, _ weights: QuantizedUnit, input: GraphValue) -> GraphValue
    {
        let name = merging.name
        let neighbours = rows(input, merging.joinedTokens, of: merging.input.rows, name: "\(name).neighbours")
        var x = reshape(neighbours, [0, merging.output.rows, 4 * merging.width], name: "\(name).joined")
        func norm(_ x: GraphValue, in writer: inout ModelGraph) -> GraphValue {
            writer.norm(x, gain: 0, of: merging, weights, epsilon: merging.epsilon, name: "\(name).norm")
        }
        if !merging.normalizesLast { x = norm(x, in: &self) }
        x = linear(0, of: merging, weights, input: x)
        return merging.normalizesLast ? norm(x, in: &self) : x
    }

    /// `[batch, tokens, width]` → `[batch, outputs]`.
    mutating func head(_ head: ClassifierHead, _ weights: QuantizedUnit, input: GraphValue) -> GraphValue {
        func norm(_ x: GraphValue, part: Int, in writer: inout ModelGraph) -> GraphValue {
            guard let norm = head.norm else { return x }
            let name = part == 0 ? norm : "\(norm).\(part)"
            return writer.norm(x, gain: 0, of: head, weights, epsilon: head.epsilon, name: name)
        }
        let tokens = head.poolsFirst ? input : norm(input, part: 0, in: &self)
        // One row for each part of the feature, [batch, 1, width]: runtimes have no integer product of rank 2 with a bias.
        let parts = head.pooledRows.enumerated().map { index, range in
            let name = "head.part\(index)"
            let rows =
                range.count == head.tokens ? tokens : slice(tokens, range, axis: 1, name: "\(name).rows")
            let pooled =
                range.count == 1
                ? rows
                : graph.node(
                    "ReduceMean", [rows, integers([1], "\(name).axes")], name: name, ["keepdims": .int(1)])
            return head.poolsFirst ? norm(pooled, part: index, in: &self) : pooled
        }
        let joined = { (writer: inout ModelGraph) in
            parts.count == 1
                ? parts[0] : writer.graph.node("Concat", parts, name: "head.feature", ["axis": .int(2)])
        }
        var result: GraphValue
        switch head.layers.count {
        case 0: result = joined(&self)
        case 1: result = linear(0, of: head, weights, input: joined(&self))
        default:
            let logits = head.layers.indices.map { linear($0, of: head, weights, input: parts[$0]) }
            let sum = graph.node("Add", logits, name: "head.sum_of_heads")
            result = graph.node("Mul", [sum, scalar(0.5, "head.share")], name: "head.mean")
        }
        result = graph.node("Squeeze", [result, integers([1], "head.squeezed.axes")], name: "head.squeezed")
        return result
    }
}
