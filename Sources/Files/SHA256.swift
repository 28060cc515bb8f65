internal import CDigest

/// The SHA-256 (FIPS 180-4) of bytes that come in parts.
///
///     var digest = SHA256()
///     digest.add(header)
///     digest.add(data)
///     digest.hex      // 64 hexadecimal digits
package struct SHA256 {
    /// The number of hexadecimal digits.
    package static let digits = 64

    private var state = sha256_state()

    package init() { unsafe sha256_begin(&state) }

    /// Adds bytes.
    package mutating func add(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe sha256_add(&state, bytes.baseAddress, bytes.count)
        }
    }

    /// Adds bytes.
    package mutating func add(_ bytes: [UInt8]) { add(bytes.span) }

    /// Adds the UTF-8 of a text.
    package mutating func add(_ text: String) { add(Array(text.utf8)) }

    /// Adds the bits of floats, each little-endian.
    package mutating func add(_ floats: [Float]) {
        #if _endian(big)
        add(floats.flatMap { float in (0..<4).map { UInt8(float.bitPattern >> (8 * $0) & 255) } })
        #else
        unsafe floats.withUnsafeBytes { bytes in
            unsafe sha256_add(&state, bytes.baseAddress, bytes.count)
        }
        #endif
    }

    /// The digest of all bytes so far, as 64 hexadecimal digits.
    package var hex: String {
        var copy = state
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            unsafe sha256_end(&copy, digest.baseAddress)
            count = 32
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The SHA-256 of bytes, as 64 hexadecimal digits.
package func sha256(_ bytes: Span<UInt8>) -> String {
    var digest = SHA256()
    digest.add(bytes)
    return digest.hex
}

/// The SHA-256 of bytes, as 64 hexadecimal digits.
package func sha256(_ bytes: [UInt8]) -> String { sha256(bytes.span) }

/// The SHA-256 of a file, as 64 hexadecimal digits.
///
/// - Throws: `FileError` if there is no such regular file, or it cannot be read.
package func sha256(ofFile path: String) throws(FileError) -> String {
    try FileMapping(path: path).withBytes { bytes throws(FileError) in sha256(bytes) }
}
