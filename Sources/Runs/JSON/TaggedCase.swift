// Events and commands are enums whose coding is synthesized, which nests a case as `{"stepped":{"_0":{"unit":0,…}}}`.
// A line of the journal has the same in one flat object: `{"event":"stepped","unit":0,…}`.

extension JSONNode {
    /// Adds a case: its name as the member `tag`, its labelled values as members, the members of the others.
    func add(_ value: some Encodable, tag: String) throws {
        let nested = JSONNode()
        try nested.set(value)
        for (name, fields) in zip(nested.names, nested.children) {
            try member(tag).set(name)
            for (name, field) in zip(fields.names, fields.children) {
                if !isUnlabelled(name) { add(field, named: name); continue }
                for (name, member) in zip(field.names, field.children) { add(member, named: name) }
            }
        }
    }
}

/// Whether a name is the one that synthesized coding gives an associated value without a label: `_0`, `_1`, ….
private func isUnlabelled(_ name: String) -> Bool { name.hasPrefix("_") }

/// Reads a case of an enum from a flat object.
struct TaggedDecoder: Decoder {
    /// The member that has the name of the case.
    let tag: String
    /// The name of the case in snake case.
    let name: String
    /// The object.
    let fields: any Decoder

    var codingPath: [any CodingKey] { fields.codingPath }
    var userInfo: [CodingUserInfoKey: Any] { fields.userInfo }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        let camelCase = words.prefix(1) + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }
        guard let key = Key(stringValue: camelCase.joined()) else {
            throw JSONError("there is no \(tag) “\(name)” in this version")
        }
        return KeyedDecodingContainer(TaggedContainer(allKeys: [key], fields: fields))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try fields.unkeyedContainer() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        try fields.singleValueContainer()
    }
}

/// The case of a flat object, and then the case's values.
private final class TaggedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let allKeys: [Key]
    private let fields: any Decoder
    var codingPath: [any CodingKey] { fields.codingPath }
    /// Made once, and only for a case with labelled values: Foundation converts every name of the object for it.
    private lazy var container = Result { try fields.container(keyedBy: Key.self) }

    init(allKeys: [Key], fields: any Decoder) {
        (self.allKeys, self.fields) = (allKeys, fields)
    }

    private func members() throws -> KeyedDecodingContainer<Key> { try container.get() }

    func contains(_ key: Key) -> Bool { (try? members().contains(key)) ?? false }
    func decodeNil(forKey key: Key) throws -> Bool { try members().decodeNil(forKey: key) }
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        isUnlabelled(key.stringValue)
            ? try Value(from: fields) : try members().decode(type, forKey: key)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(TaggedContainer<Nested>(allKeys: [], fields: fields))
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try members().nestedUnkeyedContainer(forKey: key)
    }
    func superDecoder() throws -> any Decoder { fields }
    func superDecoder(forKey key: Key) throws -> any Decoder { fields }
}
