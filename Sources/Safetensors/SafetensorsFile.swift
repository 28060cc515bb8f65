internal import Files

/// A safetensors file that is open for reading.
///
/// Opening maps the file and checks its whole structure; no tensor is copied before it is asked for. The
/// mapping lives as long as the value and its copies.
package struct SafetensorsFile: Sendable {
    /// One tensor.
    package typealias Entry = SafetensorsHeader.Entry

    private let mapping: FileMapping
    /// The checked header.
    package let header: SafetensorsHeader

    /// Opens and checks a file.
    ///
    /// - Parameter path: Its path.
    /// - Throws: `SafetensorsError` if it is missing, unreadable, or breaks a rule of the format.
    package init(path: String) throws(SafetensorsError) {
        let mapping = try SafetensorsError.wrapping(try FileMapping(path: path))
        header = try mapping.withBytes { bytes throws(SafetensorsError) in
            try SafetensorsHeader(parsing: bytes, file: path)
        }
        self.mapping = mapping
    }

    /// The path as given by the caller.
    package var path: String { mapping.path }
    /// The length of the file in bytes.
    package var byteCount: Int { mapping.count }
    /// The text that the writer left, by name.
    package var metadata: [String: String] { header.metadata }
    /// The names of all tensors, in the order of their bytes.
    package var names: [String] { header.names }

    /// The type, shape and place of a tensor; nil if the file has none of that name.
    package func entry(_ name: String) -> Entry? { header.entries[name] }

    /// Lends the bytes of a tensor without a copy.
    ///
    /// - Parameters:
    ///   - name: The tensor.
    ///   - body: Reads the bytes, little-endian and in row-major order; they need not be aligned.
    /// - Returns: What `body` returns.
    /// - Throws: `SafetensorsError` if there is no such tensor or the file changed.
    package func withBytes<Result>(
        of name: String, _ body: (Span<UInt8>) throws(SafetensorsError) -> Result
    ) throws(SafetensorsError) -> Result {
        try mapping.withBytes(in: try require(name).byteRange, body)
    }

    /// The bytes of a tensor as the file has them.
    ///
    /// - Parameter name: The tensor.
    /// - Returns: As many bytes as its range has.
    /// - Throws: `SafetensorsError` if there is no such tensor or the file changed.
    package func bytes(_ name: String) throws(SafetensorsError) -> [UInt8] {
        try withBytes(of: name) { bytes in
            unsafe [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
                for index in bytes.indices { unsafe target.initializeElement(at: index, to: bytes[index]) }
                count = bytes.count
            }
        }
    }

    /// The SHA-256 of all bytes of the file.
    ///
    /// - Throws: `SafetensorsError` if the file changed.
    package func sha256() throws(SafetensorsError) -> String {
        try mapping.withBytes { bytes throws(SafetensorsError) in Files.sha256(bytes) }
    }

    /// Whether a file of `writeSealedSafetensors` is as it was written, to the last bit; false of any other file.
    ///
    /// - Throws: `SafetensorsError` if the file changed.
    package func isIntact() throws(SafetensorsError) -> Bool {
        try mapping.withBytes { bytes throws(SafetensorsError) in
            guard let seal = metadata[SafetensorsHeader.sealKey],
                let digits = SafetensorsHeader.sealRange(in: bytes.extracting(0..<header.dataStart))
            else { return false }
            var digest = SHA256()
            digest.add(bytes.extracting(0..<digits.lowerBound))
            digest.add(String(repeating: "0", count: digits.count))
            digest.add(bytes.extracting(digits.upperBound..<bytes.count))
            return digest.hex == seal
        }
    }

    /// The elements of a tensor of floats, in row-major order.
    ///
    /// F32 comes back bit by bit, F16 and BF16 exactly, F64 rounded to the nearest. NaN and infinities are
    /// legal values of the format and come back as they are.
    ///
    /// - Parameter name: The tensor; its type must be F32, F16, BF16 or F64.
    /// - Returns: As many floats as the product of the shape.
    /// - Throws: `SafetensorsError` if there is no such tensor, it has another type, a finite F64 is beyond
    ///   the range of F32, or the file changed.
    package func floats(_ name: String) throws(SafetensorsError) -> [Float] {
        let entry = try require(name)
        let start = entry.byteRange.lowerBound
        // Reading all of a large file must not hold it in memory twice.
        defer { mapping.forget(entry.byteRange) }
        return try withBytes(of: name) { bytes throws(SafetensorsError) in
            do throws(FloatProblem) {
                return try floatElements(bytes, type: entry.type)
            } catch {
                switch error {
                case .noFloats: throw wrongType(name, entry, "F32, F16, BF16 or F64")
                case .beyondRange(let index, let value):
                    throw SafetensorsError(
                        .badValue, file: path, tensor: name, byte: start + 8 * index,
                        detail: "the value \(value) is beyond the range of 32-bit floats")
                }
            }
        }
    }

    /// The elements of a tensor of integers, in row-major order.
    ///
    /// - Parameter name: The tensor; its type must be U8, I8, U16, I16, U32, I32 or I64.
    /// - Returns: As many integers as the product of the shape.
    /// - Throws: `SafetensorsError` if there is no such tensor, it has another type, or the file changed.
    package func integers(_ name: String) throws(SafetensorsError) -> [Int64] {
        let entry = try require(name)
        return try withBytes(of: name) { bytes throws(SafetensorsError) in
            switch entry.type {
            case .uint8: elements(bytes) { (value: UInt8) in Int64(value) }
            case .int8: elements(bytes) { (value: Int8) in Int64(value) }
            case .uint16: elements(bytes) { (value: UInt16) in Int64(value) }
            case .int16: elements(bytes) { (value: Int16) in Int64(value) }
            case .uint32: elements(bytes) { (value: UInt32) in Int64(value) }
            case .int32: elements(bytes) { (value: Int32) in Int64(value) }
            case .int64: elements(bytes) { (value: Int64) in value }
            default: throw wrongType(name, entry, "U8, I8, U16, I16, U32, I32 or I64")
            }
        }
    }

    private func require(_ name: String) throws(SafetensorsError) -> Entry {
        guard let entry = entry(name) else {
            let known = names.prefix(8).map(quoted).joined(separator: ", ")
            let rest = names.count > 8 ? " and \(names.count - 8) more" : ""
            throw SafetensorsError(
                .missingTensor, file: path, tensor: name,
                detail:
                    "the file holds no tensor of this name; it has \(known.isEmpty ? "none" : known + rest)")
        }
        return entry
    }

    private func wrongType(_ name: String, _ entry: Entry, _ accepted: String) -> SafetensorsError {
        SafetensorsError(
            .wrongType, file: path, tensor: name, byte: entry.byteRange.lowerBound,
            detail: "the elements are \(entry.type.rawValue), but \(accepted) is needed")
    }
}
