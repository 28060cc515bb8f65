internal import Files
internal import Yams
internal import Vocabulary

extension RunPlan {
    /// The greatest length of a plan's text, in bytes.
    static let greatestLength = 1 << 20

    /// Reads a plan: YAML with `schema: 1`, a `model`, and what differs from the preset.
    ///
    /// Keys that a plan does not have, keys that come twice and values of another kind are refused.
    ///
    /// - Parameter yaml: The text.
    /// - Throws: `PlanError` with the line where it is known.
    package init(yaml: String) throws(PlanError) {
        let document = try PlanMapping(try compose(yaml), place: "", what: "the plan")
        let preset =
            try document.value("preset") { text in
                Preset(rawValue: text)
            } accepted: {
                Preset.allCases.map(\.rawValue).joined(separator: ", ")
            } ?? .mgrq
        let fields = HyperparameterField.all.map(\.key)
        try document.check(known: PlanKey.allCases.map(\.rawValue) + fields)
        try Self.checkSchema(document)
        guard let model = try document.text("model"), !model.isEmpty else { throw .missingKey("model") }
        self.init(model: model, preset: preset)
        imageSize = try document.value("image_size") {
            Int($0).flatMap { Self.imageSizes.contains($0) ? $0 : nil }
        } accepted: {
            "a whole number of pixels from \(Self.imageSizes.lowerBound) through \(Self.imageSizes.upperBound)"
        }
        calibration = try document.text("calibration")
        evaluation = try document.text("evaluation")
        seed =
            try document.value("seed") {
                UInt64($0)
            } accepted: {
                "a whole number from 0"
            } ?? seed
        let images = 1...1_000_000
        calibrationImages =
            try document.value("calibration_images") {
                Int($0).flatMap { images.contains($0) ? $0 : nil }
            } accepted: {
                "a whole number from \(images.lowerBound) through \(images.upperBound)"
            }
            ?? calibrationImages
        self.images.selection = try document.option("calibration_selection") ?? self.images.selection
        self.images.onBadImage = try document.option("on_bad_image") ?? self.images.onBadImage
        self.images.appliesExifOrientation =
            try document.value("exif_orientation") {
                Bool($0)
            } accepted: {
                "true or false"
            } ?? self.images.appliesExifOrientation
        for change in try document.changes(except: PlanKey.allCases.map(\.rawValue)) {
            try hyperparameters.apply([change])
        }
        units = try document.list("units").map { (node) throws(PlanError) in try UnitOverride(node) }
        sites = try document.list("sites").map { (node) throws(PlanError) in try SiteOverride(node) }
    }

    /// Reads a plan from a file.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where there is no file, `.badData` with file and line where it is no
    ///   plan, `.inputOutput` where it cannot be read.
    package init(path: String) throws(RunFailure) {
        let bytes = try RunFailure.wrapping(try readFile(path, limit: Self.greatestLength))
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RunFailure(.badData, "\(path) is not UTF-8 text, so it is no plan")
        }
        do throws(PlanError) {
            try self.init(yaml: text)
        } catch {
            throw RunFailure(.badData, error.description(in: path))
        }
    }

    private static func checkSchema(_ document: PlanMapping) throws(PlanError) {
        guard let found = try document.text("schema") else { throw .missingKey("schema") }
        guard found == "\(schema)" else {
            throw PlanError.unsupportedSchema(found).located(at: document.node("schema"))
        }
    }
}

/// The keys of a plan that are no hyperparameters.
enum PlanKey: String, CaseIterable {
    case schema, model, calibration, evaluation, preset, seed
    case imageSize = "image_size"
    case calibrationImages = "calibration_images"
    case calibrationSelection = "calibration_selection"
    case onBadImage = "on_bad_image"
    case exifOrientation = "exif_orientation"
    case units, sites
}

extension UnitOverride {
    fileprivate init(_ node: Node) throws(PlanError) {
        let mapping = try PlanMapping(node, place: "units", what: "an override of units")
        try mapping.check(known: ["match", "set"])
        guard let pattern = try mapping.text("match"), !pattern.isEmpty else {
            throw PlanError.missingKey("match").located(at: node)
        }
        guard let set = mapping.node("set") else { throw PlanError.missingKey("set").located(at: node) }
        self.init(
            match: pattern,
            changes: try PlanMapping(set, place: "set", what: "“set”").changes(except: []))
    }
}

extension SiteOverride {
    fileprivate init(_ node: Node) throws(PlanError) {
        let mapping = try PlanMapping(node, place: "sites", what: "an override of sites")
        try mapping.check(known: ["match", "bits"])
        guard let pattern = try mapping.text("match"), !pattern.isEmpty else {
            throw PlanError.missingKey("match").located(at: node)
        }
        let bits = try mapping.value("bits") { text in
            Int(text).flatMap { Hyperparameters.bitWidths.contains($0) ? $0 : nil }
        } accepted: {
            "2 through 8, or 16 for full precision"
        }
        guard let bits else { throw PlanError.missingKey("bits").located(at: node) }
        self.init(match: pattern, bits: bits)
    }
}

// MARK: - YAML

/// Reads YAML into a tree.
private func compose(_ yaml: String) throws(PlanError) -> Node {
    if let line = lineOfAnchor(in: yaml) {
        throw .notYAML(message: "anchors (&name) are not read; write the value itself", line: line)
    }
    do {
        guard let root = try Yams.compose(yaml: yaml) else { throw PlanError.missingKey("schema") }
        return root
    } catch let error as PlanError {
        throw error
    } catch let error as YamlError {
        throw PlanError(error)
    } catch {
        throw .notYAML(message: "\(error)", line: nil)
    }
}

/// The line of the first anchor.
///
/// A text of some hundred bytes with anchors can describe a tree that takes hours to walk.
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
            self = .notYAML(message: problem, line: mark.line)
        case .reader(let problem, _, _, _):
            self = .notYAML(message: problem, line: nil)
        case .duplicatedKeysInMapping(let duplicates, let context):
            self = .located(.duplicateKey(duplicates.first ?? ""), line: context.mark.line)
        default:
            self = .notYAML(message: "\(error)", line: nil)
        }
    }

    fileprivate func located(at node: Node?) -> PlanError {
        guard let line = node?.mark?.line else { return self }
        if case .located = self { return self }
        return .located(self, line: line)
    }
}

/// A mapping of a plan, read strictly.
private struct PlanMapping {
    private let pairs: [(key: String, node: Node)]
    private let place: String

    /// Takes a node that should be a mapping.
    ///
    /// - Parameters:
    ///   - node: What should be a mapping.
    ///   - place: Where it is, for errors about its keys.
    ///   - what: What it is, for an error about itself.
    /// - Throws: `PlanError.wrongForm` where it is none.
    init(_ node: Node, place: String, what: String) throws(PlanError) {
        guard case .mapping(let mapping) = node else {
            throw PlanError.wrongForm(what: what, found: kind(of: node), accepted: "keys with values")
                .located(at: node)
        }
        self.place = place
        var pairs: [(key: String, node: Node)] = []
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key else {
                throw PlanError.wrongForm(what: "a key of \(what)", found: kind(of: key), accepted: "a word")
                    .located(at: key)
            }
            pairs.append((scalar.string, value))
        }
        self.pairs = pairs
        lines = mapping.map { $0.key.mark?.line }
    }

    private let lines: [Int?]

    func node(_ key: String) -> Node? { pairs.first { $0.key == key }?.node }

    /// Refuses keys that are not known.
    func check(known: [String]) throws(PlanError) {
        for (pair, line) in zip(pairs, lines) where !known.contains(pair.key) {
            let error = PlanError.unknownKey(pair.key, at: place, known: known)
            throw line.map { .located(error, line: $0) } ?? error
        }
    }

    /// The text of a value; nil where the key is missing or its value is null.
    func text(_ key: String) throws(PlanError) -> String? {
        guard let node = node(key) else { return nil }
        return try scalarText(node, key: key)
    }

    /// A value read by `read`, which gives nil for what is not accepted.
    func value<Value>(
        _ key: String, read: (String) -> Value?, accepted: () -> String
    ) throws(PlanError) -> Value? {
        guard let text = try text(key) else { return nil }
        guard let value = read(text) else {
            throw PlanError.badValue(key: key, value: text, accepted: accepted()).located(at: node(key))
        }
        return value
    }

    /// A value that is one of a few words; nil where the key is missing.
    func option<Option: RawRepresentable<String> & CaseIterable>(_ key: String) throws(PlanError) -> Option? {
        try value(key) {
            Option(rawValue: $0)
        } accepted: {
            Option.allCases.map(\.rawValue).joined(separator: " or ")
        }
    }

    /// The elements of a list; none where the key is missing.
    func list(_ key: String) throws(PlanError) -> [Node] {
        guard let node = node(key), !isNull(node) else { return [] }
        guard case .sequence(let sequence) = node else {
            throw PlanError.wrongForm(
                what: "“\(key)”", found: kind(of: node), accepted: "a list of overrides"
            )
            .located(at: node)
        }
        return Array(sequence)
    }

    /// Every pair as a change of a hyperparameter, checked.
    func changes(except others: [String]) throws(PlanError) -> [HyperparameterChange] {
        try check(known: HyperparameterField.all.map(\.key) + others)
        var result: [HyperparameterChange] = []
        var scratch = Hyperparameters()
        for (key, node) in pairs where !others.contains(key) {
            guard let text = try scalarText(node, key: key) else {
                let accepted = HyperparameterField.named(key)?.accepted ?? "a value"
                throw PlanError.badValue(key: key, value: "null", accepted: accepted).located(at: node)
            }
            let change = HyperparameterChange(key: key, value: text)
            do throws(PlanError) {
                try scratch.apply([change])
            } catch {
                throw error.located(at: node)
            }
            result.append(change)
        }
        return result
    }

    private func scalarText(_ node: Node, key: String) throws(PlanError) -> String? {
        guard case .scalar(let scalar) = node else {
            throw PlanError.wrongForm(what: "“\(key)”", found: kind(of: node), accepted: "a single value")
                .located(at: node)
        }
        return isNull(node) ? nil : scalar.string
    }
}

private func isNull(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else {
        return false
    }
    return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
}

private func kind(of node: Node) -> String {
    switch node {
    case .scalar(let scalar): isNull(node) ? "empty" : "“\(scalar.string)”"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
}
