internal import Safetensors

/// A pickle reader that can build only the data of which PyTorch's checkpoints consist.
///
/// It knows the opcodes for numbers, texts and containers, and a short list of names, none of which is ever looked up
/// or called: `OrderedDict` becomes a dictionary, `_rebuild_tensor_v2` a tensor. Anything else ends the reading.
struct PickleMachine {
    /// The longest pickle that is read, in bytes; a state dictionary takes about 200 per tensor.
    static let maximumLength = 8 << 20

    /// The names that a pickle may use, with the element type of storages.
    static let globals: [String: ElementType?] = [
        "collections.OrderedDict": .none, "torch._utils._rebuild_tensor_v2": .none,
        "torch._utils._rebuild_parameter": .none, "torch.Size": .none,
        "torch.FloatStorage": .float32, "torch.HalfStorage": .float16, "torch.BFloat16Storage": .bfloat16,
        "torch.DoubleStorage": .float64, "torch.LongStorage": .int64, "torch.IntStorage": .int32,
        "torch.ShortStorage": .int16, "torch.CharStorage": .int8, "torch.ByteStorage": .uint8,
        "torch.BoolStorage": .bool,
    ]

    /// The path and the entry, for errors.
    let file: String
    private(set) var position = 0
    private var opcodeStart = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private(set) var sequences: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var storages: [TorchStorage] = []
    private(set) var tensors: [TorchTensor] = []

    init(file: String) {
        self.file = file
    }

    func failure(_ detail: String) -> CheckpointError {
        .unusable("\(file), byte \(opcodeStart): \(detail)")
    }

    private func unsupported(_ what: String) -> CheckpointError {
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
        guard bytes.count <= Self.maximumLength else {
            throw failure("a pickle of \(bytes.count) bytes; at most \(Self.maximumLength) are accepted")
        }
        while true {
            opcodeStart = position
            let opcode = try byte(bytes)
            if opcode == UInt8(ascii: ".") { return try pop() }
            try perform(opcode, bytes)
        }
    }

    private mutating func perform(_ opcode: UInt8, _ bytes: Span<UInt8>) throws(CheckpointError) {
        switch opcode {
        case 0x80:
            let version = try byte(bytes)
            guard (2...5).contains(version) else { throw unsupported("pickle protocol \(version)") }
        case 0x95: _ = try number(bytes, width: 8)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "K"): stack.append(.int(try number(bytes, width: 1)))
        case UInt8(ascii: "M"): stack.append(.int(try number(bytes, width: 2)))
        case UInt8(ascii: "J"):
            stack.append(.int(Int(Int32(truncatingIfNeeded: try number(bytes, width: 4)))))
        case 0x8A: stack.append(.int(try longInteger(bytes)))
        case UInt8(ascii: "G"): stack.append(.double(try double(bytes)))
        case UInt8(ascii: "X"): stack.append(.text(try text(bytes, try number(bytes, width: 4))))
        case 0x8C: stack.append(.text(try text(bytes, try number(bytes, width: 1))))
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
        case UInt8(ascii: "b"):
            // The attributes of a dictionary, such as a state dictionary's `_metadata`, are of no use here.
            _ = try pop()
            guard case .dictionary = try top() else { throw unsupported("an object with attributes") }
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
        guard case .list(let index) = try top() else {
            throw failure("values are appended to an object that is not a list")
        }
        sequences[index] += values
    }

    private mutating func set(_ pairs: [PickleValue]) throws(CheckpointError) {
        guard case .dictionary(let index) = try top(), pairs.count.isMultiple(of: 2) else {
            throw failure("keys and values are put into an object that is not a dictionary")
        }
        for pair in stride(from: 0, to: pairs.count, by: 2) {
            dictionaries[index].append((pairs[pair], pairs[pair + 1]))
        }
    }

    // MARK: - Objects

    private mutating func push(global module: String, _ name: String) throws(CheckpointError) {
        let full = "\(module).\(name)"
        guard Self.globals[full] != nil else { throw unsupported("the object \(quoted(full))") }
        stack.append(.global(full))
    }

    private mutating func pushStorage(_ identity: PickleValue) throws(CheckpointError) {
        guard case .tuple(let index) = identity, sequences[index].count >= 5,
            case .text("storage") = sequences[index][0], case .global(let name) = sequences[index][1],
            let type = Self.globals[name] ?? nil, case .text(let key) = sequences[index][2],
            case .int(let count) = sequences[index][4], count >= 0
        else { throw unsupported("an outside reference that is not a storage of a known type") }
        storages.append(TorchStorage(type: type, key: key, count: count))
        stack.append(.storage(storages.count - 1))
    }

    private mutating func build(_ callable: PickleValue, _ arguments: PickleValue) throws(CheckpointError) {
        guard case .global(let name) = callable, case .tuple(let index) = arguments else {
            throw unsupported("a call of an object that is not a name")
        }
        let values = sequences[index]
        switch name {
        case "collections.OrderedDict" where values.isEmpty: pushDictionary()
        case "torch.Size":
            guard values.count == 1, case .tuple = values[0] else { throw unsupported("this torch.Size") }
            stack.append(values[0])
        case "torch._utils._rebuild_parameter":
            guard let value = values.first, case .tensor = value else { throw unsupported("this parameter") }
            stack.append(value)
        case "torch._utils._rebuild_tensor_v2":
            tensors.append(try tensor(values))
            stack.append(.tensor(tensors.count - 1))
        default: throw unsupported("a call of \(quoted(name)) with \(values.count) arguments")
        }
    }

    private func tensor(_ values: [PickleValue]) throws(CheckpointError) -> TorchTensor {
        guard values.count >= 4, case .storage(let storage) = values[0], case .int(let offset) = values[1],
            case .tuple(let size) = values[2], case .tuple(let stride) = values[3]
        else { throw unsupported("a tensor that is not made of a storage, an offset, a size and strides") }
        let (shape, strides) = (try integers(size), try integers(stride))
        guard shape.count == strides.count, shape.count <= SafetensorsHeader.maximumRank, offset >= 0,
            (shape + strides).allSatisfy({ $0 >= 0 })
        else { throw failure("a tensor of size \(shape) with strides \(strides) from \(offset) cannot be") }
        let view = TorchTensor(storage: storages[storage], offset: offset, shape: shape, strides: strides)
        try check(view)
        return view
    }

    /// Whether every element of a view is within its storage, and there are at most as many as in the storage.
    private func check(_ view: TorchTensor) throws(CheckpointError) {
        var (count, last, overflows) = (1, view.offset, false)
        for (extent, stride) in zip(view.shape, view.strides) {
            let total = count.multipliedReportingOverflow(by: extent)
            let reach = max(0, extent - 1).multipliedReportingOverflow(by: stride)
            let end = last.addingReportingOverflow(reach.partialValue)
            overflows = overflows || total.overflow || reach.overflow || end.overflow
            (count, last) = (total.partialValue, end.partialValue)
        }
        let isEmpty = view.shape.contains(0)
        guard !overflows, isEmpty || (last < view.storage.count && count <= view.storage.count) else {
            throw failure(
                "a tensor of size \(view.shape) with strides \(view.strides) from \(view.offset) goes beyond the "
                    + "\(view.storage.count) elements of storage \(quoted(view.storage.key))")
        }
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

    // MARK: - Bytes

    private mutating func byte(_ bytes: Span<UInt8>) throws(CheckpointError) -> UInt8 {
        guard position < bytes.count else { throw failure("the pickle ends without its last opcode") }
        position += 1
        return bytes[position - 1]
    }

    private mutating func number(_ bytes: Span<UInt8>, width: Int) throws(CheckpointError) -> Int {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(try byte(bytes)) << UInt64(8 * index) }
        return Int(truncatingIfNeeded: value)
    }

    private mutating func longInteger(_ bytes: Span<UInt8>) throws(CheckpointError) -> Int {
        let width = try number(bytes, width: 1)
        guard width <= 8 else { throw unsupported("a whole number of \(width) bytes") }
        let value = try number(bytes, width: width)
        guard width > 0, width < 8 else { return value }
        let shift = 64 - 8 * width
        return (value << shift) >> shift
    }

    private mutating func double(_ bytes: Span<UInt8>) throws(CheckpointError) -> Double {
        let bits = UInt64(bitPattern: Int64(try number(bytes, width: 8)))
        return Double(bitPattern: bits.byteSwapped)
    }

    private mutating func text(_ bytes: Span<UInt8>, _ length: Int) throws(CheckpointError) -> String {
        guard length <= bytes.count - position else {
            throw failure("a text goes beyond the end of the pickle")
        }
        var units: [UInt8] = []
        units.reserveCapacity(length)
        for _ in 0..<length { units.append(try byte(bytes)) }
        guard let text = String(validating: units, as: UTF8.self) else {
            throw failure("a text that is not UTF-8")
        }
        return text
    }

    private mutating func line(_ bytes: Span<UInt8>) throws(CheckpointError) -> String {
        var units: [UInt8] = []
        while true {
            let next = try byte(bytes)
            if next == UInt8(ascii: "\n") { return String(decoding: units, as: UTF8.self) }
            units.append(next)
        }
    }
}
