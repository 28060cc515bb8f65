internal import Kernels
internal import Quantization
internal import Reconstruction
internal import TensorCore
internal import VisionTransformers

/// On how many images the moments of heads' operands are taken at most.
let balancingImages = 64

/// The weights of the same model with every head's queries and keys, and its values and the projection, in the bases in
/// which their quantization errors do the least to scores and to the projection's output.
///
/// A constant of keys in a window changes no attention map, so that keys count without their mean over it. Left out are
/// the queries and keys that cannot lose a constant, the values that cannot, and pooling by attention.
///
/// - Parameters:
///   - weights: The model's weights.
///   - units: Its units.
///   - images: `[images, channels · height · width]`, normalised.
///   - seed: Decides the rotations after which no channel of a basis stands out.
///   - pool: The threads; the result does not depend on their number.
/// - Returns: The weights.
func balancingHeads(
    _ weights: [UnitWeights], of units: [any ModelUnit], images: Matrix, seed: UInt64, pool: WorkerPool
) -> [UnitWeights] {
    var result = weights
    func watched(_ index: Int) -> [WatchedBuffer] {
        units[index].block.map { [($0.operandSlots.qkv, nil), ($0.operandSlots.context, nil)] } ?? []
    }
    walk(units, weights, on: images, atMost: balancingImages, pool: pool, watching: watched) { index, seen in
        let unit = units[index]
        guard let block = unit.block else { return }
        let operands = HeadOperands(block, weights[index], qkv: seen[0], context: seen[1])
        let bases = TaskResults<HeadBases>(count: block.heads, repeating: HeadBases())
        pool.run(block.heads) { head, _ in
            bases[head] = HeadBases(
                scores: unit.shiftableKeys == nil ? nil : operands.scores(head).map(basis),
                values: unit.shiftableValues == nil ? nil : operands.values(head).map(basis))
        }
        result[index].changeBases(of: block, bases.values, seed: seed)
    }
    return result
}

/// A balance as a change of basis.
private func basis(_ balance: OperandBalance) -> HeadBases.Basis {
    HeadBases.Basis(left: balance.left.map(Float.init), right: balance.right.map(Float.init))
}

/// The operands of a block's heads over some images.
private struct HeadOperands: Sendable {
    let block: TransformerBlock
    /// `[images · rows, 3 · width]`: queries, keys, values.
    let qkv: Matrix
    /// `[images · rows, width]`: what the projection reads.
    let context: Matrix
    /// `[width, width]`: the projection's weight, with the layer scale after it.
    let projection: Matrix
    private let size: Int

    init(_ block: TransformerBlock, _ weights: UnitWeights, qkv: Matrix, context: Matrix) {
        self.block = block
        (self.qkv, self.context) = (qkv, context)
        size = block.width / block.heads
        projection = weights.linears[1].weight.matrix()
        guard let scale = block.attentionScale(in: weights) else { return }
        for row in 0..<projection.rows {
            for column in 0..<projection.columns { projection[row, column] *= scale.elements[row] }
        }
    }

    /// The balance of a head's queries and keys; nil if there is none.
    func scores(_ head: Int) -> OperandBalance? {
        let (queries, keys) = (part(0, of: qkv, head), part(1, of: qkv, head))
        subtractMeans(keys, overRows: block.tokens)
        return OperandBalance(left: moments(of: queries), right: moments(of: keys), n: size)
    }

    /// The balance of a head's part of the projection's inputs with the columns of its weight; nil if there is none.
    func values(_ head: Int) -> OperandBalance? {
        let inputs = part(0, of: context, head)
        subtractMeans(inputs, overRows: inputs.rows)
        return OperandBalance(
            left: moments(of: inputs), right: moments(of: part(0, of: projection, head)), n: size)
    }

    /// A copy of a head's columns, of the first, second or third run of as many columns as the block's width.
    private func part(_ part: Int, of matrix: Matrix, _ head: Int) -> Matrix {
        let start = part * block.width + head * size
        let result = Matrix(rows: matrix.rows, columns: size)
        copy(matrix.columns(start..<start + size), into: result)
        return result
    }
}

/// Subtracts from each run of so many rows its mean.
private func subtractMeans(_ x: Matrix, overRows count: Int) {
    let means = Vector(count: x.columns)
    for start in stride(from: 0, to: x.rows, by: count) {
        let run = x.rows(start..<start + count)
        columnSums(run, into: means)
        for column in 0..<x.columns { means[column] /= -Float(count) }
        addRowBias(run, means, into: run)
    }
}

/// `[columns, columns]`: the mean of xᵀ x over rows.
private func moments(of x: Matrix) -> [Double] {
    let out = Matrix(rows: x.columns, columns: x.columns)
    multiply(x, x, into: out, transposeA: true)
    return out.elements.map { Double($0) / Double(x.rows) }
}
