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
        let (width, size) = (block.width, block.width / block.heads)
        for (head, basis) in bases.enumerated() {
            let rotations = (0..<2).map { _ in Rotation.any(width: size, generator: &generator) }
            let columns = head * size..<(head + 1) * size
            func outputs(_ part: Int) -> Range<Int> {
                part * width + columns.lowerBound..<part * width + columns.upperBound
            }
            if let scores = basis.scores {
                linears[0].changeOutputs(outputs(0), by: rotations[0].after(scores.left))
                linears[0].changeOutputs(outputs(1), by: rotations[0].after(scores.right))
            }
            if let values = basis.values {
                linears[0].changeOutputs(outputs(2), by: rotations[1].after(values.left))
                linears[1].changeInputs(columns, by: rotations[1].after(values.right))
            }
        }
    }
}

extension Rotation {
    /// A square matrix as wide as the rotation, times the rotation.
    fileprivate func after(_ elements: [Float]) -> Matrix {
        let out = Matrix(rows: matrix.rows, columns: matrix.columns)
        multiply(
            Matrix(rows: matrix.rows, columns: matrix.columns, elements: elements), matrix, into: out)
        return out
    }
}
