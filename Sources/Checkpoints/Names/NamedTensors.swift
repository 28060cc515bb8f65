internal import Safetensors

/// The tensors of a checkpoint by timm's names.
struct NamedTensors: Sendable {
    /// Where a part of a tensor comes from.
    enum Part: Sendable {
        /// A tensor of the source, by its name there.
        case tensor(String)
        /// This many zeros, for a bias that the layout leaves out.
        case zeros(Int)
    }

    /// One tensor, made of parts whose rows follow one another.
    struct Entry: Sendable {
        let type: ElementType
        let shape: [Int]
        let parts: [Part]
    }

    let source: TensorSource
    /// The layout of the names.
    let map: NameMap
    /// Whose layout it is, for people.
    var layout: String { map.layout }
    /// What stands before the model's own names, `backbone.` for example; `""` for nothing.
    let prefix: String
    /// All tensors, by timm's name.
    let entries: [String: Entry]
    /// The source's names of tensors that nothing reads.
    let needless: [String]
    /// Those of `needless` that are left out because of the start of their names alone, and the layer that some models have
    /// behind their features.
    let strangers: [String]
    /// What cannot be translated, one sentence each.
    let problems: [String]

    /// Translates a checkpoint's names.
    ///
    /// - Parameters:
    ///   - source: The tensors.
    ///   - lacksClassifier: Whether config.json says that the model has no classifier, so that layers beside it are not
    ///     its own.
    init(_ source: TensorSource, lacksClassifier: Bool = false) {
        self.source = source
        let names = source.names.map(ModelPrefix.unwrapped)
        let prefixes = ModelPrefix.all(in: names)
        let prefix = prefixes.first ?? ""
        self.prefix = prefix
        let isPart = names.map { $0.hasPrefix(prefix) }
        let stripped = zip(names, isPart).map { $1 ? String($0.dropFirst(prefix.count)) : $0 }
        let map = NameMap(names: Set(stripped))
        self.map = map
        var list: [String: [(part: Int?, name: String)]] = [:]
        var (needless, strangers, problems): ([String], [String], [String]) = ([], [], [])
        if prefixes.count > 1 {
            problems.append(
                "it holds several models, whose names begin with "
                    + prefixes.map { $0.isEmpty ? "nothing" : "“\($0)”" }.joined(separator: ", ")
                    + "; save the one that is meant in a file of its own")
        }
        for (index, (name, original)) in zip(stripped, source.names).enumerated() {
            let isHead = ["head.", "head_dist.", "classifier.", "fc_norm.", "norm."].contains(
                where: name.hasPrefix)
            let isStranger =
                (!isPart[index] || prefix.isEmpty) && ModelPrefix.isStranger(name)
                || !isPart[index] && lacksClassifier && !isHead
            let isNeedless = map.isNeedless(name)
            if isNeedless || isStranger {
                needless.append(original)
                let isPooler = name.hasPrefix("pooler.dense.") || name.holds(".pooler.dense.")
                if isPooler || !isNeedless && ModelPrefix.isToldByName(name) { strangers.append(original) }
                continue
            }
            let split = name.split(separator: ".", omittingEmptySubsequences: false)
            let found = map.patterns.lazy.compactMap { pattern in
                pattern.target(of: split).map { ($0, pattern.part) }
            }.first
            // What no pattern knows keeps its name, and is found to be unexpected later.
            let (target, part) = found ?? (name, nil)
            list[target, default: []].append((part, original))
        }
        var entries: [String: Entry] = [:]
        for (target, parts) in list.sorted(by: { $0.key < $1.key }) {
            do throws(Mismatch) {
                entries[target] = try Self.entry(target, parts, source)
            } catch {
                problems.append(error.sentence)
            }
        }
        for layer in map.zeroBiases where entries["\(layer).bias"] == nil {
            guard let weight = entries["\(layer).weight"], let outputs = weight.shape.first else { continue }
            entries["\(layer).bias"] = Entry(type: .float32, shape: [outputs], parts: [.zeros(outputs)])
        }
        self.entries = entries
        self.needless = needless
        self.strangers = strangers
        self.problems = problems
    }

    /// Why tensors do not make one.
    private struct Mismatch: Error {
        let sentence: String
    }

    /// Joins the tensors of one name, of queries, keys and values for example.
    private static func entry(
        _ target: String, _ list: [(part: Int?, name: String)], _ source: TensorSource
    ) throws(Mismatch) -> Entry? {
        let list = list.sorted { ($0.part ?? 0, $0.name) < ($1.part ?? 0, $1.name) }
        let places = list.map(\.part)
        // Keys without a bias are those of BEiT: softmax does not see it.
        let lacksKeys = places == [0, 2] && target.hasSuffix(".bias")
        let isGated = target.holds(".mlp.fc1.")
        guard places == [nil] || places == (isGated ? [0, 1] : [0, 1, 2]) || lacksKeys else {
            throw Mismatch(
                sentence: places.contains(nil) || Set(places).count < places.count
                    ? "“\(target)” is given more than once: "
                        + list.map { quoted($0.name) }.joined(separator: ", ")
                    : "of \(isGated ? "the two factors of a gated MLP" : "queries, keys and values") there is only "
                        + list.map { quoted($0.name) }.joined(separator: ", "))
        }
        let found = list.compactMap { source.entries[$0.name] }
        guard let first = found.first else { return nil }
        guard found.allSatisfy({ $0.shape == first.shape && $0.type == first.type }),
            found.count == 1 || !first.shape.isEmpty, first.shape.first ?? 1 <= 1 << 30
        else {
            throw Mismatch(sentence: "the parts of “\(target)” differ in shape or type")
        }
        var shape = first.shape
        var parts = list.map { Part.tensor($0.name) }
        if lacksKeys { parts.insert(.zeros(first.shape.reduce(1, *)), at: 1) }
        if parts.count > 1 { shape[0] *= parts.count }
        // Some layouts leave out axes of one element.
        if let rank = ["cls_token": 3, "pos_embed": 3][target], !shape.isEmpty {
            while shape.count < rank { shape.insert(1, at: 0) }
        }
        return Entry(type: first.type, shape: shape, parts: parts)
    }

    /// The elements of a tensor, all of them finite.
    ///
    /// - Throws: `CheckpointError`, which names the file, the tensor and the element.
    func finiteFloats(_ name: String) throws(CheckpointError) -> [Float] {
        let parts = entries[name]?.parts ?? [.tensor(name)]
        var result: [Float] = []
        for part in parts {
            guard case .tensor(let original) = part else {
                if case .zeros(let count) = part { result += Array(repeating: 0, count: count) }
                continue
            }
            let elements = try source.floats(original)
            if let bad = elements.firstIndex(where: { !$0.isFinite }) {
                throw .unusable(
                    "\(source.path), tensor “\(original)”: element \(bad) is \(elements[bad]); every weight must be finite"
                )
            }
            guard parts.count > 1 else { return elements }
            // The parts have one shape, so that nothing is moved when the next one comes.
            result.reserveCapacity(parts.count * elements.count)
            result += elements
        }
        return result
    }
}
