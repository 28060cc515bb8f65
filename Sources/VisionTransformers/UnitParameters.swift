package import Kernels
package import TensorCore

/// The numbers of one linear layer, as a checkpoint holds them.
package struct LinearWeights: Equatable, Sendable {
    /// `[outputs, inputs]`, or a convolution's `[outputs, channels, height, width]`.
    package var weight: Tensor
    /// `[outputs]`.
    package var bias: Tensor?

    /// Makes weights.
    package init(weight: Tensor, bias: Tensor?) {
        self.weight = weight
        self.bias = bias
    }
}

/// The numbers of one unit, as a checkpoint holds them.
package struct UnitWeights: Equatable, Sendable {
    /// The linear layers, in the unit's order.
    package var linears: [LinearWeights]
    /// The other parameters, in the unit's order.
    package var vectors: [Tensor]

    /// Makes weights.
    package init(linears: [LinearWeights], vectors: [Tensor]) {
        self.linears = linears
        self.vectors = vectors
    }

    /// The number of floats.
    package var count: Int {
        linears.reduce(0) { $0 + $1.weight.count + ($1.bias?.count ?? 0) }
            + vectors.reduce(0) { $0 + $1.count }
    }
}

/// A linear layer's weight, packed once for the products of both passes.
package final class PreparedLinear: Sendable {
    private enum Weight {
        /// `x · weightᵀ`, and `dy · weight` if gradients of inputs will be asked for.
        case floats(forward: PackedMatrix, backward: PackedMatrix?)
        /// Codes, and how the layer makes codes of its input.
        case bytes(PackedBytes, ByteQuantizer)
    }

    private let weight: Weight
    /// `[outputs]`, or nil.
    package let bias: Vector?

    /// Whether the layer multiplies codes as integers.
    package var isOnBytes: Bool { if case .bytes = weight { true } else { false } }

    /// Makes room for a layer.
    ///
    /// - Parameters:
    ///   - inputs: The number of input features.
    ///   - outputs: The number of output features.
    ///   - bias: `[outputs]`, shared with the caller; nil for none.
    ///   - backward: Whether gradients of inputs will be asked for.
    package init(inputs: Int, outputs: Int, bias: Vector?, backward: Bool) {
        weight = .floats(
            forward: PackedMatrix(inner: inputs, columns: outputs),
            backward: backward ? PackedMatrix(inner: outputs, columns: inputs) : nil)
        self.bias = bias
    }

    /// Makes a layer that quantizes its input and multiplies codes; for forward passes only.
    ///
    /// - Parameters:
    ///   - bytes: The weight.
    ///   - quantizer: Makes codes of the input.
    ///   - bias: `[outputs]`, shared with the caller; nil for none.
    package init(_ bytes: PackedBytes, quantizer: ByteQuantizer, bias: Vector?) {
        weight = .bytes(bytes, quantizer)
        self.bias = bias
    }

    /// Prepares a checkpoint's numbers.
    ///
    /// - Parameters:
    ///   - weights: The numbers.
    ///   - backward: Whether gradients of inputs will be asked for.
    package convenience init(_ weights: LinearWeights, backward: Bool) {
        let matrix = weights.weight.matrix()
        self.init(
            inputs: matrix.columns, outputs: matrix.rows, bias: weights.bias?.vector(), backward: backward)
        load(matrix)
    }

    /// Takes a weight over.
    ///
    /// - Parameter weight: `[outputs, inputs]`.
    package func load(_ weight: Matrix) {
        guard case .floats(let forward, let backward) = self.weight else {
            preconditionFailure("a layer on bytes keeps its weight")
        }
        forward.pack(weight, transposed: true)
        backward?.pack(weight, transposed: false)
    }

    /// Computes `output = input · weightᵀ + bias`.
    package func forward(_ input: Matrix, into output: Matrix) {
        switch weight {
        case .floats(let forward, _): multiply(input, forward, into: output, bias: bias)
        case .bytes(let bytes, let quantizer):
            bytes.multiply(input, quantizer: quantizer, bias: bias, into: output)
        }
    }

    /// Computes `dInput = dOutput · weight`.
    package func backward(_ dOutput: Matrix, into dInput: Matrix) {
        guard case .floats(_, let backward?) = weight else {
            preconditionFailure("this layer was prepared for the forward pass only")
        }
        multiply(dOutput, backward, into: dInput)
    }
}

/// A unit's parameters, prepared for products.
package struct UnitParameters: Sendable {
    /// The linear layers, in the unit's order.
    package let linears: [PreparedLinear]
    /// The other parameters, in the unit's order.
    package let vectors: [Vector]

    /// Makes parameters of parts that the caller shares.
    package init(linears: [PreparedLinear], vectors: [Vector]) {
        self.linears = linears
        self.vectors = vectors
    }

    /// Prepares a checkpoint's numbers.
    ///
    /// - Parameters:
    ///   - weights: The numbers.
    ///   - backward: Whether gradients of inputs will be asked for.
    package init(_ weights: UnitWeights, backward: Bool) {
        linears = weights.linears.map { PreparedLinear($0, backward: backward) }
        vectors = weights.vectors.map { $0.vector() }
    }
}
