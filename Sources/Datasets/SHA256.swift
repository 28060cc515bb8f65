internal import CImageCodecs

/// The SHA-256 of bytes (FIPS 180-4), as 64 hexadecimal digits.
package func sha256(_ bytes: Span<UInt8>) -> String {
    let digest = unsafe [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe image_sha256(bytes.baseAddress, bytes.count, digest.baseAddress)
        }
        count = 32
    }
    return digest.map { byte in
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }.joined()
}

/// The SHA-256 of bytes, as 64 hexadecimal digits.
package func sha256(_ bytes: [UInt8]) -> String { sha256(bytes.span) }
