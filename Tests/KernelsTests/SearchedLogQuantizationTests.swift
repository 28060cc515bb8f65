import Foundation
import Kernels
import TensorCore
import TensorTestSupport
import Testing

extension KernelSuite {
    @Suite("Logarithmic quantizers of a searched base") struct SearchedLogarithmic {
        private static func parameters(
            _ grouping: Grouping, shift: Float, maximumCode: Int
        ) -> SearchedLogParameters {
            SearchedLogParameters(
                deltas: seededVector(grouping.count, seed: 2, in: 0.3...1.2),
                steps: Vector(
                    seededVector(grouping.count, seed: 9, in: 5...90).elements.map { $0.rounded() }),
                shift: shift, maximumCode: maximumCode)
        }

        @Test("values and codes are those of the definition", arguments: Grouping.atLevels, [7, 15, 255])
        func forward(place: (level: InstructionLevel, grouping: Grouping), maximumCode: Int) {
            let (level, grouping) = place
            for shift: Float in [0, 0.17] {
                let parameters = Self.parameters(grouping, shift: shift, maximumCode: maximumCode)
                let x = seededMatrix(grouping.rows, grouping.columns, seed: 1, padding: 3)
                let out = seededMatrix(grouping.rows, grouping.columns, seed: 3, padding: 1)
                let codes = seededMatrix(grouping.rows, grouping.columns, seed: 4, padding: 2)
                let restored = Matrix(rows: grouping.rows, columns: grouping.columns)
                at(level) {
                    fakeQuantizeSearchedLog(x, parameters, groups: grouping.groups, into: out)
                    quantizeSearchedLog(x, parameters, groups: grouping.groups, into: codes)
                    dequantizeSearchedLog(codes, parameters, groups: grouping.groups, into: restored)
                }
                for row in 0..<grouping.rows {
                    for column in 0..<grouping.columns {
                        let group = grouping.group(row, column)
                        let (delta, step) = (
                            Double(parameters.deltas[group]), Double(parameters.steps[group])
                        )
                        let v = min(Double(x[row, column] + shift) / delta, 1)
                        let exact = v > 0 ? -37 * log2(v) / step : .infinity
                        let code = Double(codes[row, column])
                        // Within half a code, but for rounding at the border between two.
                        #expect(
                            code == Double(maximumCode)
                                ? exact >= code - 0.5001 : abs(exact - code) <= 0.5001)
                        let power = code == Double(maximumCode) ? 0 : delta * exp2(-code * step / 37)
                        #expect(abs(Double(out[row, column]) - (power - Double(shift))) <= 1e-5 * delta)
                    }
                }
                #expect(bitPatterns(out) == bitPatterns(restored))
                #expect(paddingIsUntouched(out) && paddingIsUntouched(codes))
            }
        }

        @Test(
            "no quantizer gives more than 2^b values, minus the shift among them",
            arguments: InstructionLevel.available, Array(2...8))
        func valueCount(level: InstructionLevel, bits: Int) {
            for (step, shift) in [(37, 0), (11, 0), (90, 0.17)] as [(Float, Float)] {
                let x = reference(1, 60_000) { exp2(-Double($1) / 400) - Double(shift) }
                x[0, 0] = -shift
                x[0, 1] = -1
                x[0, 2] = 100
                let parameters = SearchedLogParameters(
                    deltas: Vector([1]), steps: Vector([step]), shift: shift, maximumCode: 1 << bits - 1)
                at(level) {
                    fakeQuantizeSearchedLog(x, parameters, groups: .columns(width: 60_000), into: x)
                }
                let values = Set(x.elements)
                #expect(values.count <= 1 << bits)
                // Beside the shift, floats cannot tell the smallest powers of a large base apart.
                #expect(bits > 4 || bits > 3 && shift > 0 || values.count == 1 << bits)
                #expect(values.contains(-shift) && values.contains(1 - shift))
                #expect(x[0, 0] == -shift && x[0, 1] == -shift && x[0, 2] == 1 - shift)
            }
        }

        @Test(
            "the gradient passes by the ratio of shifted values inside, else not",
            arguments: Grouping.atLevels)
        func backward(level: InstructionLevel, grouping: Grouping) {
            let shift: Float = 0.17
            let parameters = Self.parameters(grouping, shift: shift, maximumCode: 7)
            let x = seededMatrix(grouping.rows, grouping.columns, seed: 5, padding: 3)
            let dOut = seededMatrix(grouping.rows, grouping.columns, seed: 6, padding: 1)
            let dX = seededMatrix(grouping.rows, grouping.columns, seed: 7, padding: 2)
            let before = clone(dX)
            let out = Matrix(rows: grouping.rows, columns: grouping.columns)
            at(level) {
                fakeQuantizeSearchedLog(x, parameters, groups: grouping.groups, into: out)
                fakeQuantizeSearchedLogBackward(
                    dOut, x: x, out: out, parameters, groups: grouping.groups, into: dX, accumulate: true)
            }
            let expected = reference(grouping.rows, grouping.columns) { row, column in
                let (value, level) = (x[row, column] + shift, out[row, column] + shift)
                let open =
                    value > 0 && value <= parameters.deltas[grouping.group(row, column)] && level > 0
                let slope = open ? Double(level) / Double(value) : 0
                return Double(before[row, column]) + Double(dOut[row, column]) * slope
            }
            #expect(largestDifference(dX, expected) < 1e-6)
            #expect(paddingIsUntouched(dX))
        }
    }
}
