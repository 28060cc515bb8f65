internal import Files
internal import Safetensors

/// A file that `torch.save` wrote, open for reading: a dictionary of tensors, perhaps wrapped in others.
///
/// Nothing in it is executed. The elements stay in the mapped file until they are asked for.
struct TorchFile: Sendable {
    /// The keys under which training programs store weights, in order of preference.
    static let wrappers = ["state_dict_ema", "model_ema", "state_dict", "model"]

    private let mapping: FileMapping
    private let places: [String: Int]
    /// The names of the tensors, in the file's order.
    let names: [String]
    /// The tensors by name, every one within its storage.
    let tensors: [String: TorchTensor]

    /// The path as given by the caller.
    var path: String { mapping.path }

    /// Opens and checks a file.
    ///
    /// - Parameter path: Its path.
    /// - Throws: `CheckpointError` with the file, the byte or the tensor.
    init(path: String) throws(CheckpointError) {
        let mapping = try CheckpointError.wrapping(try FileMapping(path: path))
        self.mapping = mapping
        let members = try mapping.withBytes { bytes throws(CheckpointError) in
            try Self.members(of: bytes, path: path)
        }
        let pickles = members.keys.filter { $0.hasSuffix("/data.pkl") || $0 == "data.pkl" }
        guard pickles.count == 1, let pickle = pickles.first, let range = members[pickle] else {
            throw .unusable("\(path): a zip file with one data.pkl was expected, as torch.save writes it")
        }
        let prefix = String(pickle.dropLast("data.pkl".count))
        if let order = members[prefix + "byteorder"] {
            let isLittle = try mapping.withBytes { bytes throws(CheckpointError) in
                order.count == 6 && bytes[order.lowerBound] == UInt8(ascii: "l")
            }
            guard isLittle else {
                throw .unusable(
                    "\(path): the bytes are not in little-endian order; convert it to safetensors")
            }
        }
        var machine = PickleMachine(file: "\(path), \(quoted(pickle))")
        let root = try mapping.withBytes { bytes throws(CheckpointError) in
            try machine.read(bytes.extracting(range))
        }
        (names, tensors) = try Self.state(of: root, in: machine, path: path)
        var places: [String: Int] = [:]
        for name in names {
            guard let storage = tensors[name]?.storage else { continue }
            guard let entry = members["\(prefix)data/\(storage.key)"],
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
        if let packed = directory.members.first(where: { $0.method != 0 }) {
            throw .unusable(
                "\(path): \(quoted(packed.name)) is compressed; only stored members are accepted, as torch.save writes "
                    + "them; convert the weights to safetensors")
        }
        return Dictionary(uniqueKeysWithValues: directory.members.map { ($0.name, $0.bytes) })
    }

    /// The dictionary of tensors in a pickle.
    private static func state(
        of root: PickleValue, in machine: PickleMachine, path: String
    ) throws(CheckpointError) -> ([String], [String: TorchTensor]) {
        guard case .dictionary(var index) = root else {
            throw .unusable("\(path): a dictionary of tensors was expected")
        }
        for wrapper in wrappers {
            let found = machine.dictionaries[index].lazy.compactMap { key, value -> Int? in
                if case (.text(wrapper), .dictionary(let inner)) = (key, value) { inner } else { nil }
            }
            if let inner = found.first {
                index = inner
                break
            }
        }
        var names: [String] = []
        var tensors: [String: TorchTensor] = [:]
        for (key, value) in machine.dictionaries[index] {
            guard case .text(let name) = key, case .tensor(let tensor) = value else {
                let named = if case .text(let name) = key { quoted(name) } else { "a key that is not text" }
                throw .unusable(
                    "\(path): \(named) is not a tensor; a dictionary of tensors was expected, at the top or as one of "
                        + wrappers.joined(separator: ", "))
            }
            guard tensors.updateValue(machine.tensors[tensor], forKey: name) == nil else {
                throw .unusable("\(path), tensor \(quoted(name)): there are two of this name")
            }
            names.append(name)
        }
        return (names, tensors)
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
