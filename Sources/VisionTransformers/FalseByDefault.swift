/// A flag of a shape that is false where a file written before the flag existed does not have it.
@propertyWrapper
package struct FalseByDefault: Equatable, Codable, Sendable {
    package var wrappedValue: Bool

    package init(wrappedValue: Bool) {
        self.wrappedValue = wrappedValue
    }

    package init(from decoder: any Decoder) throws {
        wrappedValue = try decoder.singleValueContainer().decode(Bool.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(wrappedValue)
    }
}

extension KeyedDecodingContainer {
    /// Chosen by the compiler for flags of this kind in place of the general one, which wants the key to be there.
    func decode(_ type: FalseByDefault.Type, forKey key: Key) throws -> FalseByDefault {
        try decodeIfPresent(type, forKey: key) ?? FalseByDefault(wrappedValue: false)
    }
}
