internal import Yams

/// A text as a YAML scalar in double quotes.
package func yamlQuoted(_ text: String) -> String {
    do {
        let node = Node.scalar(Node.Scalar(text, Tag(.str), .doubleQuoted))
        let yaml = try Yams.serialize(node: node, width: -1, allowUnicode: true)
        return String(yaml.prefix(through: yaml.lastIndex(of: "\"") ?? yaml.startIndex))
    } catch {
        preconditionFailure("a string can always be written as YAML: \(error)")
    }
}
