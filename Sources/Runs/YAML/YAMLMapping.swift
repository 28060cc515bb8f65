internal import Yams

/// A mapping of a YAML file, read strictly: plans, settings and themes are read with it.
///
/// Unknown keys, keys given twice, and values of another form are errors that state the line. Values are texts; YAML's
/// own types are not used, so that `no` or `1e3` mean what the reader of the value makes of them.
package struct YAMLMapping {
    /// The line of the mapping, from 1; nil for an empty file.
    package let line: Int?
    private let place: String
    private let pairs: [(key: String, line: Int?, node: Node)]

    /// Reads a file; an empty one is an empty mapping.
    ///
    /// - Parameters:
    ///   - yaml: The whole text.
    ///   - what: What the file is, for errors: `the plan`.
    /// - Throws: `PlanError.notYAML`, `.duplicateKey`, or `.wrongForm` for a file that is not a mapping.
    package init(_ yaml: String, what: String) throws(PlanError) {
        try self.init(try compose(yaml) ?? Node(""), place: "", what: what)
    }

    /// Takes a node; an empty one is an empty mapping.
    ///
    /// - Parameters:
    ///   - node: The node.
    ///   - place: The name of the mapping in errors about its keys.
    ///   - what: The name of the mapping in errors about its form.
    /// - Throws: `PlanError.wrongForm` for a node of another form.
    private init(_ node: Node, place: String, what: String) throws(PlanError) {
        line = node.mark?.line
        self.place = place
        guard !isNull(node) else {
            pairs = []
            return
        }
        guard case .mapping(let mapping) = node else {
            throw PlanError.wrongForm(what: what, found: form(of: node), accepted: "keys with values")
                .located(at: line)
        }
        var pairs: [(String, Int?, Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                throw PlanError.wrongForm(what: "a key of \(what)", found: form(of: key), accepted: "a word")
                    .located(at: key.mark?.line)
            }
            pairs.append((scalar.string, key.mark?.line, value))
        }
        self.pairs = pairs
    }

    /// The keys in the order of the file.
    package var keys: [String] { pairs.map(\.key) }

    /// The line of a key, from 1; nil for a key that is absent.
    package func line(of key: String) -> Int? { pairs.first { $0.key == key }?.line }

    private func node(_ key: String) -> Node? { pairs.first { $0.key == key }?.node }

    /// Refuses keys other than these.
    ///
    /// - Throws: `PlanError.unknownKey`.
    package func check(known: [String]) throws(PlanError) {
        for pair in pairs where !known.contains(pair.key) {
            throw PlanError.unknownKey(pair.key, at: place, known: known).located(at: pair.line)
        }
    }

    /// The text of a value; nil for a key that is absent or null.
    ///
    /// - Throws: `PlanError.wrongForm` for a list or a mapping.
    package func text(_ key: String) throws(PlanError) -> String? {
        guard let node = node(key), !isNull(node) else { return nil }
        return try scalar(node, of: key)
    }

    /// The text of a value that must be given and not be empty.
    ///
    /// - Throws: `PlanError.missingKey`, or `.wrongForm` for a list or a mapping.
    package func required(_ key: String) throws(PlanError) -> String {
        guard let text = try text(key), !text.isEmpty else {
            throw PlanError.missingKey(key).located(at: line)
        }
        return text
    }

    /// A value that `read` accepts; nil for a key that is absent.
    ///
    /// - Throws: `PlanError.badValue` where `read` returns nil.
    package func value<Value>(
        _ key: String, read: (String) -> Value?, accepted: () -> String
    ) throws(PlanError) -> Value? {
        guard let text = try text(key) else { return nil }
        guard let value = read(text) else {
            throw PlanError.badValue(key: key, value: text, accepted: accepted()).located(at: line(of: key))
        }
        return value
    }

    /// A value that is one of a few words; nil for a key that is absent.
    ///
    /// - Throws: `PlanError.badValue` for any other value.
    package func option<Option: RawRepresentable<String> & CaseIterable>(
        _ key: String
    ) throws(PlanError) -> Option? {
        try value(key) {
            Option(rawValue: $0)
        } accepted: {
            Option.allCases.map(\.rawValue).joined(separator: " or ")
        }
    }

    /// `true` or `false`; nil for a key that is absent.
    ///
    /// - Throws: `PlanError.badValue` for any other value.
    package func flag(_ key: String) throws(PlanError) -> Bool? {
        try value(key) {
            Bool($0)
        } accepted: {
            "true or false"
        }
    }

    /// A whole number; nil for a key that is absent.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - range: The numbers accepted.
    ///   - unit: What is counted, for errors: ` of pixels`.
    /// - Returns: The number.
    /// - Throws: `PlanError.badValue` for any other value.
    package func integer(
        _ key: String, in range: ClosedRange<Int>, of unit: String = ""
    ) throws(PlanError) -> Int? {
        try value(key) {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        } accepted: {
            "a whole number\(unit) from \(range.lowerBound) through \(range.upperBound)"
        }
    }

    /// The texts of a list, or a single text as a list of one; nil for a key that is absent or null.
    ///
    /// - Throws: `PlanError.wrongForm` for a mapping, or a list of anything but texts.
    package func texts(_ key: String) throws(PlanError) -> [String]? {
        guard let node = node(key), !isNull(node) else { return nil }
        guard case .sequence(let sequence) = node else { return [try scalar(node, of: key)] }
        var texts: [String] = []
        for node in sequence { texts.append(try scalar(node, of: key)) }
        return texts
    }

    /// A mapping inside this one; nil for a key that is absent.
    ///
    /// - Throws: `PlanError.wrongForm` for a value of another form.
    package func mapping(_ key: String) throws(PlanError) -> YAMLMapping? {
        guard let node = node(key) else { return nil }
        return try YAMLMapping(node, place: key, what: "“\(key)”")
    }

    /// The mappings of a list; none for a key that is absent or null.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - what: What an element is, for errors.
    /// - Returns: The mappings in the order of the file.
    /// - Throws: `PlanError.wrongForm` for a value of another form.
    package func mappings(_ key: String, what: String) throws(PlanError) -> [YAMLMapping] {
        guard let node = node(key), !isNull(node) else { return [] }
        guard case .sequence(let sequence) = node else {
            throw PlanError.wrongForm(what: "“\(key)”", found: form(of: node), accepted: "a list")
                .located(at: line(of: key))
        }
        var mappings: [YAMLMapping] = []
        for node in sequence { mappings.append(try YAMLMapping(node, place: key, what: what)) }
        return mappings
    }

    private func scalar(_ node: Node, of key: String) throws(PlanError) -> String {
        guard case .scalar(let scalar) = node else {
            throw PlanError.wrongForm(what: "“\(key)”", found: form(of: node), accepted: "a single value")
                .located(at: line(of: key))
        }
        return scalar.string
    }
}

private func compose(_ yaml: String) throws(PlanError) -> Node? {
    if let line = lineOfAnchor(in: yaml) {
        throw .located(.notYAML("anchors (&name) are not supported; write the value itself"), line: line)
    }
    do {
        return try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
        throw PlanError(error)
    } catch {
        throw .notYAML("\(error)")
    }
}

/// The line of the first anchor.
///
/// Some hundred bytes with anchors can describe a tree that takes hours to walk.
private func lineOfAnchor(in yaml: String) -> Int? {
    for (index, line) in yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        guard let first = line.first(where: { !$0.isWhitespace }), first != "#" else { continue }
        var before: Character = " "
        var opens = false
        for character in line {
            if opens, !character.isWhitespace { return index + 1 }
            opens = character == "&" && (before.isWhitespace || "[{,:?-!".contains(before))
            before = character
        }
    }
    return nil
}

extension PlanError {
    fileprivate init(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            self = .located(.notYAML(problem), line: mark.line)
        case .reader(let problem, _, _, _):
            self = .notYAML(problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            self = .located(.duplicateKey(duplicates.first ?? ""), line: context.mark.line)
        default:
            self = .notYAML("\(error)")
        }
    }
}

private func isNull(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else {
        return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
}

private func form(of node: Node) -> String {
    switch node {
    case .scalar(let scalar): isNull(node) ? "empty" : "“\(scalar.string)”"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
}
