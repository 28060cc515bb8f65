import Foundation
import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// The code of one value by the definition, in double precision.
private func logarithmicCode(_ x: Float, _ delta: Float, _ maximumCode: Int) -> Int {
    let v = min(x / delta, 1)
    guard v > 0 else { return maximumCode }
    return min(Int((-2 * log2(Double(v))).rounded()), maximumCode)
}

extension KernelSuite {
    @Suite("Logarithmic quantizers") struct Logarithmic {
        @Test("values and codes are those of the definition", arguments: Grouping.atLevels, [7, 15, 255])
        func forward(place: (level: InstructionLevel, grouping: Grouping), maximumCode: Int) {
            let (level, grouping) = place
            let x = seededMatrix(grouping.rows, grouping.columns, seed: 1, padding: 3)
            for row in 0..<grouping.rows {
                for column in 0..<grouping.columns where x[row, column] > 0 {
                    x[row, column] = powf(x[row, column], 9)
                }
            }
            let deltas = seededVector(grouping.count, seed: 2, in: 0.3...1.2)
            let out = seededMatrix(grouping.rows, grouping.columns, seed: 3, padding: 1)
            let codes = seededMatrix(grouping.rows, grouping.columns, seed: 4, padding: 2)
            let restored = Matrix(rows: grouping.rows, columns: grouping.columns)
            at(level) {
                fakeQuantizeLogSqrt2(
                    x, deltas: deltas, maximumCode: maximumCode, groups: grouping.groups, into: out)
                quantizeLogSqrt2(
                    x, deltas: deltas, maximumCode: maximumCode, groups: grouping.groups, into: codes)
                dequantizeLogSqrt2(
                    codes, deltas: deltas, maximumCode: maximumCode, groups: grouping.groups, into: restored)
            }
            for row in 0..<grouping.rows {
                for column in 0..<grouping.columns {
                    let delta = deltas[grouping.group(row, column)]
                    let expected = logarithmicCode(x[row, column], delta, maximumCode)
                    #expect(codes[row, column] == Float(expected))
                    let value = expected == maximumCode ? 0 : Double(delta) * exp2(-Double(expected) / 2)
                    #expect(abs(Double(out[row, column]) - value) <= 2e-7 * value)
                }
            }
            #expect(bitPatterns(out) == bitPatterns(restored))
            #expect(paddingIsUntouched(out) && paddingIsUntouched(codes))
        }

        @Test("the exponent trick gives the code of the logarithm", arguments: InstructionLevel.available)
        func codes(level: InstructionLevel) {
            let x = reference(1, 40_000) { exp(-Double($1) / 1000) }
            let codes = Matrix(rows: 1, columns: 40_000)
            at(level) {
                quantizeLogSqrt2(
                    x, deltas: Vector([1]), maximumCode: 255, groups: .columns(width: 40_000), into: codes)
            }
            let wrong = (0..<40_000).filter {
                codes[0, $0] != Float(logarithmicCode(x[0, $0], 1, 255))
            }
            #expect(wrong.isEmpty)
        }

        @Test(
            "no quantizer gives more than 2^b values, zero among them", arguments: InstructionLevel.available,
            Array(2...8))
        func valueCount(level: InstructionLevel, bits: Int) {
            let maximumCode = 1 << bits - 1
            // Down to 2^−128 and below, where the numbers themselves end.
            let x = reference(1, 60_000) { exp2(-Double($1) / 400) }
            x[0, 0] = 0
            x[0, 1] = -1
            x[0, 2] = 100
            at(level) {
                fakeQuantizeLogSqrt2(
                    x, deltas: Vector([1]), maximumCode: maximumCode, groups: .columns(width: 60_000), into: x
                )
            }
            let values = Set(x.elements)
            #expect(values.count <= 1 << bits)
            #expect(bits == 8 || values.count == 1 << bits)
            #expect(values.contains(0) && values.contains(1))
            #expect(x[0, 0] == 0 && x[0, 1] == 0 && x[0, 2] == 1)
        }

        @Test("the gradient passes by the ratio of values inside, else not", arguments: Grouping.atLevels)
        func backward(level: InstructionLevel, grouping: Grouping) {
            let x = seededMatrix(grouping.rows, grouping.columns, seed: 5, padding: 3)
            let dOut = seededMatrix(grouping.rows, grouping.columns, seed: 6, padding: 1)
            let dX = seededMatrix(grouping.rows, grouping.columns, seed: 7, padding: 2)
            let before = clone(dX)
            let out = Matrix(rows: grouping.rows, columns: grouping.columns)
            let deltas = seededVector(grouping.count, seed: 8, in: 0.3...0.8)
            at(level) {
                fakeQuantizeLogSqrt2(x, deltas: deltas, maximumCode: 7, groups: grouping.groups, into: out)
                fakeQuantizeLogSqrt2Backward(
                    dOut, x: x, out: out, deltas: deltas, maximumCode: 7, groups: grouping.groups, into: dX,
                    accumulate: true)
            }
            let expected = reference(grouping.rows, grouping.columns) { row, column in
                let value = x[row, column]
                let open = value > 0 && value <= deltas[grouping.group(row, column)] && out[row, column] > 0
                let slope = open ? Double(out[row, column]) / Double(value) : 0
                return Double(before[row, column]) + Double(dOut[row, column]) * slope
            }
            #expect(largestDifference(dX, expected) < 1e-6)
            #expect(paddingIsUntouched(dX))
        }
    }
}
