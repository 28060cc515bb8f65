internal import CKernels
package import TensorCore

/// How a layer on bytes makes codes of its input: `clip(round(x / scale) + zeroPoint, 0, maximumCode)`.
package struct ByteQuantizer: Equatable, Sendable {
    /// The step, above 0.
    let scale: Float
    /// The code of 0: 0 … 255.
    let zeroPoint: Int32
    /// 2^bits − 1.
    let maximumCode: Float

    /// Makes a quantizer; nil where codes or zero point do not fit in a byte.
    package init?(scale: Float, zeroPoint: Float, maximumCode: Int) {
        guard let byte = UInt8(exactly: zeroPoint), maximumCode <= 255 else { return nil }
        (self.scale, self.zeroPoint, self.maximumCode) = (scale, Int32(byte), Float(maximumCode))
    }
}

/// A linear layer's weight as bytes with a sign, laid out for products with bytes.
///
/// Products are added up in 32 bits, without rounding: the same integers at every instruction level.
package final class PackedBytes: Sendable {
    /// The greatest number of inputs: sums stay below 2³¹.
    package static let mostInputs = ck_most_byte_inner()

    /// The number of inputs.
    package let inputs: Int
    /// The number of outputs.
    package let outputs: Int
    private let codes: [Int8]
    private let sums: [Int32]
    private let scales: [Float]
    private let zeroPoints: [Int32]

    /// Packs a weight: `scale · (code − zero point)`.
    ///
    /// - Parameters:
    ///   - codes: `[outputs, inputs]`, row by row.
    ///   - inputs: At most ``mostInputs``.
    ///   - scales: `[outputs]`.
    ///   - zeroPoints: `[outputs]`.
    package init(codes: [Int8], inputs: Int, scales: [Float], zeroPoints: [Int8]) {
        let outputs = scales.count
        precondition(
            codes.count == inputs * outputs && zeroPoints.count == outputs,
            "\(codes.count) codes and \(zeroPoints.count) zero points are not \(outputs) × \(inputs)")
        precondition(inputs <= Self.mostInputs, "\(inputs) inputs are more than \(Self.mostInputs)")
        (self.inputs, self.outputs, self.scales) = (inputs, outputs, scales)
        self.zeroPoints = zeroPoints.map(Int32.init)
        var sums = [Int32](repeating: 0, count: outputs)
        self.codes = unsafe [Int8](unsafeUninitializedCapacity: ck_packed_byte_count(inputs, outputs)) {
            buffer, count in
            count = buffer.count
            guard let to = buffer.baseAddress else { return }
            // SAFETY: `to` has ck_packed_byte_count bytes; codes and sums have the layer's shape, checked above.
            unsafe codes.withUnsafeBufferPointer { from in
                unsafe sums.withUnsafeMutableBufferPointer { sums in
                    guard let from = from.baseAddress, let sums = sums.baseAddress else {
                        return
                    }
                    unsafe ck_pack_bytes(from, inputs, outputs, to, sums)
                }
            }
        }
        self.sums = sums
    }

    /// Quantizes rows and multiplies their codes with the weight's: `out = x̂ · ŵᵀ + bias`.
    ///
    /// - Parameters:
    ///   - x: `[rows, inputs]`, not quantized.
    ///   - quantizer: Makes its codes.
    ///   - bias: `[outputs]`, added to every row.
    ///   - out: `[rows, outputs]`, overwritten.
    package func multiply(_ x: Matrix, quantizer: ByteQuantizer, bias: Vector?, into out: Matrix) {
        precondition(x.columns == inputs, "\(x.columns) inputs are not \(inputs)")
        out.require(x.rows, outputs, "the product")
        bias?.require(outputs, "bias")
        guard inputs > 0, outputs > 0, x.rows > 0 else {
            preconditionFailure("a layer of \(inputs) × \(outputs) on \(x.rows) rows has no product")
        }
        withExtendedLifetime(bias) {
            unsafe codes.withUnsafeBufferPointer { codes in
                unsafe scales.withUnsafeBufferPointer { scales in
                    unsafe zeroPoints.withUnsafeBufferPointer { zeroPoints in
                        unsafe sums.withUnsafeBufferPointer { sums in
                            guard let codes = codes.baseAddress,
                                let scales = scales.baseAddress,
                                let zeroPoints = zeroPoints.baseAddress,
                                let sums = sums.baseAddress
                            else { return }
                            // SAFETY: the arrays have the layer's shape, checked in `init`, and outlive the call.
                            let layer = unsafe ck_byte_layer(
                                weights: codes, inner: inputs, columns: outputs, scales: scales,
                                zero_points: zeroPoints, sums: sums,
                                bias: bias.map { unsafe UnsafePointer($0.pointer) },
                                input_scale: quantizer.scale, maximum_code: quantizer.maximumCode,
                                input_zero: quantizer.zeroPoint)
                            unsafe ck_multiply_bytes(x.view, layer, out.view, Scratch.pointer())
                        }
                    }
                }
            }
        }
    }
}
