extension JSONValue {
    /// The value that this JSON describes, by the rules of `init(encoding:)`; names that the type does not have
    /// are passed over, so that a later version's files can be read.
    ///
    /// - Throws: `JSONError` that names what is missing or has another type.
    package func decoded<Value: Decodable>(as type: Value.Type) throws(JSONError) -> Value {
        do {
            return try decode(self, as: type, at: "")
        } catch let error as JSONError {
            throw error
        } catch let DecodingError.dataCorrupted(context) {
            throw JSONError(context.debugDescription)
        } catch {
            throw JSONError("\(error)")
        }
    }

    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

private func mismatch(_ value: JSONValue, at path: String, _ expected: String) -> JSONError {
    JSONError(
        "\(path.isEmpty ? "the document" : "“\(path)”") is \(value.kind), where \(expected) was expected")
}

private func decode<Value: Decodable>(_ json: JSONValue, as type: Value.Type, at path: String) throws -> Value
{
    var result: Any?
    switch type {
    case is Double.Type:
        guard json != .null else { return try cast(Double.nan, path) }
        if case .number(let text) = json { result = Double(text) }
        guard result != nil else { throw mismatch(json, at: path, "a number") }
    case is Float.Type:
        guard json != .null else { return try cast(Float.nan, path) }
        if case .number(let text) = json { result = Float(text) }
        guard result != nil else { throw mismatch(json, at: path, "a number") }
    case let integer as any (FixedWidthInteger & Decodable).Type:
        if case .number(let text) = json { result = wholeNumber(text, integer) }
        guard result != nil else { throw mismatch(json, at: path, "a whole number of its range") }
    case is Bool.Type:
        if case .bool(let value) = json { result = value }
        guard result != nil else { throw mismatch(json, at: path, "true or false") }
    case is String.Type:
        if case .string(let value) = json { result = value }
        guard result != nil else { throw mismatch(json, at: path, "a string") }
    default:
        return try Value(from: TreeDecoder(json: json, path: path))
    }
    return try cast(result, path)
}

private func wholeNumber<Value: FixedWidthInteger>(_ text: String, _ type: Value.Type) -> Any? { Value(text) }

private func cast<Value>(_ value: Any?, _ path: String) throws -> Value {
    guard let value = value as? Value else { throw JSONError("“\(path)” has an unknown type") }
    return value
}

private struct TreeDecoder: Decoder {
    let json: JSONValue
    let path: String
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch(json, at: path, "an object") }
        return KeyedDecodingContainer(ObjectDecoding<Key>(members: members, path: path))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch(json, at: path, "an array") }
        return ArrayDecoding(elements: elements, path: path)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { ValueDecoding(json: json, path: path) }
}

private struct ValueDecoding: SingleValueDecodingContainer {
    let json: JSONValue
    let path: String
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { json == .null }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try Runs.decode(json, as: type, at: path)
    }
}

private struct ArrayDecoding: UnkeyedDecodingContainer {
    let elements: [JSONValue]
    let path: String
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    init(elements: [JSONValue], path: String) {
        self.elements = elements
        self.path = path
    }

    private mutating func next() throws -> TreeDecoder {
        guard !isAtEnd else { throw JSONError("“\(path)” has too few elements") }
        defer { currentIndex += 1 }
        return TreeDecoder(json: elements[currentIndex], path: "\(path)[\(currentIndex)]")
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, elements[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let decoder = try next()
        return try Runs.decode(decoder.json, as: type, at: decoder.path)
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<
        Key
    > {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder { try next() }
}

private struct ObjectDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [JSONMember]
    let path: String
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

    private func find(_ key: Key) -> JSONValue? {
        let name = snakeCase(key.stringValue)
        return members.first { $0.name == name }?.value
    }

    private func decoder(_ key: Key) throws -> TreeDecoder {
        let name = snakeCase(key.stringValue)
        let place = path.isEmpty ? name : "\(path).\(name)"
        guard let value = find(key) else { throw JSONError("“\(place)” is missing") }
        return TreeDecoder(json: value, path: place)
    }

    func contains(_ key: Key) -> Bool { find(key) != nil }
    func decodeNil(forKey key: Key) -> Bool { find(key) == .null }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let decoder = try decoder(key)
        return try Runs.decode(decoder.json, as: type, at: decoder.path)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { TreeDecoder(json: .object(members), path: path) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }
}
