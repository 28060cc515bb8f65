extension JSONValue {
    /// The JSON of a value: names in snake case and in the order of declaration, nil as `null`, numbers that are
    /// not finite as `null`.
    ///
    /// - Throws: What the value's `encode` throws.
    package init(encoding value: some Encodable) throws {
        let slot = EncodingSlot()
        try slot.encode(value)
        self = slot.value
    }
}

/// The name that a property has in JSON: `sqnrDb` is `sqnr_db`.
func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
}

/// The place of one value while a tree of them is being encoded.
private final class EncodingSlot {
    private enum Content {
        case value(JSONValue)
        case array([EncodingSlot])
        case object([(name: String, slot: EncodingSlot)])
    }

    private var content = Content.value(.null)

    var value: JSONValue {
        switch content {
        case .value(let value): value
        case .array(let slots): .array(slots.map(\.value))
        case .object(let members): .object(members.map { JSONMember($0.name, $0.slot.value) })
        }
    }

    var count: Int {
        if case .array(let slots) = content { slots.count } else { 0 }
    }

    func set(_ value: JSONValue) { content = .value(value) }

    func beginObject() {
        if case .object = content { return }
        content = .object([])
    }

    func beginArray() {
        if case .array = content { return }
        content = .array([])
    }

    func member(_ name: String) -> EncodingSlot {
        let slot = EncodingSlot()
        if case .object(let members) = content { content = .object(members + [(snakeCase(name), slot)]) }
        return slot
    }

    func element() -> EncodingSlot {
        let slot = EncodingSlot()
        if case .array(let slots) = content { content = .array(slots + [slot]) }
        return slot
    }

    func encode(_ value: some Encodable) throws {
        switch value {
        case let value as Double: set(.finite(value))
        case let value as Float: set(value.isFinite ? .number("\(value)") : .null)
        case let value as Bool: set(.bool(value))
        case let value as String: set(.string(value))
        case let value as any BinaryInteger: set(.integer(value))
        default: try value.encode(to: TreeEncoder(slot: self))
        }
    }
}

private struct TreeEncoder: Encoder {
    let slot: EncodingSlot
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        slot.beginObject()
        return KeyedEncodingContainer(ObjectEncoding<Key>(slot: slot))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        slot.beginArray()
        return ArrayEncoding(slot: slot)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { ValueEncoding(slot: slot) }
}

private struct ValueEncoding: SingleValueEncodingContainer {
    let slot: EncodingSlot
    var codingPath: [any CodingKey] { [] }

    func encodeNil() { slot.set(.null) }
    func encode<Value: Encodable>(_ value: Value) throws { try slot.encode(value) }
}

private struct ArrayEncoding: UnkeyedEncodingContainer {
    let slot: EncodingSlot
    var codingPath: [any CodingKey] { [] }
    var count: Int { slot.count }

    func encodeNil() { slot.element().set(.null) }
    func encode<Value: Encodable>(_ value: Value) throws { try slot.element().encode(value) }

    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        TreeEncoder(slot: slot.element()).container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        TreeEncoder(slot: slot.element()).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { TreeEncoder(slot: slot.element()) }
}

private struct ObjectEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: EncodingSlot
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { slot.member(key.stringValue).set(.null) }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try slot.member(key.stringValue).encode(value)
    }

    // A member that is nil is written as `null`, so that every object of a kind has the same names.
    private func write<Value: Encodable>(_ value: Value?, _ key: Key) throws {
        guard let value else { return encodeNil(forKey: key) }
        try encode(value, forKey: key)
    }

    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try write(value, key) }
    func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws { try write(value, key) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        TreeEncoder(slot: slot.member(key.stringValue)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        TreeEncoder(slot: slot.member(key.stringValue)).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { TreeEncoder(slot: slot.member("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { TreeEncoder(slot: slot.member(key.stringValue)) }
}
