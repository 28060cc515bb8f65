package import Kernels
package import TensorCore

/// A parameter of a quantizer, such as its scales: one number per group.
package struct QuantizerParameter: Equatable, Sendable {
    /// The name of its tensor in a packed checkpoint, such as `scales`.
    package let name: String
    /// Whether packed checkpoints hold whole numbers 0 through 255 as bytes.
    package var isByte = false
}

/// A map of values to codes and back: what calibration, reconstruction, inspection and packed checkpoints need of it.
///
/// A new quantizer is a conformance in its own file, a case of `SiteQuantizer`, and a search in calibration.
package protocol Quantizer: Equatable, Sendable {
    /// The names of the type's kinds in packed checkpoints.
    static var kinds: [String] { get }
    /// The parameters; the first are scales or the largest values.
    static var parameters: [QuantizerParameter] { get }
    /// Whether reconstruction learns the first parameter.
    static var learnsScales: Bool { get }

    /// The kind's name in packed checkpoints.
    var kind: String { get }
    /// The kind's name for people, such as `shifted log`.
    var title: String { get }
    /// The width of a code.
    var bits: BitWidth { get }
    /// The elements that share parameters.
    var groups: QuantizationGroups { get }
    /// One list for each of `parameters`, with one number per group.
    var values: [[Float]] { get }
    /// The quantizer as a site holds it.
    var boxed: SiteQuantizer { get }

    /// Makes a quantizer of checked parameters.
    ///
    /// - Throws: `QuantizationError.parameterCounts`, or one that names the group whose parameter is impossible.
    init(kind: String, bits: BitWidth, values: [[Float]], groups: QuantizationGroups)
        throws(QuantizationError)
    /// The same kind and width with parameters that another quantizer has checked.
    func replacing(values: [[Float]], groups: QuantizationGroups) -> Self

    /// Quantizes and dequantizes values.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - values: The parameters, one vector for each; they may have changed since the quantizer was made.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    func fakeQuantize(_ x: Matrix, with values: [Vector], into out: Matrix)
    /// Turns the gradient of quantized values into the gradient of the values, in place.
    ///
    /// - Parameters:
    ///   - gradient: The gradient, overwritten.
    ///   - x: The values.
    ///   - out: The quantized values.
    ///   - values: As in `fakeQuantize`.
    ///   - scaleGradients: Gradients of the first parameter are added here, if `learnsScales`; nil if not needed.
    func backward(_ gradient: Matrix, x: Matrix, out: Matrix, with values: [Vector], scaleGradients: Vector?)
    /// Writes the codes of values, as floats; `codes` may be `x`.
    func quantize(_ x: Matrix, into codes: Matrix)
    /// Writes the values of codes, the same floats as `fakeQuantize`; `out` may be `codes`.
    func dequantize(_ codes: Matrix, into out: Matrix)
    /// The values of a group that are not clipped: its range and half a step beyond.
    func bounds(of group: Int) -> ClosedRange<Float>
}

extension Quantizer {
    /// The number of groups.
    package var groupCount: Int { values[0].count }

    /// The parameters as kernels take them.
    package var vectors: [Vector] { values.map { Vector($0) } }

    /// Quantizes and dequantizes values.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    package func fakeQuantize(_ x: Matrix, into out: Matrix) {
        fakeQuantize(x, with: vectors, into: out)
    }

    /// The codes of values, row by row.
    package func codes(of x: Matrix) -> [UInt8] {
        let codes = Matrix(rows: x.rows, columns: x.columns)
        quantize(x, into: codes)
        return codes.elements.map { UInt8($0) }
    }

    /// The values of codes.
    ///
    /// - Parameters:
    ///   - codes: `[rows, columns]` codes, row by row.
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    /// - Returns: `[rows, columns]`, the same floats as `fakeQuantize`.
    package func dequantize(_ codes: [UInt8], rows: Int, columns: Int) -> Matrix {
        let matrix = Matrix(rows: rows, columns: columns, elements: codes.map(Float.init))
        dequantize(matrix, into: matrix)
        return matrix
    }

    /// One group's quantizer, for `columns` columns that all belong to it.
    func single(_ group: Int, columns: Int) -> Self {
        replacing(values: values.map { [$0[group]] }, groups: .columns(width: columns))
    }

    /// The bytes that the parameters take when stored.
    var parameterBytes: Int {
        zip(Self.parameters, values).reduce(0) { sum, parameter in
            let isByte = parameter.0.isByte && parameter.1.allSatisfy { (0...255).contains($0) }
            return sum + parameter.1.count * (isByte ? 1 : MemoryLayout<Float>.size)
        }
    }
}
