/// The element types of the format, by the names that files use.
///
/// The order is that of the reference implementation; writers lay tensors out from the last type to the
/// first, which puts wide elements first and so aligns every tensor.
package enum ElementType: String, Hashable, Sendable, CaseIterable {
    /// One byte, 0 or 1.
    case bool = "BOOL"
    /// 4-bit floating point, two elements a byte.
    case float4 = "F4"
    /// 6-bit floating point, 2 exponent and 3 mantissa bits.
    case float6e2m3 = "F6_E2M3"
    /// 6-bit floating point, 3 exponent and 2 mantissa bits.
    case float6e3m2 = "F6_E3M2"
    /// Unsigned 8-bit integer.
    case uint8 = "U8"
    /// Signed 8-bit integer.
    case int8 = "I8"
    /// 8-bit floating point, 5 exponent and 2 mantissa bits.
    case float8e5m2 = "F8_E5M2"
    /// 8-bit floating point, 4 exponent and 3 mantissa bits.
    case float8e4m3 = "F8_E4M3"
    /// 8-bit floating point, 8 exponent bits and nothing else: a scale.
    case float8e8m0 = "F8_E8M0"
    /// 8-bit floating point, 4 exponent and 3 mantissa bits, finite, one zero.
    case float8e4m3fnuz = "F8_E4M3FNUZ"
    /// 8-bit floating point, 5 exponent and 2 mantissa bits, finite, one zero.
    case float8e5m2fnuz = "F8_E5M2FNUZ"
    /// Signed 16-bit integer.
    case int16 = "I16"
    /// Unsigned 16-bit integer.
    case uint16 = "U16"
    /// IEEE 754 half precision.
    case float16 = "F16"
    /// The upper half of a 32-bit float.
    case bfloat16 = "BF16"
    /// Signed 32-bit integer.
    case int32 = "I32"
    /// Unsigned 32-bit integer.
    case uint32 = "U32"
    /// IEEE 754 single precision.
    case float32 = "F32"
    /// Two single-precision floats: real and imaginary part.
    case complex64 = "C64"
    /// IEEE 754 double precision.
    case float64 = "F64"
    /// Signed 64-bit integer.
    case int64 = "I64"
    /// Unsigned 64-bit integer.
    case uint64 = "U64"

    /// The width of one element in bits: 4, 6, 8, 16, 32 or 64.
    package var bits: Int {
        switch self {
        case .float4: 4
        case .float6e2m3, .float6e3m2: 6
        case .bool, .uint8, .int8, .float8e5m2, .float8e4m3, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
        case .int16, .uint16, .float16, .bfloat16: 16
        case .int32, .uint32, .float32: 32
        case .complex64, .float64, .int64, .uint64: 64
        }
    }
}

/// Why a shape and a type have no size in whole bytes.
enum SizeProblem: Error {
    case overflow
    case partialByte
}

extension ElementType {
    /// The number of bytes that a tensor of this type takes.
    ///
    /// - Parameter shape: The extents, none negative. Empty for a scalar.
    /// - Returns: The size in bytes.
    /// - Throws: `SizeProblem` if the size is beyond 64 bits or not whole.
    func byteCount(shape: [Int]) throws(SizeProblem) -> Int {
        var total = 1
        for extent in shape {
            let (product, overflow) = total.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .overflow }
            total = product
        }
        let (size, overflow) = total.multipliedReportingOverflow(by: bits)
        guard !overflow else { throw .overflow }
        guard size % 8 == 0 else { throw .partialByte }
        return size / 8
    }
}
