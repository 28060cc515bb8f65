internal import Foundation

/// Why a text is not the JSON that was expected, in one sentence.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was found and what was expected.
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Reads one JSON document, with names in snake case; names that the type does not have are ignored.
///
/// - Parameters:
///   - bytes: The UTF-8 text.
///   - type: The type of the value.
/// - Returns: The value.
/// - Throws: `JSONError` that names what is missing or wrong.
package func decodeJSON<Value: Decodable>(
    _ bytes: [UInt8], as type: Value.Type = Value.self
) throws(JSONError) -> Value {
    do {
        return try decoder.decode(type, from: Data(bytes))
    } catch let error as JSONError {
        throw error
    } catch let error as DecodingError {
        throw JSONError(error)
    } catch {
        throw JSONError("\(error)")
    }
}

private let decoder = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
}()

extension JSONError {
    fileprivate init(_ error: DecodingError) {
        func place(_ path: [any CodingKey]) -> String {
            path.reduce("") { place, key in
                if let index = key.intValue { return "\(place)[\(index)]" }
                return place + (place.isEmpty ? "" : ".") + snakeCase(key.stringValue)
            }
        }
        switch error {
        case .keyNotFound(let key, let context):
            self.init("“\(place(context.codingPath + [key]))” is missing")
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            self.init("it is not valid JSON, or a number is out of range")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let place = context.codingPath.isEmpty ? "the document" : "“\(place(context.codingPath))”"
            self.init("\(place) is wrong: \(context.debugDescription)")
        @unknown default:
            self.init("\(error)")
        }
    }
}

// NaN is written as `null`. These overloads take the place of the standard library's in the synthesized decoding of
// this module's types, and read it back.
extension KeyedDecodingContainer {
    func decode(_: Double.Type, forKey key: Key) throws -> Double {
        try decode(Double?.self, forKey: key) ?? .nan
    }

    func decodeIfPresent(_: [Float].Type, forKey key: Key) throws -> [Float]? {
        try decodeIfPresent([Float?].self, forKey: key)?.map { $0 ?? .nan }
    }
}
