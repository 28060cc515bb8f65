internal import Files

/// The header of a safetensors file, every statement checked against the file.
///
/// Layout: the length N of the header (8 bytes, little-endian), N bytes of JSON, data. Source of the rules:
/// the format description and the reference reader of huggingface/safetensors (2026).
package struct SafetensorsHeader: Hashable, Sendable {
    /// One tensor.
    package struct Entry: Hashable, Sendable {
        /// The type of its elements.
        package let type: ElementType
        /// The extents, outermost axis first; empty for a scalar; an extent of 0 is legal.
        package let shape: [Int]
        /// The range of its bytes, counted from the start of the file.
        package let byteRange: Range<Int>

        /// The number of elements.
        package var count: Int { shape.reduce(1, *) }
    }

    /// The longest header that is read, as in the reference reader.
    package static let maximumLength = 100_000_000
    /// The most extents that a shape may have.
    package static let maximumRank = 64

    /// The text that the writer left, by name.
    package let metadata: [String: String]
    /// The names of all tensors, in the order of their bytes; tensors without bytes as the header has them.
    package let names: [String]
    /// All tensors, by name.
    package let entries: [String: Entry]
    /// Where the data starts, counted from the start of the file.
    package let dataStart: Int

    /// Reads and checks the header of a file.
    ///
    /// Accepts exactly the files that can be read in one way only: every tensor's bytes fit its shape and type,
    /// tensors follow one another without holes and overlaps, and the last ends where the file does.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - file: The path, for errors.
    /// - Throws: `SafetensorsError` with the byte and, where there is one, the tensor.
    package init(parsing bytes: Span<UInt8>, file: String) throws(SafetensorsError) {
        let range = try Self.headerRange(in: bytes, file: file)
        var scanner = HeaderScanner(file: file, end: range.upperBound, position: range.lowerBound)
        guard range.count >= 2, bytes[range.lowerBound] == UInt8(ascii: "{") else {
            throw scanner.failure(.malformedHeader, "a header must be a JSON object and start with '{'")
        }
        var metadata: [String: String]?
        var entries: [String: Entry] = [:]
        var places: [(name: String, bytes: Range<Int>)] = []
        var isFirst = true
        try scanner.expect("{", bytes)
        while let name = try scanner.key(bytes, isFirst: &isFirst) {
            let place = scanner.position
            if name == "__metadata__" {
                guard metadata == nil else {
                    throw scanner.failure(
                        .duplicateKey, "the header has two objects '__metadata__'", at: place)
                }
                metadata = try scanner.metadata(bytes)
                continue
            }
            scanner.tensor = name
            let entry = try scanner.entry(bytes, dataStart: range.upperBound)
            guard entries.updateValue(entry, forKey: name) == nil else {
                throw scanner.failure(.duplicateKey, "the header has two tensors of this name", at: place)
            }
            places.append((name, entry.byteRange))
            scanner.tensor = nil
        }
        guard scanner.peek(bytes) == nil else {
            throw scanner.failure(.malformedHeader, "only spaces may follow the header's closing brace")
        }
        self.metadata = metadata ?? [:]
        self.entries = entries
        dataStart = range.upperBound
        names = try Self.orderedNames(places, dataStart: dataStart, fileEnd: bytes.count, file: file)
    }

    /// The range of the JSON.
    private static func headerRange(in bytes: Span<UInt8>, file: String) throws(SafetensorsError) -> Range<
        Int
    > {
        guard bytes.count >= 8 else {
            throw SafetensorsError(
                .truncated, file: file, byte: bytes.count,
                detail: "the file has \(bytes.count) bytes, too few for the length of a header")
        }
        var announced: UInt64 = 0
        for index in (0..<8).reversed() { announced = announced << 8 | UInt64(bytes[index]) }
        guard announced <= UInt64(maximumLength) else {
            throw SafetensorsError(
                .headerTooLarge, file: file, byte: 0,
                detail: "a header of \(announced) bytes is announced, at most \(maximumLength) are accepted; "
                    + "this is probably no safetensors file")
        }
        let length = Int(announced)
        guard length <= bytes.count - 8 else {
            throw SafetensorsError(
                .truncated, file: file, byte: bytes.count,
                detail: "a header of \(length) bytes is announced, but only \(bytes.count - 8) follow")
        }
        return 8..<8 + length
    }

    /// The names in the order of their bytes, once that order has been found to cover the data exactly.
    private static func orderedNames(
        _ places: [(name: String, bytes: Range<Int>)], dataStart: Int, fileEnd: Int, file: String
    ) throws(SafetensorsError) -> [String] {
        let order = places.indices.sorted { left, right in
            let (a, b) = (places[left].bytes, places[right].bytes)
            return (a.lowerBound, a.upperBound, left) < (b.lowerBound, b.upperBound, right)
        }
        var covered = dataStart
        for (name, range) in order.lazy.map({ places[$0] }) {
            let start = range.lowerBound
            guard start == covered else {
                let detail =
                    start > covered
                    ? "\(start - covered) bytes before this tensor belong to none; tensors must follow one another"
                    : "this tensor starts inside another one, which ends at byte \(covered)"
                throw SafetensorsError(
                    start > covered ? .hole : .overlap, file: file, tensor: name, byte: min(start, covered),
                    detail: detail)
            }
            guard range.upperBound <= fileEnd else {
                throw SafetensorsError(
                    .truncated, file: file, tensor: name, byte: fileEnd,
                    detail: "the file ends here, the tensor only at byte \(range.upperBound)")
            }
            covered = range.upperBound
        }
        guard covered == fileEnd else {
            throw SafetensorsError(
                .surplus, file: file, byte: covered,
                detail: "the last \(fileEnd - covered) bytes of the file belong to no tensor")
        }
        return order.map { places[$0].name }
    }
}

extension HeaderScanner {
    /// Passes the value of `__metadata__`.
    fileprivate mutating func metadata(_ bytes: Span<UInt8>) throws(SafetensorsError) -> [String: String] {
        var result: [String: String] = [:]
        var isFirst = true
        try expect("{", bytes, or: "the object of '__metadata__'")
        while let key = try key(bytes, isFirst: &isFirst) {
            let place = position
            guard result.updateValue(try string(bytes), forKey: key) == nil else {
                throw failure(.duplicateKey, "the metadata has two entries \(quoted(key))", at: place)
            }
        }
        return result
    }

    /// Passes the value of one tensor.
    fileprivate mutating func entry(_ bytes: Span<UInt8>, dataStart: Int) throws(SafetensorsError)
        -> SafetensorsHeader.Entry
    {
        var type: ElementType?
        var shape: [Int]?
        var offsets: Range<Int>?
        var isFirst = true
        try expect("{", bytes, or: "the object of a tensor")
        let start = position - 1
        while let field = try key(bytes, isFirst: &isFirst) {
            let isRepeated =
                switch field {
                case "dtype": type != nil
                case "shape": shape != nil
                case "data_offsets": offsets != nil
                default: false
                }
            guard !isRepeated else {
                throw failure(.duplicateKey, "the tensor has two fields \(quoted(field))")
            }
            switch field {
            case "dtype": type = try elementType(bytes)
            case "shape": shape = try self.shape(bytes)
            case "data_offsets": offsets = try dataOffsets(bytes)
            default: try skipValue(bytes)
            }
        }
        guard let type, let shape, let offsets else {
            let field = type == nil ? "dtype" : shape == nil ? "shape" : "data_offsets"
            throw failure(.malformedHeader, "the field '\(field)' is missing", at: start)
        }
        let size: Int
        do {
            size = try type.byteCount(shape: shape)
        } catch {
            throw failure(
                .badShape,
                error == .overflow
                    ? "the shape \(shape) has more bytes than a file can hold"
                    : "the shape \(shape) of \(type.rawValue) does not fill whole bytes", at: start)
        }
        guard size == offsets.count else {
            throw failure(
                .badOffsets,
                "the shape \(shape) of \(type.rawValue) takes \(size) bytes, but the offsets \(offsets.lowerBound) to "
                    + "\(offsets.upperBound) hold \(offsets.count)", at: start)
        }
        let (fileEnd, overflow) = offsets.upperBound.addingReportingOverflow(dataStart)
        guard !overflow else { throw failure(.badOffsets, "the offsets lie beyond any file", at: start) }
        return .init(type: type, shape: shape, byteRange: offsets.lowerBound + dataStart..<fileEnd)
    }

    private mutating func elementType(_ bytes: Span<UInt8>) throws(SafetensorsError) -> ElementType {
        _ = peek(bytes)
        let start = position
        let name = try string(bytes)
        guard let type = ElementType(rawValue: name) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw failure(.unsupportedType, "the type \(quoted(name)) is none of \(known)", at: start)
        }
        return type
    }

    private mutating func shape(_ bytes: Span<UInt8>) throws(SafetensorsError) -> [Int] {
        try expect("[", bytes, or: "a list of extents")
        let start = position - 1
        var shape: [Int] = []
        var isFirst = true
        while try !ends(with: "]", bytes, isFirst: &isFirst) {
            guard shape.count < SafetensorsHeader.maximumRank else {
                throw failure(
                    .badShape, "the shape has more than \(SafetensorsHeader.maximumRank) extents", at: start)
            }
            shape.append(try count(bytes, orElse: .badShape))
        }
        return shape
    }

    private mutating func dataOffsets(_ bytes: Span<UInt8>) throws(SafetensorsError) -> Range<Int> {
        try expect("[", bytes, or: "a list of two offsets")
        let start = position - 1
        let first = try count(bytes, orElse: .badOffsets)
        try expect(",", bytes)
        let last = try count(bytes, orElse: .badOffsets)
        try expect("]", bytes)
        guard first <= last else {
            throw failure(.badOffsets, "the bytes start at \(first) and end before, at \(last)", at: start)
        }
        return first..<last
    }
}

// MARK: - Sealed files

extension SafetensorsHeader {
    /// The key of a sealed file's digest in its metadata.
    static let sealKey = "sha256"

    /// Finds the digits of a sealed file's digest.
    ///
    /// In a header without spaces, as the writer makes it, nothing else reads `"sha256":"`: within a text, the quotes are
    /// escaped.
    ///
    /// - Parameter header: The file from its start to the end of its header.
    /// - Returns: Where they are in the file; nil without any.
    static func sealRange(in header: Span<UInt8>) -> Range<Int>? {
        let key = Array("\"\(sealKey)\":\"".utf8)
        for start in 0..<max(0, header.count - key.count - SHA256.digits)
        where header[start] == key[0] && key.indices.allSatisfy({ header[start + $0] == key[$0] }) {
            let end = start + key.count
            return end..<end + SHA256.digits
        }
        return nil
    }
}
