import Safetensors

/// The bytes of a file with the given header and data.
func safetensors(_ header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(Array(header.utf8), data: data)
}

/// The bytes of a file with the given header and data.
func safetensors(_ header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + data
}

/// Parses the bytes of a file.
func parse(_ bytes: [UInt8]) throws(SafetensorsError) -> SafetensorsHeader {
    try SafetensorsHeader(parsing: bytes.span, file: "hostile.safetensors")
}
