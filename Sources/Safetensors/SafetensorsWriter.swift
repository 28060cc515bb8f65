package import Files

/// A tensor to write.
package struct SafetensorsTensor: Hashable, Sendable {
    /// What readers will ask for; not `__metadata__`, which the format keeps for itself.
    package let name: String
    /// The type of its elements.
    package let type: ElementType
    /// The extents, outermost axis first; empty for a scalar.
    package let shape: [Int]
    /// The elements, little-endian and in row-major order.
    package let bytes: [UInt8]

    /// Makes a tensor of given bytes.
    ///
    /// - Parameters:
    ///   - name: What readers will ask for.
    ///   - type: The type of its elements.
    ///   - shape: The extents, outermost axis first.
    ///   - bytes: The elements, little-endian and in row-major order.
    package init(name: String, type: ElementType, shape: [Int], bytes: [UInt8]) {
        self.name = name
        self.type = type
        self.shape = shape
        self.bytes = bytes
    }

    /// Makes a tensor of type F32.
    ///
    /// - Parameters:
    ///   - name: What readers will ask for.
    ///   - shape: The extents, outermost axis first.
    ///   - floats: The elements in row-major order.
    package init(name: String, shape: [Int], floats: [Float]) {
        self.init(
            name: name, type: .float32, shape: shape, bytes: littleEndianBytes(floats) { $0.bitPattern })
    }

    /// Makes a tensor of type I64.
    ///
    /// - Parameters:
    ///   - name: What readers will ask for.
    ///   - shape: The extents, outermost axis first.
    ///   - integers: The elements in row-major order.
    package init(name: String, shape: [Int], integers: [Int64]) {
        self.init(name: name, type: .int64, shape: shape, bytes: littleEndianBytes(integers) { $0 })
    }
}

/// Writes a safetensors file; all of it or nothing.
///
/// The same tensors and metadata give the same bytes in any order. Tensors are laid out from wide types
/// to narrow ones and by name within a type, and the header is padded, so that every tensor is aligned.
///
/// - Parameters:
///   - tensors: What to write; names must differ.
///   - metadata: Text for readers, by name.
///   - path: The target; an existing file is replaced once the new one is complete.
/// - Throws: `SafetensorsError` if a tensor breaks a rule of the format or the file cannot be written;
///   then nothing is left of it.
package func writeSafetensors(
    _ tensors: [SafetensorsTensor], metadata: [String: String] = [:], to path: String
) throws(SafetensorsError) {
    // The tensors are checked before a file is made.
    let parts = try encoded(tensors, metadata: metadata, file: path)
    let target = try SafetensorsError.wrapping(try AtomicFile(path))
    for part in parts { try SafetensorsError.wrapping(try target.write(part)) }
    try SafetensorsError.wrapping(try target.commit())
}

/// Writes a sealed safetensors file into an `AtomicFile`, which the caller commits.
///
/// Its metadata has `sha256`, the SHA-256 of the file with these 64 digits as zeros, which
/// `SafetensorsFile.isIntact` checks.
///
/// - Returns: The SHA-256 of all bytes of the file.
/// - Throws: As `writeSafetensors(_:metadata:to:)`.
package func writeSealedSafetensors(
    _ tensors: [SafetensorsTensor], metadata: [String: String], into file: AtomicFile
) throws(SafetensorsError) -> String {
    let blank = String(repeating: "0", count: SHA256.digits)
    let sealed = metadata.merging([SafetensorsHeader.sealKey: blank]) { _, blank in blank }
    var parts = try encoded(tensors, metadata: sealed, file: file.path)
    let header = parts[0]
    guard let digits = SafetensorsHeader.sealRange(in: header.span) else {
        preconditionFailure("the header has no seal, though it was just written")
    }
    parts[0].replaceSubrange(digits, with: sha256(parts).utf8)
    for part in parts { try SafetensorsError.wrapping(try file.write(part)) }
    return sha256(parts)
}

private func sha256(_ parts: [[UInt8]]) -> String {
    var digest = SHA256()
    for part in parts { digest.add(part) }
    return digest.hex
}

/// The bytes of a file, part by part.
private func encoded(
    _ tensors: [SafetensorsTensor], metadata: [String: String], file: String
) throws(SafetensorsError) -> [[UInt8]] {
    let ordered = try layoutOrder(tensors, file: file)
    return [try encodedHeader(ordered, metadata: metadata, file: file)] + ordered.map(\.bytes)
}

/// The tensors in the order of their bytes, after checks.
private func layoutOrder(_ tensors: [SafetensorsTensor], file: String) throws(SafetensorsError)
    -> [SafetensorsTensor]
{
    var names: Set<String> = ["__metadata__"]
    for tensor in tensors {
        guard names.insert(tensor.name).inserted else {
            throw SafetensorsError(
                .duplicateKey, file: file, tensor: tensor.name,
                detail:
                    "this name is taken; every tensor needs its own, and '__metadata__' is reserved")
        }
        guard tensor.shape.count <= SafetensorsHeader.maximumRank, tensor.shape.allSatisfy({ $0 >= 0 }),
            let size = try? tensor.type.byteCount(shape: tensor.shape), size == tensor.bytes.count
        else {
            throw SafetensorsError(
                .badShape, file: file, tensor: tensor.name,
                detail:
                    "\(tensor.bytes.count) bytes do not make \(tensor.type.rawValue) of shape \(tensor.shape)"
            )
        }
    }
    let rank = Dictionary(uniqueKeysWithValues: zip(ElementType.allCases, 0...))
    return tensors.sorted { left, right in
        let (a, b) = (rank[left.type, default: 0], rank[right.type, default: 0])
        return a != b ? a > b : left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}

/// The length of the header and the header, padded so that the data starts at a multiple of 8.
private func encodedHeader(_ tensors: [SafetensorsTensor], metadata: [String: String], file: String)
    throws(SafetensorsError) -> [UInt8]
{
    var members: [String] = []
    if !metadata.isEmpty {
        let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { "\(json($0.key)):\(json($0.value))" }
        members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for tensor in tensors {
        let end = offset + tensor.bytes.count
        let shape = tensor.shape.map(String.init).joined(separator: ",")
        members.append(
            "\(json(tensor.name)):{\"dtype\":\"\(tensor.type.rawValue)\",\"shape\":[\(shape)],"
                + "\"data_offsets\":[\(offset),\(end)]}")
        offset = end
    }
    var text = Array("{\(members.joined(separator: ","))}".utf8)
    text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
    guard text.count <= SafetensorsHeader.maximumLength else {
        throw SafetensorsError(
            .headerTooLarge, file: file,
            detail:
                "the header would have \(text.count) bytes; at most \(SafetensorsHeader.maximumLength) are read"
        )
    }
    return littleEndianBytes([UInt64(text.count)]) { $0 } + text
}

/// A JSON string with the escapes that JSON asks for and no others.
private func json(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": result += "\\\""
        case "\\": result += "\\\\"
        case "\u{08}": result += "\\b"
        case "\u{0C}": result += "\\f"
        case "\n": result += "\\n"
        case "\r": result += "\\r"
        case "\t": result += "\\t"
        case "\u{00}"..."\u{1F}":
            let digits = String(scalar.value, radix: 16)
            result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result + "\""
}
