internal import Kernels
internal import ONNX
internal import Quantization
internal import TensorCore
internal import VisionTransformers

extension ModelGraph {
    /// `[inputs, outputs]`: a layer's weight, from the codes.
    mutating func weight(
        _ linear: QuantizedLinear, _ layer: String, isProductOfCodes: Bool
    ) -> GraphValue {
        let name = "\(layer).weight"
        let matrix = linear.weight.matrix()
        let (outputs, inputs) = (matrix.rows, matrix.columns)
        func transposed<Element>(_ values: [Element]) -> [Element] {
            (0..<inputs).flatMap { input in (0..<outputs).map { values[$0 * inputs + input] } }
        }
        guard let codes = SignedCodes(linear, keepsCodes: layout.isCompact) else {
            return graph.constant(
                transposed(linear.quantizedWeight().elements), shape: [inputs, outputs], name: name)
        }
        let stored = stored(transposed(codes.codes), codes, shape: [inputs, outputs], name: name)
        if isProductOfCodes, let zeroPoints = codes.zeroPointsAsCodes {
            let scales = graph.constant(codes.scales, shape: [outputs], name: "\(name).scales")
            let zeros =
                zeroPoints.allSatisfy { $0 == 0 }
                ? [] : [graph.constant(zeroPoints, shape: [outputs], name: "\(name).zero_points")]
            return graph.node("DequantizeLinear", [stored, scales] + zeros, name: name, ["axis": .int(1)])
        }
        return floats(stored, codes, shape: [1, outputs], name: name)
    }

    /// A weight's codes as signed bytes: a constant, or planes of bits that runtimes put together when they load the file.
    mutating func stored(_ values: [Int8], _ codes: SignedCodes, shape: [Int], name: String) -> GraphValue {
        guard layout.isCompact, let planes = BitPlane.planes(of: values, bits: codes.bits) else {
            return graph.constant(values, shape: shape, name: "\(name).codes")
        }
        func shared(_ values: [UInt8], shape: [Int], _ name: String, in writer: inout ModelGraph)
            -> GraphValue
        {
            if let value = writer.shared[name] { return value }
            let value = writer.graph.constant(values, shape: shape, name: name)
            writer.shared[name] = value
            return value
        }
        var joined: GraphValue?
        for (index, plane) in planes.enumerated() {
            let own = "\(name).plane\(index)"
            let (width, parts) = (plane.width, 8 / plane.width)
            let bytes = graph.constant(plane.bytes, shape: [1, plane.bytes.count], name: own)
            let shifts = shared(
                (0..<parts).map { UInt8($0 * width) }, shape: [parts, 1], "planes.\(width).shifts", in: &self)
            let mask = shared([UInt8(1 << width - 1)], shape: [], "planes.\(width).mask", in: &self)
            let moved = graph.node(
                "BitShift", [bytes, shifts], name: "\(own).moved", ["direction": .string("RIGHT")])
            var value = graph.node("BitwiseAnd", [moved, mask], name: "\(own).parts")
            value = reshape(value, [-1], name: "\(own).row")
            if plane.bytes.count * parts > values.count {
                value = slice(value, 0..<values.count, axis: 0, name: "\(own).codes")
            }
            if let low = joined {
                let place = shared([UInt8(plane.shift)], shape: [], "planes.place\(plane.shift)", in: &self)
                let high = graph.node(
                    "BitShift", [value, place], name: "\(own).placed", ["direction": .string("LEFT")])
                value = graph.node("BitwiseOr", [low, high], name: "\(own).joined")
            }
            joined = value
        }
        guard let joined else { preconditionFailure("\(name): no planes of bits") }
        return graph.node(
            "Cast", [reshape(joined, shape, name: "\(name).planes")], name: "\(name).codes", ["to": .int(3)])
    }

    /// The values of codes, by steps that every runtime computes once, when it loads the file.
    ///
    /// A DequantizeLinear of a weight alone would invite runtimes to quantize its input as they like.
    mutating func floats(_ stored: GraphValue, _ codes: SignedCodes, shape: [Int], name: String) -> GraphValue
    {
        let zeros = graph.constant(codes.zeroPoints, shape: shape, name: "\(name).zero_points")
        let scales = graph.constant(codes.scales, shape: shape, name: "\(name).scales")
        return dequantized(cast(stored, name), zeros, scales, name, result: name)
    }
}

/// Some bits of codes, so many in a byte.
struct BitPlane: Equatable {
    /// The bits of a code: 4, 2 or 1.
    let width: Int
    /// The place of the lowest in the code.
    let shift: Int
    /// `8 / width` equal stretches of the codes, the first in the lowest bits of the bytes; the last is filled with 0.
    let bytes: [UInt8]

    /// The planes of codes from 0; nil where bytes are not larger by more than what unpacking takes in a graph.
    static func planes(of codes: [Int8], bits: BitWidth) -> [BitPlane]? {
        guard bits.rawValue < 8, codes.count * (8 - bits.rawValue) / 8 > 4096, codes.allSatisfy({ $0 >= 0 })
        else { return nil }
        var shift = 0
        return [4, 2, 1].filter { bits.rawValue & $0 != 0 }.map { width in
            defer { shift += width }
            let parts = 8 / width
            let length = (codes.count + parts - 1) / parts
            var bytes = [UInt8](repeating: 0, count: length)
            for (index, code) in codes.enumerated() {
                let part = UInt8(code) >> UInt8(shift) & UInt8(1 << width - 1)
                bytes[index % length] |= part << UInt8(index / length * width)
            }
            return BitPlane(width: width, shift: shift, bytes: bytes)
        }
    }
}
