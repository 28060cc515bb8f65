internal import Kernels
package import TensorCore

/// The bases that a head's operands get.
package struct HeadBases: Sendable {
    /// What two operands of a product are multiplied by from the right; `right` is the inverse transpose of `left`, so
    /// that the product stays.
    package struct Basis: Sendable {
        /// `[n, n]`, row by row.
        package let left, right: [Float]

        /// Makes a basis.
        package init(left: [Float], right: [Float]) {
            (self.left, self.right) = (left, right)
        }
    }

    /// Of queries (left) and keys (right); nil leaves them as they are.
    package let scores: Basis?
    /// Of values (left) and the columns of the projection's weight (right); nil leaves them as they are.
    package let values: Basis?

    /// Makes bases.
    package init(scores: Basis? = nil, values: Basis? = nil) {
        (self.scores, self.values) = (scores, values)
    }
}

extension TransformerBlock {
    /// `[width]`: the layer scale after the projection; nil if there is none.
    package func attentionScale(in weights: UnitWeights) -> Tensor? {
        layerScale ? weights.vectors[Parameter.scale1.rawValue] : nil
    }
}

extension UnitWeights {
    /// Changes the bases of every head's operands, and then rotates each basis at random, so that no channel stands out.
    ///
    /// The block's function stays.
    ///
    /// - Parameters:
    ///   - block: The block of the weights.
    ///   - bases: One for each head.
    ///   - seed: Decides the rotations.
    package mutating func changeBases(of block: TransformerBlock, _ bases: [HeadBases], seed: UInt64) {
        precondition(bases.count == block.heads, "\(bases.count) bases for \(block.heads) heads")
        var generator = SeededGenerator(seed: seed, stream: "bases of \(block.name)")
        for (head, basis) in bases.enumerated() {
            let rotations = (0..<2).map { _ in
                Rotation.any(width: block.width / block.heads, generator: &generator)
            }
            changeBases(
                ofHead: head, in: block, scores: basis.scores.map(rotations[0].after),
                values: basis.values.map(rotations[1].after))
        }
    }

    /// Changes the bases of one head's operands.
    ///
    /// - Parameters:
    ///   - head: The head.
    ///   - block: The block of the weights.
    ///   - scores: What queries (left) and keys (right) are multiplied by from the right; nil leaves them.
    ///   - values: The same of values, and of the columns of the projection's weight.
    mutating func changeBases(
        ofHead head: Int, in block: TransformerBlock, scores: (left: Matrix, right: Matrix)?,
        values: (left: Matrix, right: Matrix)?
    ) {
        let size = block.width / block.heads
        func columns(_ part: Int) -> Range<Int> {
            let start = part * block.width + head * size
            return start..<start + size
        }
        if let scores {
            linears[0].changeOutputs(columns(0), by: scores.left)
            linears[0].changeOutputs(columns(1), by: scores.right)
        }
        if let values {
            linears[0].changeOutputs(columns(2), by: values.left)
            linears[1].changeInputs(columns(0), by: values.right)
        }
    }
}

extension Rotation {
    /// Both matrices of a basis, times the rotation.
    fileprivate func after(_ basis: HeadBases.Basis) -> (left: Matrix, right: Matrix) {
        (after(basis.left), after(basis.right))
    }

    private func after(_ elements: [Float]) -> Matrix {
        let out = Matrix(rows: matrix.rows, columns: matrix.columns)
        multiply(
            Matrix(rows: matrix.rows, columns: matrix.columns, elements: elements), matrix, into: out)
        return out
    }
}
