internal import Safetensors

/// The tensors of a checkpoint by timm's names.
struct NamedTensors: Sendable {
    /// One tensor, made of one or three of the source's.
    struct Entry: Sendable {
        let type: ElementType
        let shape: [Int]
        /// The source's names, whose rows follow one another.
        let sources: [String]
    }

    let source: TensorSource
    /// The layout of the names.
    let map: NameMap
    /// Whose layout it is, for people.
    var layout: String { map.layout }
    /// All tensors, by timm's name.
    let entries: [String: Entry]
    /// The source's names of tensors that nothing reads.
    let needless: [String]
    /// What cannot be translated, one sentence each.
    let problems: [String]

    /// Translates a checkpoint's names.
    init(_ source: TensorSource) {
        self.source = source
        let stripped = TensorSource.unwrapped(source.names)
        map = NameMap(names: Set(stripped))
        var parts: [String: [(third: Int?, name: String)]] = [:]
        var (needless, problems): ([String], [String]) = ([], [])
        for (name, original) in zip(stripped, source.names) {
            if NameMap.isNeedless(name) {
                needless.append(original)
                continue
            }
            let split = name.split(separator: ".", omittingEmptySubsequences: false)
            let found = map.patterns.lazy.compactMap { pattern in
                pattern.target(of: split).map { ($0, pattern.third) }
            }.first
            // What no pattern knows keeps its name, and is found to be unexpected later.
            let (target, third) = found ?? (name, nil)
            parts[target, default: []].append((third, original))
        }
        var entries: [String: Entry] = [:]
        for (target, list) in parts.sorted(by: { $0.key < $1.key }) {
            let list = list.sorted { ($0.third ?? 0, $0.name) < ($1.third ?? 0, $1.name) }
            let thirds = list.map(\.third)
            guard thirds == [nil] || thirds == [0, 1, 2] else {
                problems.append(
                    thirds.contains(nil) || Set(thirds).count < thirds.count
                        ? "“\(target)” is given more than once: "
                            + list.map { quoted($0.name) }.joined(separator: ", ")
                        : "of queries, keys and values there is only "
                            + list.map { quoted($0.name) }.joined(separator: ", "))
                continue
            }
            let found = list.compactMap { source.entries[$0.name] }
            guard let first = found.first else { continue }
            guard found.allSatisfy({ $0.shape == first.shape && $0.type == first.type }),
                found.count == 1 || !first.shape.isEmpty, first.shape.first ?? 1 <= 1 << 30
            else {
                problems.append("queries, keys and values of “\(target)” differ in shape or type")
                continue
            }
            var shape = first.shape
            if found.count > 1 { shape[0] *= found.count }
            entries[target] = Entry(type: first.type, shape: shape, sources: list.map(\.name))
        }
        self.entries = entries
        self.needless = needless
        self.problems = problems
    }

    /// The elements of a tensor, all of them finite.
    ///
    /// - Throws: `CheckpointError`, which names the file, the tensor and the element.
    func finiteFloats(_ name: String) throws(CheckpointError) -> [Float] {
        let originals = entries[name]?.sources ?? [name]
        var result: [Float] = []
        for original in originals {
            let elements = try source.floats(original)
            if let bad = elements.firstIndex(where: { !$0.isFinite }) {
                throw .unusable(
                    "\(source.path), tensor “\(original)”: element \(bad) is \(elements[bad]); every weight must be finite"
                )
            }
            guard originals.count > 1 else { return elements }
            // The parts have one shape, so that nothing is moved when the next one comes.
            result.reserveCapacity(originals.count * elements.count)
            result += elements
        }
        return result
    }
}
