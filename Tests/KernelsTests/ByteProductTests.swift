import Kernels
import TensorCore
import TensorTestSupport
import Testing

extension KernelSuite {
    @Suite("Products of bytes")
    struct ByteProductTests {
        /// Codes of every value, the outermost included.
        private func codes(_ count: Int, seed: UInt64) -> [Int8] {
            seededMatrix(1, max(1, count), seed: seed).elements.prefix(count).enumerated().map {
                index, value in
                index % 7 == 0 ? -128 : index % 7 == 1 ? 127 : Int8(max(-128, min(127, value * 60)))
            }
        }

        @Test(
            "are the sums of products of codes, exactly, at every level",
            arguments: InstructionLevel.available,
            [(1, 1, 1), (3, 5, 17), (13, 33, 64), (50, 16, 7), (12, 48, 384), (1100, 3, 40), (25, 100, 1537)])
        func exact(level: InstructionLevel, shape: (rows: Int, outputs: Int, inputs: Int)) throws {
            let (rows, outputs, inputs) = shape
            let weight = codes(outputs * inputs, seed: 3)
            let zeros = codes(outputs, seed: 4)
            // Some values are beyond the codes.
            let x = seededMatrix(rows, inputs, seed: 5, scale: 200, padding: 3)
            let bytes = PackedBytes(
                codes: weight, inputs: inputs, scales: Array(repeating: 1, count: outputs), zeroPoints: zeros)
            let quantizer = try #require(ByteQuantizer(scale: 1.5, zeroPoint: 97, maximumCode: 255))
            let out = Matrix(rows: rows, columns: outputs)
            at(level) { bytes.multiply(x, quantizer: quantizer, bias: nil, into: out) }
            let input = Matrix(rows: rows, columns: inputs)
            quantize(
                x, scales: Vector([1.5]), zeroPoints: Vector([97]), maximumCode: 255,
                groups: .columns(width: inputs), into: input)
            for row in 0..<rows {
                for column in 0..<outputs {
                    var sum = 0
                    for k in 0..<inputs {
                        sum +=
                            (Int(input[row, k]) - 97)
                            * (Int(weight[column * inputs + k]) - Int(zeros[column]))
                    }
                    try #require(out[row, column] == Float(sum) * 1.5, "(\(row), \(column))")
                }
            }
        }

        @Test("are the same floats at every level, scaled and with a bias")
        func levels() throws {
            let (rows, outputs, inputs) = (37, 70, 90)
            let bytes = PackedBytes(
                codes: codes(outputs * inputs, seed: 6), inputs: inputs,
                scales: seededMatrix(1, outputs, seed: 7).elements.map { abs($0) + 0.01 },
                zeroPoints: codes(outputs, seed: 8))
            let bias = Vector(seededMatrix(1, outputs, seed: 9).elements)
            let x = seededMatrix(rows, inputs, seed: 10)
            let quantizer = try #require(ByteQuantizer(scale: 0.013, zeroPoint: 5, maximumCode: 15))
            let results = InstructionLevel.available.map { level in
                let out = Matrix(rows: rows, columns: outputs)
                at(level) { bytes.multiply(x, quantizer: quantizer, bias: bias, into: out) }
                return out.elements
            }
            for result in results { #expect(result == results[0]) }
        }

        @Test("refuse zero points and codes that no byte holds")
        func refusals() {
            #expect(ByteQuantizer(scale: 1, zeroPoint: -1, maximumCode: 15) == nil)
            #expect(ByteQuantizer(scale: 1, zeroPoint: 256, maximumCode: 15) == nil)
            #expect(ByteQuantizer(scale: 1, zeroPoint: 3, maximumCode: 256) == nil)
        }
    }
}
