internal import Files
internal import Safetensors

/// A file that `torch.save` wrote, open for reading: a dictionary of tensors, perhaps beside or within others.
///
/// Nothing in it is executed. The elements stay in the mapped file until they are asked for.
struct TorchFile: Sendable {
    /// The keys under which training programs store weights, in order of preference, where there is more than one model.
    ///
    /// Averages over time come first, as they are what is published. Every other key with the word `ema` counts as “ema”.
    static let preferred = [
        "state_dict_ema", "model_ema", "ema_state_dict", "ema", "teacher", "state_dict", "model_state_dict",
        "model",
    ]
    /// The number of keys in `preferred` that stand for averages.
    private static let averages = 5

    /// The place of a key in `preferred`; their number for any other.
    private static func rank(_ key: String) -> Int {
        if let place = preferred.firstIndex(of: key) { return place }
        let words = key.split { !$0.isLetter }.map { $0.lowercased() }
        return words.contains("ema") || key.hasSuffix("EMA")
            ? preferred.firstIndex(of: "ema") ?? 0 : preferred.count
    }
    /// The first bytes of the format from before PyTorch 1.6: a pickled number.
    private static let legacyMark: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
    ]

    /// Whether a file that begins with some bytes is in the format from before PyTorch 1.6.
    static func isLegacy(_ start: [UInt8]) -> Bool { start.starts(with: legacyMark) }

    private let mapping: FileMapping
    private let places: [String: Int]
    /// The names of the tensors, in the file's order.
    let names: [String]
    /// The tensors by name, every one within its storage.
    let tensors: [String: TorchTensor]
    /// Which of several dictionaries of tensors these are, and which others there are; nil where there is one alone.
    let choice: String?

    /// The path as given by the caller.
    var path: String { mapping.path }

    /// What the pickles of a file say, and where the bytes of each storage are.
    private struct Contents {
        let root: PickleValue
        let machine: PickleMachine
        let storages: [String: Range<Int>]
    }

    /// Opens and checks a file.
    ///
    /// - Parameter path: Its path.
    /// - Throws: `CheckpointError` with the file, the byte or the tensor.
    init(path: String) throws(CheckpointError) {
        let mapping = try CheckpointError.wrapping(try FileMapping(path: path))
        self.mapping = mapping
        let contents = try mapping.withBytes { bytes throws(CheckpointError) in
            let mark = Self.legacyMark
            let isLegacy =
                bytes.count > mark.count && mark.indices.allSatisfy { bytes[$0] == mark[$0] }
            return isLegacy
                ? try Self.legacyContents(of: bytes, path: path) : try Self.zipContents(of: bytes, path: path)
        }
        (names, tensors, choice) = try Self.state(of: contents.root, in: contents.machine, path: path)
        var places: [String: Int] = [:]
        for name in names {
            guard let storage = tensors[name]?.storage else { continue }
            guard let entry = contents.storages[storage.key],
                storage.count <= entry.count / (storage.type.bits / 8)
            else {
                throw .unusable(
                    "\(path), tensor \(quoted(name)): its storage \(quoted(storage.key)) of \(storage.count) elements "
                        + "is not in the file, or shorter than that")
            }
            places[storage.key] = entry.lowerBound
        }
        self.places = places
    }

    /// Reads a zip file: one pickle, and a member for every storage.
    private static func zipContents(
        of bytes: Span<UInt8>, path: String
    ) throws(CheckpointError) -> Contents {
        let members = try members(of: bytes, path: path)
        let pickles = members.keys.filter { $0.hasSuffix("/data.pkl") || $0 == "data.pkl" }
        guard pickles.count == 1, let pickle = pickles.first, let range = members[pickle] else {
            throw .unusable("\(path): a zip file with one data.pkl was expected, as torch.save writes it")
        }
        let prefix = String(pickle.dropLast("data.pkl".count))
        if let order = members[prefix + "byteorder"] {
            guard order.count == 6, bytes[order.lowerBound] == UInt8(ascii: "l") else {
                throw .unusable(
                    "\(path): the bytes are not in little-endian order; convert it to safetensors")
            }
        }
        var machine = PickleMachine(file: "\(path), \(quoted(pickle))")
        let root = try machine.read(bytes.extracting(range))
        var storages: [String: Range<Int>] = [:]
        for (name, range) in members where name.hasPrefix(prefix + "data/") {
            storages[String(name.dropFirst(prefix.count + 5))] = range
        }
        return Contents(root: root, machine: machine, storages: storages)
    }

    /// Reads the format from before PyTorch 1.6: pickles of a number, a version, facts of the system, the object and the
    /// storages' keys, then every storage, its number of elements first.
    private static func legacyContents(
        of bytes: Span<UInt8>, path: String
    ) throws(CheckpointError) -> Contents {
        var position = legacyMark.count
        func next() throws(CheckpointError) -> (PickleValue, PickleMachine) {
            var machine = PickleMachine(file: path, position: position)
            let value = try machine.read(bytes)
            position = machine.position
            return (value, machine)
        }
        _ = try next()
        _ = try next()
        let (root, machine) = try next()
        let (list, keys) = try next()
        guard case .list(let index) = list else {
            throw .unusable("\(path): the list of storages was expected at byte \(position)")
        }
        let known = Dictionary(machine.storages.map { ($0.key, $0) }) { first, _ in first }
        var storages: [String: Range<Int>] = [:]
        for value in keys.sequences[index] {
            guard case .text(let key) = value, let storage = known[key], position + 8 <= bytes.count else {
                throw .unusable("\(path): a storage at byte \(position) is not one of the file's")
            }
            var count: UInt64 = 0
            for byte in 0..<8 { count |= UInt64(bytes[position + byte]) << UInt64(8 * byte) }
            position += 8
            let length = Int(clamping: count).multipliedReportingOverflow(by: storage.type.bits / 8)
            guard !length.overflow, length.partialValue <= bytes.count - position else {
                throw .unusable(
                    "\(path): storage \(quoted(key)) at byte \(position) goes beyond the end of the file")
            }
            storages[key] = position..<position + length.partialValue
            position += length.partialValue
        }
        return Contents(root: root, machine: machine, storages: storages)
    }

    /// The ranges of a zip file's members, by name; all must be stored uncompressed.
    private static func members(
        of bytes: Span<UInt8>, path: String
    ) throws(CheckpointError) -> [String: Range<Int>] {
        let directory: ZIPDirectory
        do {
            directory = try ZIPDirectory(parsing: bytes)
        } catch {
            throw .unusable("\(path), \(error)")
        }
        let names = directory.members.map(\.name)
        func has(_ parts: String...) -> Bool {
            names.contains { name in parts.contains { name == $0 || name.hasSuffix("/" + $0) } }
        }
        let save = "save model.state_dict() with torch.save or safetensors"
        if has("constants.pkl"), names.contains(where: { $0.contains("/code/") }) {
            throw .unusable(
                "\(path) is a TorchScript program, which is not read; \(save) before torch.jit.script or trace"
            )
        }
        if has("archive_format", "serialized_exported_program.json", "models/model.json") {
            throw .unusable(
                "\(path) is an exported program (.pt2), which is not read; \(save) before torch.export")
        }
        if !names.isEmpty, names.allSatisfy({ $0.hasSuffix(".npy") }) {
            throw .unusable(
                "\(path) is a NumPy archive (.npz), such as JAX models come in, which is not read as a model; load it "
                    + "into timm's model and \(save)")
        }
        if has("model.weights.h5") {
            throw .unusable("\(path) is a Keras model, which is not read; give PyTorch's")
        }
        if let packed = directory.members.first(where: { $0.method != 0 }) {
            throw .unusable(
                "\(path): \(quoted(packed.name)) is compressed; only stored members are accepted, as torch.save writes "
                    + "them; convert the weights to safetensors")
        }
        return Dictionary(uniqueKeysWithValues: directory.members.map { ($0.name, $0.bytes) })
    }

    /// A dictionary in a pickle that holds tensors by name, and where it is.
    private struct Candidate {
        /// The keys that lead to it; none for the top.
        let keys: [String]
        let index: Int

        /// The keys joined by dots; `""` for the top.
        var place: String { keys.joined(separator: ".") }
        /// How late it comes among several: the least place in `preferred` of a key that leads to it.
        var rank: Int { keys.map(TorchFile.rank).min() ?? preferred.count }
    }

    /// The dictionaries with a vision transformer's tensors in a pickle, up to three levels deep.
    private static func candidates(
        _ value: PickleValue, _ place: [String], in machine: PickleMachine, seen: inout Set<Int>
    ) -> [Candidate] {
        let index: Int
        switch value {
        case .dictionary(let found), .object(_, let found): index = found
        default: return []
        }
        guard seen.insert(index).inserted else { return [] }
        var (names, inner): ([String], [Candidate]) = ([], [])
        for (key, value) in machine.dictionaries[index] {
            guard case .text(let name) = key else { continue }
            if case .tensor = value {
                names.append(ModelPrefix.unwrapped(name))
            } else if place.count < 3 {
                inner += candidates(value, place + [name], in: machine, seen: &seen)
            }
        }
        guard ModelPrefix.all(in: names).isEmpty else {
            return [Candidate(keys: place, index: index)] + inner
        }
        return inner
    }

    /// The dictionary of tensors in a pickle; of several, that of the preferred key.
    private static func state(
        of root: PickleValue, in machine: PickleMachine, path: String
    ) throws(CheckpointError) -> ([String], [String: TorchTensor], choice: String?) {
        var seen: Set<Int> = []
        let found = candidates(root, [], in: machine, seen: &seen)
        let top: Int
        switch root {
        case .dictionary(let index): top = index
        case .object(_, let index) where !found.isEmpty: top = index
        case .object(let type, _):
            throw .unusable(
                "\(path) holds a Python object, \(quoted(type)), and not tensors by name; save its state_dict()"
            )
        default: throw .unusable("\(path): a dictionary of tensors was expected")
        }
        let best = found.min { $0.rank < $1.rank }
        if let best, found.count > 1,
            best.rank == preferred.count || found.count(where: { $0.rank == best.rank }) > 1
        {
            throw .unusable(
                "\(path) holds several models, at "
                    + found.map { $0.place.isEmpty ? "the top" : quoted($0.place) }.joined(separator: ", ")
                    + "; save the one that is meant in a file of its own")
        }
        var (names, tensors): ([String], [String: TorchTensor]) = ([], [:])
        for (key, value) in machine.dictionaries[best?.index ?? top] {
            // Numbers, settings and the like beside the tensors are no weights.
            guard case .text(let name) = key, case .tensor(let tensor) = value else { continue }
            guard tensors.updateValue(machine.tensors[tensor], forKey: name) == nil else {
                throw .unusable("\(path), tensor \(quoted(name)): there are two of this name")
            }
            names.append(name)
        }
        guard !names.isEmpty else {
            let keys = machine.dictionaries[top].prefix(8).compactMap { key, _ in
                if case .text(let name) = key { quoted(name) } else { nil }
            }
            throw .unusable(
                "\(path) holds no tensors of a vision transformer by name, only "
                    + (keys.isEmpty ? "nothing" : keys.joined(separator: ", ")))
        }
        guard let best, !best.place.isEmpty else { return (names, tensors, nil) }
        let isAverage = best.rank < averages
        let others = found.filter { $0.place != best.place }.map { quoted($0.place) }
        return (
            names, tensors,
            "the \(isAverage ? "averaged (EMA) weights" : "weights") at \(quoted(best.place))"
                + (others.isEmpty ? "" : ", not those at \(others.joined(separator: ", "))")
        )
    }

    /// The elements of a tensor in row-major order.
    ///
    /// - Throws: `CheckpointError` where there is none of this name, or it holds no floats.
    func floats(_ name: String) throws(CheckpointError) -> [Float] {
        guard let tensor = tensors[name], let place = places[tensor.storage.key] else {
            throw .unusable("\(path), tensor \(quoted(name)): there is none of this name")
        }
        guard tensor.count > 0 else { return [] }
        let width = tensor.storage.type.bits / 8
        let reach = zip(tensor.shape, tensor.strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 } + 1
        let first = place + tensor.offset * width
        let elements: [Float] = try mapping.withBytes { bytes throws(CheckpointError) in
            do throws(FloatProblem) {
                return try floatElements(
                    bytes.extracting(first..<first + reach * width), type: tensor.storage.type)
            } catch {
                switch error {
                case .noFloats:
                    throw CheckpointError.unusable(
                        "\(path), tensor \(quoted(name)): the elements are \(tensor.storage.type.rawValue), but F32, F16, "
                            + "BF16 or F64 is needed")
                case .beyondRange(let index, let value):
                    throw CheckpointError.unusable(
                        "\(path), tensor \(quoted(name)): element \(index), \(value), is beyond the range of 32-bit floats"
                    )
                }
            }
        }
        guard !tensor.isContiguous else { return elements }
        var places = [0]
        for (extent, stride) in zip(tensor.shape, tensor.strides) {
            places = places.flatMap { start in (0..<extent).map { start + $0 * stride } }
        }
        return places.map { elements[$0] }
    }
}
