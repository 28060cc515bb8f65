internal import Kernels
package import TensorCore

// What a graph of a unit needs beside its parameters: where rows go, and what is added to scores.

extension WindowLayout {
    /// The token in every slot of the windows; nil where there is none.
    package var slotTokens: [Int?] {
        var result = [Int?](repeating: nil, count: windows * tokens)
        for run in runs {
            for step in 0..<run.count { result[run.slot + step] = run.token + step }
        }
        return result
    }
}

extension TransformerBlock {
    /// The tokens of an image that have a query, in a window.
    package var queryTokens: Int { queries }
    /// The tokens of an image that have a key, in a window.
    package var keyTokens: Int { tokens }
    /// What the MLP reads before the second norm: the input and the attention half's output added.
    package func middle(in tape: Tape) -> Matrix { tape[Slot.middle] }
    /// What scores are multiplied by.
    package var scoreFactor: Float { attentionScale }

    /// What is added to scores: relative positions and the windows' masks.
    ///
    /// - Parameter vectors: The unit's other parameters.
    /// - Returns: `[windows, heads, queries, keys]`, or one window for all if they are the same; nil for nothing.
    package func scoreOffsets(_ vectors: [Tensor]) -> (windows: Int, values: Matrix)? {
        guard let relative else { return nil }
        let bias = Matrix(rows: heads * queries, columns: tokens)
        relative.spread(vectors[positionTable].vector(), queries: queries, into: bias)
        guard let layout, layout.hasMasks else { return (1, bias) }
        let all = Matrix(rows: layout.windows * bias.rows, columns: tokens)
        for window in 0..<layout.windows {
            copy(bias, into: all.rows(window * bias.rows..<(window + 1) * bias.rows))
        }
        layout.addMasks(to: all, heads: heads, images: 1)
        return (layout.windows, all)
    }

    /// What rotary positions do to queries and keys: channel c becomes `cosine · x[c] + sine · x[partner of c]`.
    ///
    /// - Returns: `[tokens, head width]` each, with 1 and 0 for tokens that are not rotated; nil without rotations.
    package var rotaryFactors: (cosines: Matrix, sines: Matrix, partners: [Int])? {
        guard let rotations else { return nil }
        let headWidth = width / heads
        let prefix = gridTokens - rotations.cosines.rows
        let (cosines, sines) = (
            Matrix(rows: gridTokens, columns: headWidth), Matrix(rows: gridTokens, columns: headWidth)
        )
        fill(cosines.rows(0..<prefix), with: 1)
        copy(rotations.cosines, into: cosines.rows(prefix..<gridTokens))
        copy(rotations.sines, into: sines.rows(prefix..<gridTokens))
        let half = headWidth / 2
        let partners = (0..<headWidth).map { rotations.halves ? ($0 + half) % headWidth : $0 ^ 1 }
        return (cosines, sines, partners)
    }

    /// The lengths to which queries are scaled, head by head, where scores are cosines; keys get length 1.
    package func queryLengths(_ vectors: [Tensor]) -> [Float]? {
        usesCosines ? queryLengths(vectors[logitScale].vector()) : nil
    }

    /// The places of the norms' gains among the vectors; each one's shift follows.
    package var normPlaces: (first: Int, second: Int, context: Int, activated: Int) {
        (Parameter.gamma1.rawValue, Parameter.gamma2.rawValue, contextGain, activatedGain)
    }

    /// The places of the layer scales among the vectors.
    package var scalePlaces: (attention: Int, mlp: Int)? {
        layerScale ? (Parameter.scale1.rawValue, Parameter.scale2.rawValue) : nil
    }
}

extension PatchMerging {
    /// For each merged token the four tokens that are joined, in order; nil where a neighbour is missing.
    package var joinedTokens: [Int?] {
        var result = [Int?](repeating: nil, count: 4 * output.rows)
        forEachNeighbour(images: 1) { token, mergedToken, columns in
            result[mergedToken * 4 + columns.lowerBound / width] = token
        }
        return result
    }
}
