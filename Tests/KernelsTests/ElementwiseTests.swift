import Foundation
import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// Each combination of an instruction level and an odd shape.
struct LevelAndShape: Sendable, CustomTestStringConvertible {
    let level: InstructionLevel
    let rows: Int
    let columns: Int

    var testDescription: String { "\(level), \(rows)×\(columns)" }

    static let all = InstructionLevel.available.flatMap { level in
        oddShapes.map { LevelAndShape(level: level, rows: $0.0, columns: $0.1) }
    }

    /// Random elements, with gaps between rows.
    func matrix(seed: UInt64, scale: Float = 1, padding: Int = 3) -> Matrix {
        seededMatrix(rows, columns, seed: seed, scale: scale, padding: padding)
    }
}

extension KernelSuite {
    @Suite("Element-wise kernels") struct Elementwise {
        @Test("columns are summed, and added to what was there", arguments: LevelAndShape.all)
        func columnSums(shape: LevelAndShape) {
            let a = shape.matrix(seed: 1)
            let sums = seededVector(shape.columns, seed: 2)
            let before = sums.elements
            at(shape.level) { Kernels.columnSums(a, into: sums, accumulate: true) }
            let expected = (0..<shape.columns).map { column in
                (0..<shape.rows).reduce(Double(before[column])) { $0 + Double(a[$1, column]) }
            }
            #expect(relativeError(sums.elements.map(Double.init), expected) < 1e-6)
            at(shape.level) { Kernels.columnSums(a, into: sums) }
            let overwritten = zip(expected, before).map { $0 - Double($1) }
            #expect(relativeError(sums.elements.map(Double.init), overwritten) < 1e-5)
        }

        @Test("wide matrices have their columns summed as well", arguments: InstructionLevel.available)
        func wideColumnSums(level: InstructionLevel) {
            let a = seededMatrix(5, 150, seed: 1, padding: 1)
            let sums = Vector(count: 150)
            at(level) { Kernels.columnSums(a, into: sums) }
            let expected = (0..<150).map { c in (0..<5).reduce(0.0) { $0 + Double(a[$1, c]) } }
            #expect(relativeError(sums.elements.map(Double.init), expected) < 1e-6)
        }

        @Test("sums, differences and multiples are those of the definitions", arguments: LevelAndShape.all)
        func arithmetic(shape: LevelAndShape) {
            let x = shape.matrix(seed: 3)
            let y = shape.matrix(seed: 4, padding: 1)
            let gamma = seededVector(shape.columns, seed: 5)
            func check(
                accumulates: Bool, _ run: (Matrix) -> Void, _ expected: (Int, Int, Double) -> Double,
                location: SourceLocation = #_sourceLocation
            ) {
                let out = shape.matrix(seed: 6, padding: 2)
                let before = clone(out)
                at(shape.level) { run(out) }
                let wanted = reference(shape.rows, shape.columns) {
                    expected($0, $1, accumulates ? Double(before[$0, $1]) : 0)
                }
                #expect(largestDifference(out, wanted) < 1e-6, sourceLocation: location)
                #expect(paddingIsUntouched(out), sourceLocation: location)
            }
            check(accumulates: false) {
                add(x, y, into: $0)
            } _: {
                Double(x[$0, $1]) + Double(y[$0, $1]) + $2
            }
            check(accumulates: false) {
                add(x, y, scaledBy: gamma, into: $0)
            } _: {
                Double(x[$0, $1]) + Double(gamma[$1]) * Double(y[$0, $1]) + $2
            }
            check(accumulates: false) {
                addRowBias(x, gamma, into: $0)
            } _: {
                Double(x[$0, $1]) + Double(gamma[$1]) + $2
            }
            check(accumulates: false) {
                copy(x, into: $0)
            } _: {
                Double(x[$0, $1]) + $2
            }
            for accumulate in [false, true] {
                check(accumulates: accumulate) {
                    scaleColumns(x, by: gamma, into: $0, accumulate: accumulate)
                } _: {
                    Double(x[$0, $1]) * Double(gamma[$1]) + $2
                }
                check(accumulates: accumulate) {
                    scale(x, by: 0.3, into: $0, accumulate: accumulate)
                } _: {
                    Double(x[$0, $1]) * Double(Float(0.3)) + $2
                }
                check(accumulates: accumulate) {
                    scaledDifference(x, y, factor: -1.5, into: $0, accumulate: accumulate)
                } _: {
                    -1.5 * (Double(x[$0, $1]) - Double(y[$0, $1])) + $2
                }
            }
        }

        @Test("distances and norms are summed in double precision", arguments: LevelAndShape.all)
        func distances(shape: LevelAndShape) {
            let x = shape.matrix(seed: 7)
            let y = shape.matrix(seed: 8, padding: 1)
            let distance = zip(x.elements, y.elements).reduce(0.0) {
                $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
            }
            let norm = x.elements.reduce(0.0) { $0 + Double($1) * Double($1) }
            at(shape.level) {
                #expect(abs(squaredDistance(x, y) - distance) <= 1e-6 * distance)
                #expect(abs(squaredNorm(x) - norm) <= 1e-6 * norm)
            }
        }

        @Test("GELU is within 10⁻⁶ of the form with erf everywhere", arguments: InstructionLevel.available)
        func geluAccuracy(level: InstructionLevel) {
            let x = reference(1, 24_001) { Double($1 - 12_000) / 1000 }
            let out = Matrix(rows: 1, columns: 24_001)
            at(level) { gelu(x, into: out) }
            let expected = reference(1, 24_001) {
                let value = Double(x[$0, $1])
                return value * 0.5 * erfc(-value / 2.0.squareRoot())
            }
            #expect(largestDifference(out, expected) <= 1e-6)
        }

        @Test("GELU's derivative is within 2·10⁻⁶ of the closed form", arguments: InstructionLevel.available)
        func geluSlope(level: InstructionLevel) {
            let x = reference(3, 4001) { Double($1 - 2000) / 250 + Double($0) / 1000 }
            let ones = reference(3, 4001) { _, _ in 1 }
            let out = Matrix(rows: 3, columns: 4001)
            at(level) { geluBackward(ones, x: x, into: out) }
            let expected = reference(3, 4001) {
                let value = Double(x[$0, $1])
                let density = exp(-value * value / 2) / (2 * Double.pi).squareRoot()
                return 0.5 * erfc(-value / 2.0.squareRoot()) + value * density
            }
            #expect(largestDifference(out, expected) <= 2e-6)
        }

        @Test("GELU's gradient agrees with central differences", arguments: LevelAndShape.all)
        func geluGradient(shape: LevelAndShape) {
            let x = shape.matrix(seed: 9, scale: 2)
            let weights = shape.matrix(seed: 10, padding: 0)
            let out = Matrix(rows: shape.rows, columns: shape.columns)
            let gradient = shape.matrix(seed: 11, padding: 1)
            at(shape.level) {
                geluBackward(weights, x: x, into: gradient)
                let check = checkGradient(of: x, analytic: gradient) {
                    gelu(x, into: out)
                    return weightedSum(out, weights)
                }
                #expect(check.relativeError < 1e-3, "\(check)")
                let once = clone(gradient)
                geluBackward(weights, x: x, into: gradient, accumulate: true)
                scale(once, by: 2, into: once)
                #expect(relativeError(gradient, once) < 1e-6)
            }
            #expect(paddingIsUntouched(gradient))
        }

        @Test(
            "SiLU, approximations of GELU and their gradients are those of the closed form, and finite everywhere",
            arguments: InstructionLevel.available, [SigmoidUnit.quickGELU, .tanhGELU, .silu])
        func sigmoidUnits(level: InstructionLevel, unit: SigmoidUnit) {
            let x = reference(3, 4001) { Double($1 - 2000) / 250 + Double($0) / 1000 }
            let (out, slope, ones) = (clone(x), clone(x), reference(3, 4001) { _, _ in 1 })
            at(level) {
                sigmoidUnit(x, unit, into: out)
                sigmoidUnitBackward(ones, x: x, unit, into: slope)
            }
            func share(_ x: Double) -> (value: Double, slope: Double) {
                guard unit != .tanhGELU else {
                    let (a, b) = ((2 / Double.pi).squareRoot(), 0.044715)
                    let value = tanh(a * (x + b * x * x * x))
                    return ((1 + value) / 2, (1 - value * value) / 2 * a * (1 + 3 * b * x * x))
                }
                let factor = unit == .silu ? 1 : 1.702
                let value = 1 / (1 + exp(-factor * x))
                return (value, factor * value * (1 - value))
            }
            let expected = reference(3, 4001) { Double(x[$0, $1]) * share(Double(x[$0, $1])).value }
            let expectedSlope = reference(3, 4001) {
                let (value, change) = share(Double(x[$0, $1]))
                return value + Double(x[$0, $1]) * change
            }
            #expect(largestDifference(out, expected) <= 2e-6)
            #expect(largestDifference(slope, expectedSlope) <= 4e-6)
            let far = Matrix(rows: 1, columns: 5, elements: [-1e30, -100, 100, 1e30, .nan])
            let (values, slopes) = (clone(far), Matrix(rows: 1, columns: 5, elements: [1, 1, 1, 1, 1]))
            at(level) {
                sigmoidUnit(far, unit, into: values)
                sigmoidUnitBackward(slopes, x: far, unit, into: slopes)
            }
            #expect(
                abs(values[0, 1]) < 1e-6 && values[0, 2] == 100 && values[0, 3] == 1e30 && values[0, 4].isNaN)
            #expect(abs(slopes[0, 1]) < 1e-6 && slopes[0, 2] == 1 && slopes[0, 3] == 1 && slopes[0, 4].isNaN)
        }

        @Test(
            "gradients of SiLU and of approximations of GELU agree with central differences",
            arguments: LevelAndShape.all,
            [SigmoidUnit.quickGELU, .tanhGELU, .silu])
        func sigmoidUnitGradient(shape: LevelAndShape, unit: SigmoidUnit) {
            let x = shape.matrix(seed: 9, scale: 2)
            let weights = shape.matrix(seed: 10, padding: 0)
            let out = Matrix(rows: shape.rows, columns: shape.columns)
            let gradient = shape.matrix(seed: 11, padding: 1)
            at(shape.level) {
                sigmoidUnitBackward(weights, x: x, unit, into: gradient)
                let check = checkGradient(of: x, analytic: gradient) {
                    sigmoidUnit(x, unit, into: out)
                    return weightedSum(out, weights)
                }
                #expect(check.relativeError < 1e-3, "\(check)")
                let once = clone(gradient)
                sigmoidUnitBackward(weights, x: x, unit, into: gradient, accumulate: true)
                scale(once, by: 2, into: once)
                #expect(relativeError(gradient, once) < 1e-6)
            }
            #expect(paddingIsUntouched(gradient))
        }

        @Test("elements are multiplied", arguments: LevelAndShape.all)
        func products(shape: LevelAndShape) {
            let (x, y) = (shape.matrix(seed: 21), shape.matrix(seed: 22, padding: 1))
            let out = shape.matrix(seed: 23, padding: 2)
            at(shape.level) { multiplyElements(x, y, into: out) }
            let expected = reference(shape.rows, shape.columns) { Double(x[$0, $1]) * Double(y[$0, $1]) }
            #expect(largestDifference(out, expected) <= 1e-6)
            #expect(paddingIsUntouched(out))
        }

        @Test(
            "pairs of columns are rotated, and back again", arguments: InstructionLevel.available,
            [4, 12, 20, 32, 52])
        func rotations(level: InstructionLevel, width: Int) {
            for halves in [false, true] {
                func pair(_ column: Int) -> (index: Int, partner: Int, isFirst: Bool) {
                    halves
                        ? (column % (width / 2), (column + width / 2) % width, column < width / 2)
                        : (column / 2, column ^ 1, column % 2 == 0)
                }
                func angle(_ row: Int, _ column: Int) -> Double {
                    0.3 * Double(row + 1) * Double(pair(column).index + 1)
                }
                let cosines = reference(3, width) { cos(angle($0, $1)) }
                let sines = reference(3, width) { (pair($1).isFirst ? -1 : 1) * sin(angle($0, $1)) }
                // Two heads, with columns beside them.
                let before = seededMatrix(3, 2 * width, seed: 5, padding: 3)
                let x = clone(before)
                at(level) { rotatePairs(x, cosines: cosines, sines: sines, halves: halves) }
                let expected = reference(3, 2 * width) { row, column in
                    let (head, channel) = (column / width * width, column % width)
                    let (own, other) = (
                        Double(before[row, column]), Double(before[row, head + pair(channel).partner])
                    )
                    let turn = angle(row, channel)
                    return own * cos(turn) + (pair(channel).isFirst ? -1 : 1) * other * sin(turn)
                }
                #expect(largestDifference(x, expected) <= 1e-6)
                at(level) { rotatePairs(x, cosines: cosines, sines: sines, halves: halves, reverse: true) }
                #expect(largestDifference(x, before) <= 1e-6)
            }
        }

        @Test(
            "heads get their lengths, and gradients agree with central differences",
            arguments: InstructionLevel.available, [1, 6, 16, 37])
        func lengths(level: InstructionLevel, width: Int) {
            let (start, lengths) = (seededMatrix(3, 2 * width, seed: 6), Vector([3, 0.5]))
            let (weights, reciprocals) = (seededMatrix(3, 2 * width, seed: 7), Matrix(rows: 3, columns: 2))
            let out = Matrix(rows: 3, columns: 2 * width)
            func run() {
                copy(start, into: out)
                at(level) { normalizeHeads(out, lengths: lengths, reciprocals: reciprocals) }
            }
            run()
            for row in 0..<3 {
                for head in 0..<2 {
                    let values = (0..<width).map { Double(out[row, head * width + $0]) }
                    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    #expect(abs(length - Double(lengths[head])) <= 1e-5)
                    #expect(values[0] * Double(start[row, head * width]) > 0)
                }
            }
            let gradient = clone(weights)
            at(level) {
                normalizeHeadsBackward(gradient, out: out, lengths: lengths, reciprocals: reciprocals)
            }
            let check = checkGradient(of: start, analytic: gradient, step: 1e-3) {
                run()
                return weightedSum(out, weights)
            }
            // A head of one channel keeps its sign and nothing else: every gradient is 0.
            #expect(
                width == 1
                    ? largestDifference(gradient, Matrix(rows: 3, columns: 2)) < 1e-5
                    : check.relativeError < 1e-2, "\(check)")
            let nothing = Matrix(rows: 1, columns: 2 * width)
            at(level) {
                normalizeHeads(nothing, lengths: lengths, reciprocals: reciprocals.rows(0..<1))
            }
            #expect(nothing.elements.allSatisfy { $0 == 0 })
        }

        @Test("ReLU and its gradient, with a limit and without", arguments: LevelAndShape.all)
        func reluValues(shape: LevelAndShape) {
            let x = shape.matrix(seed: 15)
            let weights = shape.matrix(seed: 16, padding: 0)
            let out = Matrix(rows: shape.rows, columns: shape.columns)
            let gradient = shape.matrix(seed: 17, padding: 1)
            let before = clone(gradient)
            for limit in [Float.infinity, 0.4] {
                at(shape.level) { relu(x, limit: limit, into: out) }
                #expect(
                    largestDifference(
                        out,
                        reference(shape.rows, shape.columns) {
                            Double(min(max(x[$0, $1], 0), limit))
                        }) == 0)
                let nothing = Matrix(rows: 1, columns: 1, elements: [.nan])
                at(shape.level) { relu(nothing, limit: limit, into: nothing) }
                #expect(nothing[0, 0].isNaN)
                copy(before, into: gradient)
                at(shape.level) {
                    reluBackward(weights, x: x, limit: limit, into: gradient, accumulate: true)
                }
                #expect(
                    largestDifference(
                        gradient,
                        reference(shape.rows, shape.columns) {
                            let passes = x[$0, $1] > 0 && x[$0, $1] < limit
                            return Double(before[$0, $1] + (passes ? weights[$0, $1] : 0))
                        }) == 0)
                at(shape.level) { reluBackward(weights, x: x, limit: limit, into: gradient) }
                #expect(
                    largestDifference(
                        gradient,
                        reference(shape.rows, shape.columns) {
                            x[$0, $1] > 0 && x[$0, $1] < limit ? Double(weights[$0, $1]) : 0
                        }) == 0)
            }
            #expect(paddingIsUntouched(gradient))
        }

        @Test("two steps of Adam are those of the paper", arguments: LevelAndShape.all)
        func adam(shape: LevelAndShape) {
            let parameters = shape.matrix(seed: 12)
            let first = Matrix(rows: shape.rows, columns: shape.columns)
            let second = Matrix(rows: shape.rows, columns: shape.columns)
            let initial = clone(parameters)
            var m = 0.0
            let gradients = [shape.matrix(seed: 13), shape.matrix(seed: 14)]
            at(shape.level) {
                for (index, gradient) in gradients.enumerated() {
                    adamStep(
                        parameters: parameters, gradients: gradient, firstMoments: first,
                        secondMoments: second,
                        settings: AdamSettings(learningRate: 0.01, step: index + 1))
                }
            }
            let expected = reference(shape.rows, shape.columns) { row, column in
                var value = Double(initial[row, column])
                var v = 0.0
                m = 0
                for (index, gradient) in gradients.enumerated() {
                    let g = Double(gradient[row, column])
                    m = 0.9 * m + 0.1 * g
                    v = 0.999 * v + 0.001 * g * g
                    let mHat = m / (1 - pow(0.9, Double(index + 1)))
                    let vHat = v / (1 - pow(0.999, Double(index + 1)))
                    value -= 0.01 * mHat / (vHat.squareRoot() + 1e-8)
                }
                return value
            }
            #expect(largestDifference(parameters, expected) < 2e-6)
            #expect(paddingIsUntouched(parameters))
        }

        @Test("an element-wise kernel on mismatched shapes ends the process")
        func mismatch() async {
            await #expect(processExitsWith: .failure) {
                gelu(Matrix(rows: 2, columns: 3), into: Matrix(rows: 3, columns: 2))
            }
        }
    }
}
