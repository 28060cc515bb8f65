/// Decodes little-endian elements, and converts each with `convert`.
///
/// - Parameters:
///   - bytes: As many as the elements take, at any alignment.
///   - convert: Converts a stored integer or bit pattern to an element.
/// - Returns: The converted elements in order.
func elements<Stored: FixedWidthInteger & BitwiseCopyable, Element>(
    _ bytes: Span<UInt8>, _ convert: (Stored) -> Element
) -> [Element] {
    let width = MemoryLayout<Stored>.size
    return unsafe bytes.withUnsafeBufferPointer { source in
        let raw = UnsafeRawBufferPointer(source)
        return unsafe [Element](unsafeUninitializedCapacity: raw.count / width) { target, count in
            count = raw.count / width
            for index in 0..<count {
                let stored = unsafe raw.loadUnaligned(fromByteOffset: index * width, as: Stored.self)
                unsafe target.initializeElement(at: index, to: convert(Stored(littleEndian: stored)))
            }
        }
    }
}

/// The little-endian bytes of elements, each put through `pattern`.
///
/// - Parameters:
///   - elements: The elements in row-major order.
///   - pattern: From an element to the integer or bit pattern to store.
/// - Returns: The bytes in order.
func littleEndianBytes<Element, Stored: FixedWidthInteger & BitwiseCopyable>(
    _ elements: [Element], _ pattern: (Element) -> Stored
) -> [UInt8] {
    let width = MemoryLayout<Stored>.size
    return unsafe [UInt8](unsafeUninitializedCapacity: elements.count * width) { target, count in
        count = elements.count * width
        let raw = UnsafeMutableRawBufferPointer(target)
        for (index, element) in elements.enumerated() {
            unsafe raw.storeBytes(
                of: pattern(element).littleEndian, toByteOffset: index * width, as: Stored.self)
        }
    }
}

/// The float with the value of a half-precision bit pattern, exactly.
package func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
        // Zero and subnormals: the fraction counts steps of 2⁻²⁴.
        return Float(bitPattern: (Float(fraction) * 0x1p-24).bitPattern | sign)
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
}

/// Why bytes cannot be read as floats.
package enum FloatProblem: Error {
    /// The type is none of F32, F16, BF16 and F64.
    case noFloats
    /// A finite number has no neighbour among 32-bit floats.
    case beyondRange(index: Int, value: Double)
}

/// Decodes little-endian floats.
///
/// - Parameters:
///   - bytes: A whole number of elements, at any alignment.
///   - type: F32, F16, BF16 or F64.
/// - Returns: F32 bit by bit, F16 and BF16 exactly, F64 rounded to the nearest.
/// - Throws: `FloatProblem` for another type, or a finite F64 beyond the range of F32.
package func floatElements(_ bytes: Span<UInt8>, type: ElementType) throws(FloatProblem) -> [Float] {
    switch type {
    case .float32: return elements(bytes) { (bits: UInt32) in Float(bitPattern: bits) }
    case .float16: return elements(bytes, float(half:))
    case .bfloat16: return elements(bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) }
    case .float64:
        let doubles = elements(bytes) { (bits: UInt64) in Double(bitPattern: bits) }
        let floats = doubles.map { Float($0) }
        for (index, double) in doubles.enumerated() where double.isFinite && !floats[index].isFinite {
            throw .beyondRange(index: index, value: double)
        }
        return floats
    default: throw .noFloats
    }
}
