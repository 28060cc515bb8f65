package import Kernels
package import TensorCore

/// The part of a model that is reconstructed at once: the stem, a transformer block, a patch merging, pooling by
/// attention, the head.
///
/// A unit is a description and two passes in straight-line code. It owns no arrays: the caller hands in parameters, the
/// activations that the backward pass needs (`Tape`) and gradient scratch, all laid out image by image, so that any run
/// of images can be computed apart from the others.
package protocol ModelUnit: Sendable {
    /// The unit's name: `stem`, `blocks.3`, `head`.
    var name: String { get }
    /// The unit's kind, with its numbers of heads, widths and so on.
    var structure: UnitStructure { get }
    /// The rows that one image has in the input.
    var input: RowShape { get }
    /// The rows that one image has in the output.
    var output: RowShape { get }
    /// The products with learned weights, in order of execution.
    var linears: [LinearDescriptor] { get }
    /// The other parameters, in the order of `UnitWeights.vectors`.
    var vectors: [VectorDescriptor] { get }
    /// The activations that are quantized, in order of execution.
    var sites: [SiteDescriptor] { get }
    /// The operators whose outputs local supervision compares.
    var operators: [OperatorDescriptor] { get }
    /// The buffers of a tape.
    var tapeShapes: [RowShape] { get }
    /// The buffers that the backward pass overwrites.
    var scratchShapes: [RowShape] { get }

    /// Computes the unit's output.
    ///
    /// - Parameters:
    ///   - input: `[images · input.rows, input.columns]`.
    ///   - parameters: The unit's parameters, prepared for products.
    ///   - transform: Applied to activations at sites.
    ///   - tape: Buffers of `tapeShapes` for as many images; overwritten.
    ///   - output: `[images · output.rows, output.columns]`; overwritten.
    ///   - layer: The linear layer before which the pass ends. Then the layer's operand is in the tape, and `output` is
    ///     undefined. nil for the whole pass.
    func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape,
        output: Matrix,
        before layer: Int?)

    /// Computes the gradient of the unit's input and leaves the gradients of products in the tape.
    ///
    /// - Parameters:
    ///   - dOutput: `[images · output.rows, output.columns]`, the gradient of the output; not changed.
    ///   - input: The forward pass's input.
    ///   - parameters: The forward pass's parameters.
    ///   - transform: The forward pass's transform.
    ///   - tape: The forward pass's tape.
    ///   - scratch: Buffers of `scratchShapes` for as many images; overwritten.
    ///   - local: Gradients to add at the operators' outputs.
    ///   - dInput: `[images · input.rows, input.columns]`, overwritten; nil if it is not needed.
    func backward(
        _ dOutput: Matrix, input: Matrix, parameters: UnitParameters, transform: some SiteTransform,
        tape: Tape,
        scratch: Tape, local: LocalGradients?, dInput: Matrix?)
}

/// The rows that one image has in a buffer.
package struct RowShape: Equatable, Sendable {
    /// The rows of one image.
    package let rows: Int
    /// The columns of a row.
    package let columns: Int
    /// The distance between rows: `columns`, or more if rows are aligned.
    package let stride: Int

    package init(_ rows: Int, _ columns: Int, stride: Int? = nil) {
        self.rows = rows
        self.columns = columns
        self.stride = stride ?? columns
    }

    /// The floats that one image takes.
    package var count: Int { rows * stride }

    /// A matrix of zeros for a number of images.
    package func matrix(images: Int) -> Matrix {
        Matrix(
            storage: FloatStorage(count: images * count), offset: 0, rows: images * rows, columns: columns,
            stride: stride)
    }
}

/// A product with a learned weight.
package struct LinearDescriptor: Equatable, Sendable {
    /// The layer's name in the checkpoint, such as `blocks.3.attn.qkv`; its weight is the site `NAME.weight`.
    package let name: String
    /// The shape of the weight in the checkpoint; the first extent is `outputs`.
    package let weightShape: [Int]
    /// The number of output features.
    package var outputs: Int { weightShape[0] }
    /// The number of input features.
    package var inputs: Int { weightShape.dropFirst().reduce(1, *) }
    /// Whether there is a bias.
    package let hasBias: Bool
    /// The site of its input, if that is quantized.
    package let inputSite: Int?
    /// The tape's buffer of its input before the site's transform.
    package let inputSlot: Int
    /// The tape's buffer of its input after the site's transform.
    package let transformedSlot: Int
    /// The tape's buffer of its output's gradient.
    package let gradientSlot: Int
    /// The columns of the input's buffers that the layer reads; nil means all.
    package var inputColumns: Range<Int>?
}

/// A parameter that is not the weight or bias of a product.
package struct VectorDescriptor: Equatable, Sendable {
    /// The parameter's name in the checkpoint.
    package let name: String
    /// Its shape in the checkpoint.
    package let shape: [Int]
}

/// The kind of an activation site's values.
package enum SiteKind: Equatable, Sendable {
    /// The input of a linear layer after a LayerNorm whose gain and shift are these vectors.
    case normalized(gamma: Int, beta: Int, linear: Int)
    /// The input of a linear layer after GELU.
    case gelu
    /// The input of another linear layer.
    case linearInput
    /// An operand of a product of two activations.
    case operand
    /// The attention map: each row sums to 1.
    case attention
}

/// An activation that is quantized.
package struct SiteDescriptor: Equatable, Sendable {
    /// The site's name, such as `blocks.3.attn.softmax`.
    package let name: String
    /// The kind of its values.
    package let kind: SiteKind
    /// How its quantization parameters are shared.
    package let groups: QuantizationGroups
    /// The number of groups.
    package let groupCount: Int
    /// The tape's buffer of its values.
    package let slot: Int
    /// The columns of that buffer that belong to the site; nil means all.
    package let columns: Range<Int>?

    /// How a number of groups share the site's values: the descriptor's own, or 1 for the whole tensor; nil for others.
    package func groups(count: Int) -> QuantizationGroups? {
        if count == groupCount { return groups }
        guard count == 1 else { return nil }
        switch groups {
        case .columns(let width): return .columns(width: width * groupCount)
        case .rows: return groups
        }
    }

    /// The site's values in a tape.
    package func values(in tape: Tape) -> Matrix {
        columns.map { tape[slot].columns($0) } ?? tape[slot]
    }
}

/// An operator whose output local supervision compares.
package struct OperatorDescriptor: Equatable, Sendable {
    /// The operator's name, such as `qkv` or `q·kᵀ`.
    package let name: String
    /// The tape's buffer of its output.
    package let slot: Int
}

/// A function of the activations at sites: the identity, or fake quantization.
package protocol SiteTransform: Sendable {
    /// Whether a site's values are left unchanged.
    func isIdentity(_ site: Int) -> Bool
    /// Writes the transformed values, which the next operator reads.
    ///
    /// Called only if `isIdentity` is false.
    func apply(_ site: Int, _ values: Matrix, into out: Matrix)
    /// Turns the gradient of transformed values into the gradient of the values, in place.
    func backward(_ site: Int, gradient: Matrix, values: Matrix, transformed: Matrix)
}

/// Gradients that local supervision adds at operators' outputs.
package enum LocalGradients: Sendable {
    /// `factor · (output − reference)`: a full-precision unit's activations for the same images, and a factor for each
    /// operator in the unit's order; 0 leaves an operator out.
    case differences(from: Tape, factors: [Float])
    /// The gradients themselves, each in the buffer of its operator's output.
    case gradients(Tape)
}

extension ModelUnit {
    /// Computes the unit's output, as `forward` with `before` does for the whole pass.
    package func forward(
        _ input: Matrix, parameters: UnitParameters, transform: some SiteTransform, tape: Tape, output: Matrix
    ) {
        forward(
            input, parameters: parameters, transform: transform, tape: tape, output: output, before: nil)
    }

    /// The rows of an image that the unit works on: those of the input or of the output, whichever are more.
    package var rows: Int { max(input.rows, output.rows) }

    /// The operand of a linear layer in the forward pass.
    package func operand(of linear: LinearDescriptor, in tape: Tape, transform: some SiteTransform) -> Matrix
    {
        let isTransformed = linear.inputSite.map { !transform.isIdentity($0) } ?? false
        let buffer = tape[isTransformed ? linear.transformedSlot : linear.inputSlot]
        return linear.inputColumns.map { buffer.columns($0) } ?? buffer
    }

    /// Applies a site's transform if there is one; returns the next operator's operand.
    func transformed(
        _ site: Int, _ values: Matrix, by transform: some SiteTransform, into out: Matrix
    ) -> Matrix {
        guard !transform.isIdentity(site) else { return values }
        transform.apply(site, values, into: out)
        return out
    }

    /// Adds local supervision's gradient of one operator.
    func addLocal(_ local: LocalGradients?, _ index: Int, tape: Tape, to gradient: Matrix) {
        let slot = operators[index].slot
        switch local {
        case nil: return
        case .differences(let reference, let factors):
            guard factors[index] != 0 else { return }
            scaledDifference(
                tape[slot], reference[slot], factor: factors[index], into: gradient, accumulate: true)
        case .gradients(let gradients):
            scale(gradients[slot], by: 1, into: gradient, accumulate: true)
        }
    }
}

/// The mean and the reciprocal deviation of every row that a LayerNorm saw.
///
/// - Parameters:
///   - matrix: `[2 · images, rows]`, a tape's buffer.
///   - rows: The rows of an image.
/// - Returns: `[images · rows]` each, one after the other in the buffer.
func statistics(_ matrix: Matrix, rows: Int) -> (mean: Vector, reciprocalDeviation: Vector) {
    let count = matrix.rows / 2 * rows
    return (
        Vector(storage: matrix.storage, offset: matrix.offset, count: count),
        Vector(storage: matrix.storage, offset: matrix.offset + count, count: count)
    )
}
