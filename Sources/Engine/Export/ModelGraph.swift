internal import Checkpoints
internal import Foundation
internal import ONNX
internal import Quantization
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// A quantized model as an ONNX graph, unit by unit; nodes have the names of layers and sites.
///
/// Linear layers are DequantizeLinear → MatMul, which runtimes turn into integer products; products of two activations and
/// layers whose input is not in equal steps multiply the same numbers as floats. Weights are signed bytes in either case.
struct ModelGraph {
    /// How a graph is laid out.
    struct Layout: Equatable {
        /// Where it is to run.
        var target = Target.research
        /// Whether codes below 8 bits lie in planes of bits, which runtimes put together when they load the file.
        var isCompact = false
        /// The name of the file beside the graph that gets the large constants; nil keeps them in the graph.
        var dataName: String?
    }

    var graph = GraphBuilder(name: "mgrq")
    let layout: Layout
    /// Small constants that many nodes share, by name.
    var shared: [String: GraphValue] = [:]

    private init(_ layout: Layout) { self.layout = layout }

    /// The file, and the pieces of the file beside it.
    ///
    /// - Throws: `CheckpointError` for a model of which units are missing, `RunFailure(.usage)` for levels that no graph has at
    ///   a site and for a layout that the target does not run.
    static func file(
        of model: PackedCheckpoint, path: String, layout: Layout
    ) throws -> (graph: [UInt8], data: [Data]) {
        guard !layout.isCompact || layout.target != .openVINO else {
            throw RunFailure(
                .usage,
                "the layout compact is for ONNX Runtime; OpenVINO reads planes of bits wrongly; take the layout fast"
            )
        }
        var writer = ModelGraph(layout)
        let configuration = model.configuration
        let pixels = writer.graph.input(
            "pixels",
            shape: [
                "batch", .fixed(configuration.channels), .fixed(configuration.imageHeight),
                .fixed(configuration.imageWidth),
            ])
        var value = pixels
        var outputs: [UnitOutput] = []
        for (unit, weights) in zip(configuration.units, try model.completeUnits(path: path)) {
            switch unit.structure {
            case .stem(let stem): value = writer.stem(stem, weights, pixels: value)
            case .block(let block): value = try writer.block(block, weights, input: value)
            case .merging(let merging): value = writer.merging(merging, weights, input: value)
            case .pooling(let pooling): value = try writer.pooling(pooling, weights, input: value)
            case .head(let head): value = writer.head(head, weights, input: value)
            }
            outputs.append(UnitOutput(name: unit.name, output: value.name))
        }
        writer.graph.output(
            configuration.classes > 0 ? "logits" : "features", value,
            shape: ["batch", .fixed(configuration.outputs)])
        let metadata = [
            "plan": model.plan, "image_preparation": try JSONText(encoding: model.preparation).line,
            "labels": try model.labels.map { try JSONText(encoding: $0).line } ?? "",
            "units": try JSONText(encoding: outputs).line,
        ]
        return try writer.graph.file(
            producer: "mgrq", version: programVersion, metadata: metadata.filter { !$0.value.isEmpty },
            dataName: layout.dataName)
    }

    /// The bytes of a model's constants in a graph, at most.
    static func bytes(of model: PackedCheckpoint) -> Int {
        model.units.values.reduce(0) { sum, unit in
            unit.linears.reduce(sum) { $0 + ($1.quantizer.bits == nil ? 4 : 1) * $1.weight.count }
                + unit.vectors.reduce(0) { $0 + 4 * $1.count }
        }
    }

    // MARK: - Constants

    mutating func scalar(_ value: Float, _ name: String) -> GraphValue {
        graph.constant([value], shape: [], name: name)
    }

    mutating func integers(_ values: [Int], _ name: String) -> GraphValue {
        graph.constant(values, shape: [values.count], name: name)
    }

    mutating func vector(_ tensor: Tensor, _ name: String) -> GraphValue {
        graph.constant(tensor.elements, shape: [tensor.count], name: name)
    }

    // MARK: - Steps that units share

    mutating func norm(
        _ x: GraphValue, gain: Int, of unit: any ModelUnit, _ weights: QuantizedUnit, epsilon: Float,
        name: String
    ) -> GraphValue {
        let (gamma, beta) = (unit.vectors[gain].name, unit.vectors[gain + 1].name)
        return graph.node(
            "LayerNormalization",
            [x, vector(weights.vectors[gain], gamma), vector(weights.vectors[gain + 1], beta)], name: name,
            ["axis": .int(-1), "epsilon": .float(epsilon)])
    }

    mutating func reshape(_ x: GraphValue, _ shape: [Int], name: String) -> GraphValue {
        graph.node("Reshape", [x, integers(shape, "\(name).shape")], name: name)
    }

    mutating func transpose(_ x: GraphValue, _ order: [Int], name: String) -> GraphValue {
        graph.node("Transpose", [x], name: name, ["perm": .ints(order)])
    }

    /// The rows of `[batch, rows, columns]` in an order; rows of zeros where there is none.
    mutating func rows(_ x: GraphValue, _ order: [Int?], of count: Int, name: String) -> GraphValue {
        var x = x
        if order.contains(nil) {
            x = graph.node(
                "Pad", [x, integers([0, 0, 0, 0, 1, 0], "\(name).padding")], name: "\(name).padded")
        }
        let indices = graph.constant(order.map { $0 ?? count }, shape: [order.count], name: "\(name).rows")
        return graph.node("Gather", [x, indices], name: name, ["axis": .int(1)])
    }

    /// Some rows of `[batch, rows, …]`.
    mutating func slice(_ x: GraphValue, _ range: Range<Int>, axis: Int, name: String) -> GraphValue {
        graph.node(
            "Slice",
            [
                x, integers([range.lowerBound], "\(name).start"), integers([range.upperBound], "\(name).end"),
                integers([axis], "\(name).axis"),
            ], name: name)
    }

    // MARK: - Linear layers

    /// A layer of a unit on an input that its site quantizes.
    mutating func linear(
        _ index: Int, of unit: any ModelUnit, _ weights: QuantizedUnit, input: GraphValue
    ) -> GraphValue {
        let (layer, linear) = (unit.linears[index], weights.linears[index])
        var (operand, isUniform) = (input, false)
        if let site = layer.inputSite {
            (operand, isUniform) = quantized(operand, unit.sites[site].name, by: weights.sites[site])
        }
        let weight = weight(linear, layer.name, isProductOfCodes: isUniform)
        let product = graph.node("MatMul", [operand, weight], name: layer.name)
        guard let bias = linear.bias else { return product }
        return graph.node("Add", [product, vector(bias, "\(layer.name).bias")], name: "\(layer.name).sum")
    }

    /// Codes as floats.
    mutating func cast(_ codes: GraphValue, _ name: String) -> GraphValue {
        graph.node("Cast", [codes], name: "\(name).cast", ["to": .int(1)])
    }

    /// Scale · (code − zero point), of codes as floats.
    mutating func dequantized(
        _ codes: GraphValue, _ zeros: GraphValue, _ scales: GraphValue, _ name: String, result: String
    ) -> GraphValue {
        let centred = graph.node("Sub", [codes, zeros], name: "\(name).centred")
        return graph.node("Mul", [centred, scales], name: result)
    }

    // MARK: - Sites

    /// A site with one quantizer for all its values.
    ///
    /// - Returns: What the next product reads, and whether it is the output of a DequantizeLinear.
    private mutating func quantized(
        _ x: GraphValue, _ site: String, by quantizer: SiteQuantizer
    ) -> (value: GraphValue, isUniform: Bool) {
        switch quantizer {
        case .fullPrecision: return (x, false)
        case .uniform(let uniform):
            guard let zeroPoint = UInt8(exactly: uniform.zeroPoints[0]) else {
                return (emulated(x, site, uniform, shape: []), false)
            }
            let scale = scalar(uniform.scales[0], "\(site).scale")
            let zero = graph.constant([zeroPoint], shape: [], name: "\(site).zero_point")
            let codes = clipped(
                graph.node("QuantizeLinear", [x, scale, zero], name: site), uniform.bits, name: site)
            return (graph.node("DequantizeLinear", [codes, scale, zero], name: "\(site).values"), true)
        case .searchedLog(let log):
            let shift = scalar(log.shift, "\(site).shift")
            let shifted = graph.node("Add", [x, shift], name: "\(site).shifted")
            let values = powers(
                logarithm(shifted, site, delta: log.deltas[0]), site, bits: log.bits, deltas: log.deltas,
                octaves: log.octaves, axis: nil)
            return (graph.node("Sub", [values, shift], name: "\(site).unshifted"), false)
        case .logSqrt2(let log):
            let values = powers(
                logarithm(x, site, delta: log.deltas[0]), site, bits: log.bits, deltas: log.deltas,
                octaves: log.octaves, axis: nil)
            return (values, false)
        }
    }

    /// ln(x ∕ δ), of the least normal number where x is not above 0.
    private mutating func logarithm(_ x: GraphValue, _ site: String, delta: Float) -> GraphValue {
        let ratio = graph.node("Div", [x, scalar(delta, "\(site).delta")], name: "\(site).ratio")
        let least = scalar(.leastNormalMagnitude, "\(site).least")
        let positive = graph.node("Max", [ratio, least], name: "\(site).positive")
        return graph.node("Log", [positive], name: "\(site).log")
    }

    /// An operand of a product of two activations: `[batch, tokens, heads, d]`, one group a head.
    ///
    /// `order` is that of the axes which the product reads, with heads second; `factor` multiplies the values besides.
    mutating func operand(
        _ x: GraphValue, _ site: SiteDescriptor, by quantizer: SiteQuantizer, order: [Int], factor: Float = 1
    ) throws(RunFailure) -> GraphValue {
        func scaled(_ value: GraphValue) -> GraphValue {
            factor == 1
                ? value
                : graph.node(
                    "Mul", [value, scalar(factor, "\(site.name).factor")], name: "\(site.name).scaled")
        }
        let uniform: UniformQuantizer
        switch quantizer {
        case .fullPrecision: return scaled(transpose(x, order, name: "\(site.name).order"))
        case .uniform(let quantizer): uniform = quantizer
        case .logSqrt2, .searchedLog:
            throw RunFailure(
                .usage,
                "\(site.name) is \(quantizer), which an ONNX graph can have for attention maps and inputs of layers "
                    + "only; export it as packed")
        }
        // OpenVINO knows scales along the second axis only; elsewhere bytes are moved, which are fewer than floats.
        let movesFirst = layout.target == .openVINO
        let ordered = movesFirst ? transpose(x, order, name: "\(site.name).order") : x
        guard let codes = codesPerHead(ordered, site.name, uniform, axis: movesFirst ? 1 : 2) else {
            let moved = movesFirst ? ordered : transpose(x, order, name: "\(site.name).order")
            return scaled(emulated(moved, site.name, uniform, shape: Self.shape(of: uniform.scales)))
        }
        return values(
            movesFirst ? codes : transpose(codes, order, name: "\(site.name).order"), site.name, uniform,
            factor: factor)
    }

    /// The shape of parameters behind `[batch, heads, …]` values: one for each head, or one for all.
    private static func shape(of parameters: [Float]) -> [Int] {
        parameters.count == 1 ? [] : [parameters.count, 1, 1]
    }

    /// Codes of one group a head along an axis, or of one group; nil where a zero point fits no byte.
    private mutating func codesPerHead(
        _ x: GraphValue, _ site: String, _ uniform: UniformQuantizer, axis: Int
    ) -> GraphValue? {
        let groups = uniform.scales.count
        let zeroPoints = uniform.zeroPoints.compactMap { UInt8(exactly: $0) }
        guard zeroPoints.count == groups else { return nil }
        let shape = groups == 1 ? [] : [groups]
        let scales = graph.constant(uniform.scales, shape: shape, name: "\(site).scales")
        let zeros = graph.constant(zeroPoints, shape: shape, name: "\(site).zero_points")
        return clipped(
            graph.node(
                "QuantizeLinear", [x, scales, zeros], name: site, groups == 1 ? [:] : ["axis": .int(axis)]),
            uniform.bits, name: site)
    }

    /// The attention map: `[batch, heads, queries, keys]` scores, softmax and quantization.
    mutating func attention(_ scores: GraphValue, _ site: SiteDescriptor, by quantizer: SiteQuantizer)
        -> GraphValue
    {
        let softmax = "\(site.name).map"
        switch quantizer {
        case .fullPrecision: return graph.node("Softmax", [scores], name: softmax, ["axis": .int(-1)])
        case .uniform(let uniform):
            let map = graph.node("Softmax", [scores], name: softmax, ["axis": .int(-1)])
            guard let codes = codesPerHead(map, site.name, uniform, axis: 1) else {
                return emulated(map, site.name, uniform, shape: Self.shape(of: uniform.scales))
            }
            return values(codes, site.name, uniform)
        case .logSqrt2(let log):
            return logarithmic(scores, site, bits: log.bits, deltas: log.deltas, octaves: log.octaves)
        case .searchedLog(let log):
            return logarithmic(scores, site, bits: log.bits, deltas: log.deltas, octaves: log.octaves)
        }
    }

    private mutating func logarithmic(
        _ scores: GraphValue, _ site: SiteDescriptor, bits: BitWidth, deltas: [Float], octaves: [Double]
    ) -> GraphValue {
        let map = graph.node("LogSoftmax", [scores], name: "\(site.name).map", ["axis": .int(-1)])
        let logarithms = graph.constant(
            deltas.map { log($0) }, shape: Self.shape(of: deltas), name: "\(site.name).log_deltas")
        let ratio = graph.node("Sub", [map, logarithms], name: "\(site.name).ratio")
        return powers(
            ratio, site.name, bits: bits, deltas: deltas, octaves: octaves, axis: deltas.count == 1 ? nil : 1)
    }

    /// The values of logarithmic levels, from ln(x ∕ δ).
    ///
    /// `octaves` has log₂ of each group's base; `axis` is the axis of groups, nil for a single group.
    private mutating func powers(
        _ logarithm: GraphValue, _ site: String, bits: BitWidth, deltas: [Float], octaves: [Double],
        axis: Int?
    ) -> GraphValue {
        let top = UInt8(bits.maximumCode)
        let shape = axis == nil ? [] : [deltas.count]
        let steps = graph.constant(
            octaves.map { Float($0 * 0.693_147_180_559_945_3) }, shape: shape, name: "\(site).steps")
        let zeros = graph.constant(deltas.map { _ in top }, shape: shape, name: "\(site).top")
        let attributes: [String: GraphAttribute] = axis.map { ["axis": .int($0)] } ?? [:]
        // Counts down from the top code, which is 0 here and stands for the value 0.
        let codes = clipped(
            graph.node("QuantizeLinear", [logarithm, steps, zeros], name: site, attributes), bits, name: site)
        let exponents = graph.node(
            "DequantizeLinear", [codes, steps, zeros], name: "\(site).exponents", attributes)
        let powers = graph.node("Exp", [exponents], name: "\(site).powers")
        let scale = graph.constant(
            deltas, shape: Self.shape(of: deltas), name: "\(site).deltas")
        let levels = graph.node("Mul", [powers, scale], name: "\(site).levels")
        let isLevel = graph.node("Cast", [codes], name: "\(site).is_level", ["to": .int(9)])
        return graph.node("Where", [isLevel, levels, scalar(0, "\(site).zero")], name: "\(site).values")
    }

    /// The values of codes of one group a head, `[batch, heads, …]`.
    ///
    /// A DequantizeLinear here would be fused to an integer product that takes one zero point only.
    private mutating func values(
        _ codes: GraphValue, _ site: String, _ uniform: UniformQuantizer, factor: Float = 1
    ) -> GraphValue {
        let shape = Self.shape(of: uniform.scales)
        let zeros = graph.constant(uniform.zeroPoints, shape: shape, name: "\(site).zeros")
        let steps = graph.constant(uniform.scales.map { $0 * factor }, shape: shape, name: "\(site).steps")
        return dequantized(cast(codes, site), zeros, steps, site, result: "\(site).values")
    }

    /// Quantizes and dequantizes as floats, for zero points that no byte holds.
    private mutating func emulated(
        _ x: GraphValue, _ site: String, _ uniform: UniformQuantizer, shape: [Int]
    ) -> GraphValue {
        let steps = graph.constant(uniform.scales, shape: shape, name: "\(site).scales")
        let zeros = graph.constant(uniform.zeroPoints, shape: shape, name: "\(site).zeros")
        let ratio = graph.node("Div", [x, steps], name: "\(site).ratio")
        let rounded = graph.node("Round", [ratio], name: "\(site).rounded")
        let sum = graph.node("Add", [rounded, zeros], name: "\(site).sum")
        let least = scalar(0, "\(site).least")
        let greatest = scalar(Float(uniform.bits.maximumCode), "\(site).greatest")
        let codes = graph.node("Clip", [sum, least, greatest], name: site)
        return dequantized(codes, zeros, steps, site, result: "\(site).values")
    }

    /// Codes of fewer than 8 bits, which QuantizeLinear does not limit.
    private mutating func clipped(_ codes: GraphValue, _ bits: BitWidth, name: String) -> GraphValue {
        guard bits.rawValue < 8 else { return codes }
        let least = graph.constant([UInt8(0)], shape: [], name: "\(name).least")
        let greatest = graph.constant([UInt8(bits.maximumCode)], shape: [], name: "\(name).greatest")
        return graph.node("Clip", [codes, least, greatest], name: "\(name).clipped")
    }
}

/// Where a unit ends in the graph, for the file's metadata.
private struct UnitOutput: Encodable {
    /// The unit's name.
    var name: String
    /// The name of its output.
    var output: String
}

extension LogSqrt2Quantizer {
    /// log₂ of the base, for each group.
    fileprivate var octaves: [Double] { deltas.map { _ in 0.5 } }
}

extension SearchedLogQuantizer {
    fileprivate var octaves: [Double] { steps.map { Double($0) / Double(Self.denominator) } }
}
