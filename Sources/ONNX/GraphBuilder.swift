package import Foundation
internal import SwiftProtobuf

/// A tensor of a graph, by its name: an input, a constant, or what a node gives.
package struct GraphValue: Hashable, Sendable {
    /// Its name in the file.
    package let name: String
}

/// The type of a tensor's elements.
package enum ElementType: Sendable {
    case float32, uint8, int8, int16, int64

    var code: ONNXTensor.DataType {
        switch self {
        case .float32: .float
        case .uint8: .uint8
        case .int8: .int8
        case .int16: .int16
        case .int64: .int64
        }
    }
}

/// An attribute of a node.
package enum GraphAttribute: Sendable {
    case int(Int)
    case ints([Int])
    case float(Float)
    case string(String)
}

/// Builds an ONNX graph node by node: operator set 21 of the standard domain, IR version 10.
///
///     var graph = GraphBuilder(name: "model")
///     let x = graph.input("x", shape: ["batch", 3])
///     let y = graph.node("Relu", [x], name: "activation")
///     graph.output("y", y, shape: ["batch", 3])
///     let bytes = try graph.file(producer: "mgrq", version: "1", metadata: [:], dataName: nil)
///
/// It knows no model. Names are kept as they are given; one that is taken gets a number behind it.
package struct GraphBuilder {
    /// The operator set that files ask for.
    package static let operatorSet = 21
    /// The version of the file format.
    package static let version = 10
    /// The most bytes of constants that the graph itself holds: a message of Protocol Buffers ends at 2 GiB.
    package static let largestGraph = 1_500_000_000
    /// The least size of a constant that is kept beside the graph, in bytes: runtimes want small ones inside.
    private static let leastExternal = 1024
    /// Where constants beside the graph start, in bytes: at multiples of a page, so that they can be mapped.
    private static let alignment = 4096

    private var graph = ONNXGraph()
    private var taken: Set<String> = []
    /// The bytes of all constants.
    package private(set) var bytes = 0

    /// Starts a graph.
    package init(name: String) { graph.name = name }

    /// An extent: a number, or a name for one that is only known when the graph runs.
    package enum Extent: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, Sendable {
        case fixed(Int)
        case named(String)

        package init(integerLiteral value: Int) { self = .fixed(value) }
        package init(stringLiteral value: String) { self = .named(value) }
    }

    /// Declares an input of 32-bit floats.
    package mutating func input(_ name: String, shape: [Extent]) -> GraphValue {
        let value = unique(name)
        graph.input.append(information(value, shape: shape))
        return GraphValue(name: value)
    }

    /// Declares that a value is an output of 32-bit floats under a name.
    package mutating func output(_ name: String, _ value: GraphValue, shape: [Extent]) {
        let own = node("Identity", [value], name: name)
        graph.output.append(information(own.name, shape: shape))
    }

    /// Adds a node with one output, which has the node's name.
    @discardableResult
    package mutating func node(
        _ operation: String, _ inputs: [GraphValue], name: String,
        _ attributes: [String: GraphAttribute] = [:]
    ) -> GraphValue {
        nodes(operation, inputs, name: name, attributes, outputs: 1)[0]
    }

    /// Adds a node with several outputs.
    package mutating func nodes(
        _ operation: String, _ inputs: [GraphValue], name: String,
        _ attributes: [String: GraphAttribute] = [:],
        outputs: Int
    ) -> [GraphValue] {
        let name = unique(name)
        let values = [name] + (1..<max(1, outputs)).map { unique("\(name).\($0)") }
        var node = ONNXNode()
        node.opType = operation
        node.name = name
        node.input = inputs.map(\.name)
        node.output = values
        node.attribute = attributes.sorted { $0.key < $1.key }.map { key, value in
            var attribute = ONNXAttribute()
            attribute.name = key
            switch value {
            case .int(let number):
                attribute.type = .int
                attribute.i = Int64(number)
            case .ints(let numbers):
                attribute.type = .ints
                attribute.ints = numbers.map(Int64.init)
            case .float(let number):
                attribute.type = .float
                attribute.f = number
            case .string(let text):
                attribute.type = .string
                attribute.s = Data(text.utf8)
            }
            return attribute
        }
        graph.node.append(node)
        return values.map(GraphValue.init)
    }

    /// Adds a constant of floats.
    package mutating func constant(_ values: some Collection<Float>, shape: [Int], name: String) -> GraphValue
    {
        var data = Data(capacity: 4 * values.count)
        for value in values { appendLittleEndian(value.bitPattern, to: &data) }
        return constant(data, .float32, count: values.count, shape: shape, name: name)
    }

    /// Adds a constant of 64-bit integers.
    package mutating func constant(_ values: some Collection<Int>, shape: [Int], name: String) -> GraphValue {
        var data = Data(capacity: 8 * values.count)
        for value in values { appendLittleEndian(Int64(value), to: &data) }
        return constant(data, .int64, count: values.count, shape: shape, name: name)
    }

    /// Adds a constant of bytes without a sign.
    package mutating func constant(_ values: some Collection<UInt8>, shape: [Int], name: String) -> GraphValue
    {
        constant(Data(values), .uint8, count: values.count, shape: shape, name: name)
    }

    /// Adds a constant of bytes with a sign.
    package mutating func constant(_ values: some Collection<Int8>, shape: [Int], name: String) -> GraphValue
    {
        constant(
            Data(values.lazy.map { UInt8(bitPattern: $0) }), .int8, count: values.count, shape: shape,
            name: name)
    }

    private mutating func constant(
        _ data: Data, _ type: ElementType, count: Int, shape: [Int], name: String
    ) -> GraphValue {
        precondition(shape.reduce(1, *) == count, "\(name): \(count) values do not have the shape \(shape)")
        var tensor = ONNXTensor()
        tensor.name = unique(name)
        tensor.dims = shape.map(Int64.init)
        tensor.dataType = type.code
        tensor.rawData = data
        bytes += data.count
        graph.initializer.append(tensor)
        return GraphValue(name: tensor.name)
    }

    /// The graph as a file; the same bytes for the same calls.
    ///
    /// - Parameters:
    ///   - producer: The program that writes.
    ///   - version: The program's version.
    ///   - metadata: What else the file tells, by key.
    ///   - dataName: The name of a second file in the same folder, which gets the large constants; nil keeps them in the
    ///     graph.
    /// - Returns: The bytes of the graph, and the pieces of the second file.
    /// - Throws: What the library throws.
    package func file(
        producer: String, version: String, metadata: [String: String], dataName: String?
    ) throws -> (graph: [UInt8], data: [Data]) {
        var model = ONNXModel()
        model.irVersion = Int64(Self.version)
        model.producerName = producer
        model.producerVersion = version
        model.graph = graph
        let data = dataName.map { Self.moveConstants(of: &model.graph, to: $0) } ?? []
        var operators = ONNXOperatorSet()
        operators.version = Int64(Self.operatorSet)
        model.opsetImport = [operators]
        model.metadataProps = metadata.sorted { $0.key < $1.key }.map { key, value in
            var entry = ONNXStringEntry()
            (entry.key, entry.value) = (key, value)
            return entry
        }
        return (try model.serializedBytes(), data)
    }

    /// Replaces large constants by references to a file.
    ///
    /// - Returns: The pieces of that file.
    private static func moveConstants(of graph: inout ONNXGraph, to name: String) -> [Data] {
        var pieces: [Data] = []
        var offset = 0
        for index in graph.initializer.indices where graph.initializer[index].rawData.count >= leastExternal {
            let data = graph.initializer[index].rawData
            let gap = (alignment - offset % alignment) % alignment
            if gap > 0 { pieces.append(Data(count: gap)) }
            offset += gap
            graph.initializer[index].rawData = Data()
            graph.initializer[index].dataLocation = .external
            graph.initializer[index].externalData = [
                ("location", name), ("offset", String(offset)), ("length", String(data.count)),
            ].map { key, value in
                var entry = ONNXStringEntry()
                (entry.key, entry.value) = (key, value)
                return entry
            }
            pieces.append(data)
            offset += data.count
        }
        return pieces
    }

    private mutating func unique(_ name: String) -> String {
        var result = name
        var number = 1
        while !taken.insert(result).inserted {
            number += 1
            result = "\(name)#\(number)"
        }
        return result
    }

    private func information(_ name: String, shape: [Extent]) -> ONNXValueInfo {
        var type = ONNXTensorType()
        type.elemType = .float
        type.shape.dim = shape.map { extent in
            var dimension = ONNXDimension()
            switch extent {
            case .fixed(let count): dimension.dimValue = Int64(count)
            case .named(let name): dimension.dimParam = name
            }
            return dimension
        }
        var information = ONNXValueInfo()
        information.name = name
        information.type.tensorType = type
        return information
    }
}

private func appendLittleEndian(_ value: some FixedWidthInteger, to data: inout Data) {
    var rest = value.littleEndian
    for _ in 0..<MemoryLayout.size(ofValue: value) {
        data.append(UInt8(truncatingIfNeeded: rest))
        rest >>= 8
    }
}
