internal import Files

/// A value as JSON text.
///
/// Members keep the order of declaration, names are in snake case, nil and numbers that are not finite are `null`.
/// Foundation's encoder keeps no order and leaves nil out.
package struct JSONText {
    private let root = JSONNode()

    /// Encodes a value.
    ///
    /// - Throws: `RunFailure(.internal)` if its `encode` throws.
    package init(encoding value: some Encodable) throws(RunFailure) {
        try self.init { root in try root.set(value) }
    }

    /// Builds a document.
    ///
    /// - Parameter fill: Gives the document's root its value.
    /// - Throws: `RunFailure(.internal)` if `fill` throws.
    init(_ fill: (JSONNode) throws -> Void) throws(RunFailure) {
        do {
            try fill(root)
        } catch {
            throw RunFailure(.internal, "a value cannot be written as JSON: \(error)")
        }
    }

    /// The document on one line, without spaces and without a line end.
    package var line: String {
        var text = ""
        root.write(to: &text, indentation: nil)
        return text
    }

    /// The document over several lines, indented by two spaces a level, with a line end.
    ///
    /// Arrays of numbers stay on one line.
    package var page: String {
        var text = ""
        root.write(to: &text, indentation: 0)
        return text + "\n"
    }

    /// The document, an object with members, as `page`, with the member `sha256` at its end: the SHA-256 of everything before
    /// that member.
    package var sealedPage: (text: String, digest: String) {
        let head = String(page.dropLast("\n}\n".count))
        let digest = sha256(Array(head.utf8))
        return (head + JSONSeal.start + digest + JSONSeal.end, digest)
    }

    /// A string as JSON, with its quotation marks; what a terminal would act on is escaped.
    package static func quoted(_ string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isControl: text += scalar.escape
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// The name of a property in JSON: `sqnrDb` is `sqnr_db`.
func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
}

/// A value of a document while the document is being encoded; also the encoder of that value.
final class JSONNode: Encoder, SingleValueEncodingContainer, UnkeyedEncodingContainer {
    private enum Kind { case number, word, array, object }

    private var kind = Kind.word
    private var text = "null"
    private(set) var names: [String] = []
    private(set) var children: [JSONNode] = []

    func set(_ value: some Encodable) throws {
        switch value {
        case let value as Double: set(value.isFinite, "\(value)")
        case let value as Float: set(value.isFinite, "\(value)")
        case let value as Bool: text = "\(value)"
        case let value as String: text = JSONText.quoted(value)
        case let value as any BinaryInteger: set(true, "\(value)")
        default: try value.encode(to: self)
        }
    }

    private func set(_ isFinite: Bool, _ text: String) {
        if isFinite { (kind, self.text) = (.number, text) }
    }

    func add(_ child: JSONNode, named name: String) {
        kind = .object
        names.append(name)
        children.append(child)
    }

    func member(_ name: String) -> JSONNode {
        let child = JSONNode()
        add(child, named: snakeCase(name))
        return child
    }

    func write(to text: inout String, indentation: Int?) {
        guard kind == .array || kind == .object else { return text += self.text }
        let isFlat = kind == .array && children.allSatisfy { $0.kind == .number }
        let inner = isFlat ? nil : indentation.map { $0 + 2 }
        func breakLine(_ indentation: Int?) {
            if let indentation { text += "\n" + String(repeating: " ", count: indentation) }
        }
        text += kind == .array ? "[" : "{"
        for (index, child) in children.enumerated() {
            if index > 0 { text += "," }
            breakLine(inner)
            if kind == .object { text += JSONText.quoted(names[index]) + (inner == nil ? ":" : ": ") }
            child.write(to: &text, indentation: inner)
        }
        if !isFlat && !children.isEmpty { breakLine(indentation) }
        text += kind == .array ? "]" : "}"
    }

    // MARK: Encoder

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }
    var count: Int { children.count }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        kind = .object
        return KeyedEncodingContainer(JSONMembers(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        kind = .array
        return self
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// The next element of an array; of a single value, itself.
    private func next() -> JSONNode {
        guard kind == .array else { return self }
        children.append(JSONNode())
        return children[children.count - 1]
    }

    func encodeNil() { _ = next() }
    func encode(_ value: some Encodable) throws { try next().set(value) }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { next().unkeyedContainer() }
    func superEncoder() -> any Encoder { next() }
    func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        next().container(keyedBy: type)
    }
}

private struct JSONMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONNode
    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) { _ = node.member(key.stringValue) }
    func encode(_ value: some Encodable, forKey key: Key) throws {
        try node.member(key.stringValue).set(value)
    }

    // Without these, members that are nil would be left out.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try encode(value, forKey: key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encode(value, forKey: key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encode(value, forKey: key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try encode(value, forKey: key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encode(value, forKey: key) }
    func encodeIfPresent(_ value: (some Encodable)?, forKey key: Key) throws {
        try encode(value, forKey: key)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { node.member(key.stringValue).container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        node.member(key.stringValue).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { node }
    func superEncoder(forKey key: Key) -> any Encoder { node.member(key.stringValue) }
}

/// The end of a page of JSON that carries its own SHA-256.
enum JSONSeal {
    fileprivate static let (start, end) = (",\n  \"sha256\": \"", "\"\n}\n")

    /// The SHA-256 that a page carries; nil if the page is not as it was written, to the last bit.
    static func digest(of page: [UInt8]) -> String? {
        let length = start.utf8.count + SHA256.digits + end.utf8.count
        guard page.count > length else { return nil }
        let digest = sha256(Array(page.dropLast(length)))
        return page.suffix(length).elementsEqual((start + digest + end).utf8) ? digest : nil
    }
}
