internal import Safetensors

/// A pickle reader that builds only the data of which PyTorch's checkpoints consist, and reads past everything else.
///
/// Names are never looked up or called: `OrderedDict` becomes a dictionary, `_rebuild_tensor_v2` a tensor, and any other
/// name a value that stands for the object and holds nothing but what is put into it. Names with which a pickle attacks
/// those who load it in Python end the reading all the same.
struct PickleMachine {
    /// The longest pickle that is read, in bytes; a state dictionary takes about 200 per tensor.
    static let maximumLength = 8 << 20

    /// The element types of PyTorch's storages.
    static let storageTypes: [String: ElementType] = [
        "torch.FloatStorage": .float32, "torch.HalfStorage": .float16, "torch.BFloat16Storage": .bfloat16,
        "torch.DoubleStorage": .float64, "torch.LongStorage": .int64, "torch.IntStorage": .int32,
        "torch.ShortStorage": .int16, "torch.CharStorage": .int8, "torch.ByteStorage": .uint8,
        "torch.BoolStorage": .bool,
    ]

    /// Modules, and functions of `builtins`, that no checkpoint needs and that attacks call.
    private static let attackers: Set<String> = [
        "os", "posix", "nt", "sys", "subprocess", "shutil", "socket", "ctypes", "importlib", "imp", "runpy",
        "pty",
        "code", "codeop", "commands", "popen2", "webbrowser", "urllib", "http", "ftplib", "pickle", "_pickle",
        "cloudpickle", "marshal", "multiprocessing", "asyncio", "signal", "pdb", "timeit", "builtins.eval",
        "builtins.exec", "builtins.compile", "builtins.open", "builtins.__import__", "builtins.input",
        "builtins.breakpoint", "__builtin__.eval", "__builtin__.exec", "__builtin__.compile",
        "__builtin__.open",
        "__builtin__.__import__",
    ]

    /// The path and the entry, for errors.
    let file: String
    var position: Int
    private var opcodeStart = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private(set) var sequences: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var storages: [TorchStorage] = []
    private(set) var tensors: [TorchTensor] = []

    /// Prepares a reader.
    ///
    /// - Parameters:
    ///   - file: The path and the entry, for errors.
    ///   - position: The byte of the bytes to read at which the pickle begins.
    init(file: String, position: Int = 0) {
        self.file = file
        self.position = position
    }

    func failure(_ detail: String) -> CheckpointError {
        .unusable("\(file), byte \(opcodeStart): \(detail)")
    }

    func unsupported(_ what: String) -> CheckpointError {
        failure(
            "\(what) is not supported; only tensors in dictionaries are read; convert the weights to safetensors"
        )
    }

    /// Reads a whole pickle.
    ///
    /// - Parameter bytes: The pickle.
    /// - Returns: The value; containers by index into this machine's arenas.
    /// - Throws: `CheckpointError.unusable` with the byte and what stands there.
    mutating func read(_ bytes: Span<UInt8>) throws(CheckpointError) -> PickleValue {
        let start = position
        while true {
            opcodeStart = position
            guard position - start <= Self.maximumLength else {
                throw failure("a pickle of more than \(Self.maximumLength) bytes, the most that is accepted")
            }
            let opcode = try byte(bytes)
            if opcode == UInt8(ascii: ".") { return try pop() }
            try perform(opcode, bytes)
        }
    }

    private mutating func perform(_ opcode: UInt8, _ bytes: Span<UInt8>) throws(CheckpointError) {
        switch opcode {
        case 0x80:
            let version = try byte(bytes)
            guard (1...5).contains(version) else { throw unsupported("pickle protocol \(version)") }
        case 0x95: _ = try number(bytes, width: 8)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.int(try number(bytes, width: 1)))
        case UInt8(ascii: "M"): stack.append(.int(try number(bytes, width: 2)))
        case UInt8(ascii: "J"):
            stack.append(.int(Int(Int32(truncatingIfNeeded: try number(bytes, width: 4)))))
        case 0x8A: stack.append(try longInteger(bytes, width: try number(bytes, width: 1)))
        case 0x8B: stack.append(try longInteger(bytes, width: try number(bytes, width: 4)))
        case UInt8(ascii: "G"): stack.append(.double(try double(bytes)))
        case UInt8(ascii: "X"): stack.append(.text(try text(bytes, try number(bytes, width: 4))))
        case 0x8C: stack.append(.text(try text(bytes, try number(bytes, width: 1))))
        case 0x8D: stack.append(.text(try text(bytes, try number(bytes, width: 8))))
        case UInt8(ascii: "C"), UInt8(ascii: "U"): try pushBytes(bytes, try number(bytes, width: 1))
        case UInt8(ascii: "B"), UInt8(ascii: "T"): try pushBytes(bytes, try number(bytes, width: 4))
        case 0x8E, 0x96: try pushBytes(bytes, try number(bytes, width: 8))
        case UInt8(ascii: "I"), UInt8(ascii: "L"): try pushNumber(try line(bytes))
        case UInt8(ascii: "F"): stack.append(.double(Double(try line(bytes)) ?? .nan))
        case UInt8(ascii: "S"), UInt8(ascii: "V"): stack.append(.text(String(try line(bytes))))
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "2"): stack.append(try top())
        case UInt8(ascii: "l"):
            sequences.append(try popToMark())
            stack.append(.list(sequences.count - 1))
        case UInt8(ascii: "d"):
            let pairs = try popToMark()
            pushDictionary()
            try set(pairs)
        case 0x8F:
            sequences.append([])
            stack.append(.list(sequences.count - 1))
        case 0x90: try extend(try popToMark())
        case 0x91: push(sequence: try popToMark())
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: ")"): push(sequence: [])
        case UInt8(ascii: "]"):
            sequences.append([])
            stack.append(.list(sequences.count - 1))
        case UInt8(ascii: "}"): pushDictionary()
        case UInt8(ascii: "t"): push(sequence: try popToMark())
        case 0x85...0x87:
            var values: [PickleValue] = []
            for _ in 0..<opcode - 0x84 { values.append(try pop()) }
            push(sequence: values.reversed())
        case UInt8(ascii: "a"): try extend([try pop()])
        case UInt8(ascii: "e"): try extend(try popToMark())
        case UInt8(ascii: "s"):
            let value = try pop()
            try set([try pop(), value])
        case UInt8(ascii: "u"): try set(try popToMark())
        default: try performNaming(opcode, bytes)
        }
    }

    private mutating func performNaming(_ opcode: UInt8, _ bytes: Span<UInt8>) throws(CheckpointError) {
        switch opcode {
        case UInt8(ascii: "p"): memo[Int(try line(bytes)) ?? -1] = try top()
        case UInt8(ascii: "g"): stack.append(try remembered(Int(try line(bytes)) ?? -1))
        case UInt8(ascii: "q"): memo[try number(bytes, width: 1)] = try top()
        case UInt8(ascii: "r"): memo[try number(bytes, width: 4)] = try top()
        case 0x94: memo[memo.count] = try top()
        case UInt8(ascii: "h"): stack.append(try remembered(try number(bytes, width: 1)))
        case UInt8(ascii: "j"): stack.append(try remembered(try number(bytes, width: 4)))
        case UInt8(ascii: "c"):
            let module = try line(bytes)
            try push(global: module, try line(bytes))
        case 0x93:
            guard case .text(let name) = try pop(), case .text(let module) = try pop() else {
                throw failure("a name without its two texts")
            }
            try push(global: module, name)
        case UInt8(ascii: "Q"): try pushStorage(try pop())
        case UInt8(ascii: "R"):
            let arguments = try pop()
            try build(try pop(), arguments)
        case 0x81:
            let arguments = try pop()
            try build(try pop(), arguments)
        case 0x92:
            let (_, arguments) = (try pop(), try pop())
            try build(try pop(), arguments)
        case UInt8(ascii: "i"):
            let module = try line(bytes)
            let name = try global(module, try line(bytes))
            push(sequence: try popToMark())
            try build(.global(name), try pop())
        case UInt8(ascii: "o"):
            let values = try popToMark()
            guard let callable = values.first else { throw failure("an object without its type") }
            push(sequence: Array(values.dropFirst()))
            try build(callable, try pop())
        case UInt8(ascii: "b"):
            // The attributes of an object, such as a state dictionary's `_metadata`, are of no use here.
            _ = try pop()
            switch try top() {
            case .dictionary, .object, .tensor, .global, .list: break
            default: throw unsupported("a value with attributes")
            }
        default:
            throw unsupported("the pickle opcode 0x\(String(opcode, radix: 16))")
        }
    }

    // MARK: - The stack

    private mutating func pop() throws(CheckpointError) -> PickleValue {
        guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
            throw failure("the pickle takes a value that is not there")
        }
        return value
    }

    private func top() throws(CheckpointError) -> PickleValue {
        guard let value = stack.last else { throw failure("the pickle takes a value that is not there") }
        return value
    }

    private mutating func popToMark() throws(CheckpointError) -> [PickleValue] {
        guard let mark = marks.popLast() else {
            throw failure("the pickle ends a container that it did not begin")
        }
        let values = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return values
    }

    private func remembered(_ index: Int) throws(CheckpointError) -> PickleValue {
        guard let value = memo[index] else {
            throw failure("the pickle takes value \(index), which it never kept")
        }
        return value
    }

    private mutating func push(sequence: [PickleValue]) {
        sequences.append(sequence)
        stack.append(.tuple(sequences.count - 1))
    }

    private mutating func pushDictionary() {
        dictionaries.append([])
        stack.append(.dictionary(dictionaries.count - 1))
    }

    private mutating func extend(_ values: [PickleValue]) throws(CheckpointError) {
        switch try top() {
        case .list(let index): sequences[index] += values
        case .object: break
        default: throw failure("values are appended to an object that is not a list")
        }
    }

    private mutating func set(_ pairs: [PickleValue]) throws(CheckpointError) {
        let index: Int
        switch try top() {
        case .dictionary(let found) where pairs.count.isMultiple(of: 2): index = found
        case .object(_, let found) where pairs.count.isMultiple(of: 2): index = found
        default: throw failure("keys and values are put into an object that is not a dictionary")
        }
        for pair in stride(from: 0, to: pairs.count, by: 2) {
            dictionaries[index].append((pairs[pair], pairs[pair + 1]))
        }
    }

    // MARK: - Objects

    private mutating func push(global module: String, _ name: String) throws(CheckpointError) {
        stack.append(.global(try global(module, name)))
    }

    /// A module's name and one in it, joined; refuses those of attacks.
    private func global(_ module: String, _ name: String) throws(CheckpointError) -> String {
        let full = "\(module).\(name)"
        let root = module.prefix { $0 != "." }
        guard !Self.attackers.contains(String(root)), !Self.attackers.contains(full) else {
            throw failure(
                "the file would call \(quoted(full)) when PyTorch loads it, as files do that attack; it is not read"
            )
        }
        return full
    }

    /// Puts an object that is not known here on the stack, empty.
    private mutating func pushObject(_ name: String) {
        dictionaries.append([])
        stack.append(.object(name, dictionaries.count - 1))
    }

    /// Reads past bytes.
    private mutating func pushBytes(_ bytes: Span<UInt8>, _ length: Int) throws(CheckpointError) {
        guard length >= 0, length <= bytes.count - position else {
            throw failure("bytes go beyond the end of the pickle")
        }
        position += length
        stack.append(.bytes)
    }

    private mutating func pushNumber(_ line: String) throws(CheckpointError) {
        switch line {
        case "00": stack.append(.bool(false))
        case "01": stack.append(.bool(true))
        default:
            stack.append(Int(line.hasSuffix("L") ? line.dropLast() : line[...]).map { .int($0) } ?? .bytes)
        }
    }

    private mutating func pushStorage(_ identity: PickleValue) throws(CheckpointError) {
        guard case .tuple(let index) = identity, sequences[index].count >= 5,
            case .text("storage") = sequences[index][0], case .global(let name) = sequences[index][1],
            let type = Self.storageTypes[name], case .text(let key) = sequences[index][2],
            case .int(let count) = sequences[index][4], count >= 0
        else { throw unsupported("an outside reference that is not a storage of a known type") }
        storages.append(TorchStorage(type: type, key: key, count: count))
        stack.append(.storage(storages.count - 1))
    }

    private mutating func build(_ callable: PickleValue, _ arguments: PickleValue) throws(CheckpointError) {
        let name: String
        switch callable {
        case .global(let found), .object(let found, _): name = found
        default: throw unsupported("a call of an object that is not a name")
        }
        guard case .tuple(let index) = arguments else {
            throw unsupported("a call without a tuple of arguments")
        }
        let values = sequences[index]
        switch name {
        case "collections.OrderedDict" where values.isEmpty: pushDictionary()
        case "collections.OrderedDict":
            // Python 2 gives the pairs as a list of lists.
            pushDictionary()
            guard case .list(let pairs)? = values.first else { throw unsupported("this OrderedDict") }
            for case .list(let pair) in sequences[pairs] { try set(sequences[pair]) }
        case "collections.defaultdict", "builtins.dict", "__builtin__.dict": pushDictionary()
        case "torch.Size":
            guard values.count == 1, case .tuple = values[0] else { throw unsupported("this torch.Size") }
            stack.append(values[0])
        case "torch._tensor._rebuild_from_type_v2":
            // A tensor with attributes: the function that makes it, its type, the function's arguments, and these.
            guard values.count == 4, case .global(let inner) = values[0], inner != name else {
                throw unsupported("this tensor with attributes")
            }
            try build(values[0], values[2])
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
            guard let value = values.first, case .tensor = value else { throw unsupported("this parameter") }
            stack.append(value)
        case "torch._utils._rebuild_tensor_v2":
            tensors.append(try tensor(values))
            stack.append(.tensor(tensors.count - 1))
        case "copy_reg._reconstructor", "copyreg._reconstructor", "copyreg.__newobj__":
            guard case .global(let type)? = values.first else { throw unsupported("this object") }
            pushObject(type)
        default: pushObject(name)
        }
    }

    private func tensor(_ values: [PickleValue]) throws(CheckpointError) -> TorchTensor {
        guard values.count >= 4, case .storage(let storage) = values[0], case .int(let offset) = values[1],
            case .tuple(let size) = values[2], case .tuple(let stride) = values[3]
        else { throw unsupported("a tensor that is not made of a storage, an offset, a size and strides") }
        // After the gradient's flag and hooks: whether the values are the stored ones' negatives or conjugates.
        if values.count > 6 { try checkMetadata(values[6]) }
        let (shape, strides) = (try integers(size), try integers(stride))
        guard shape.count == strides.count, shape.count <= SafetensorsHeader.maximumRank, offset >= 0,
            (shape + strides).allSatisfy({ $0 >= 0 })
        else { throw failure("a tensor of size \(shape) with strides \(strides) from \(offset) cannot be") }
        let view = TorchTensor(storage: storages[storage], offset: offset, shape: shape, strides: strides)
        try check(view)
        return view
    }

    private func integers(_ index: Int) throws(CheckpointError) -> [Int] {
        var result: [Int] = []
        for value in sequences[index] {
            guard case .int(let number) = value else {
                throw failure("a size or a stride that is not a whole number")
            }
            result.append(number)
        }
        return result
    }

    /// A whole number; one of more than eight bytes is read past.
    private mutating func longInteger(_ bytes: Span<UInt8>, width: Int) throws(CheckpointError) -> PickleValue
    {
        guard (0...8).contains(width) else {
            try pushBytes(bytes, width)
            return try pop()
        }
        let value = try number(bytes, width: width)
        guard width > 0, width < 8 else { return .int(value) }
        let shift = 64 - 8 * width
        return .int((value << shift) >> shift)
    }
}
