import Foundation
import Kernels
import TensorCore
import TensorTestSupport
import Testing

extension KernelSuite {
    @Suite("Normalization") struct Normalization {
        @Test("layer norm is that of the definition, also in place", arguments: LevelAndShape.all)
        func layerNormForward(shape: LevelAndShape) {
            let x = shape.matrix(seed: 1, scale: 3)
            let gamma = seededVector(shape.columns, seed: 2)
            let beta = seededVector(shape.columns, seed: 3)
            let mean = Vector(count: shape.rows)
            let reciprocal = Vector(count: shape.rows)
            let expected = reference(shape.rows, shape.columns) { row, column in
                let values = (0..<shape.columns).map { Double(x[row, $0]) }
                let center = values.reduce(0, +) / Double(values.count)
                let variance = values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(values.count)
                return (values[column] - center) / (variance + 1e-3).squareRoot() * Double(gamma[column])
                    + Double(beta[column])
            }
            at(shape.level) {
                layerNorm(
                    x, gamma: gamma, beta: beta, epsilon: 1e-3, into: x, mean: mean,
                    reciprocalDeviation: reciprocal)
            }
            #expect(largestDifference(x, expected) < 5e-6)
            #expect(paddingIsUntouched(x))
        }

        @Test("layer norm's gradient agrees with central differences", arguments: LevelAndShape.all)
        func layerNormGradient(shape: LevelAndShape) {
            // A row of one column normalizes to zero whatever it holds: its gradient is zero too.
            let x = shape.matrix(seed: 4, scale: 3)
            let gamma = seededVector(shape.columns, seed: 5, in: 0.5...2)
            let beta = seededVector(shape.columns, seed: 6)
            let weights = shape.matrix(seed: 7, padding: 0)
            let out = Matrix(rows: shape.rows, columns: shape.columns)
            let mean = Vector(count: shape.rows)
            let reciprocal = Vector(count: shape.rows)
            let gradient = shape.matrix(seed: 8, padding: 2)
            let before = clone(gradient)
            at(shape.level) {
                let forward = {
                    layerNorm(
                        x, gamma: gamma, beta: beta, epsilon: 0.1, into: out, mean: mean,
                        reciprocalDeviation: reciprocal)
                    return weightedSum(out, weights)
                }
                _ = forward()
                layerNormBackward(
                    weights, x: x, gamma: gamma, mean: mean, reciprocalDeviation: reciprocal, into: gradient,
                    accumulate: true)
                scaledDifference(gradient, before, factor: 1, into: gradient)
                let check = checkGradient(of: x, analytic: gradient, loss: forward)
                let limit = shape.columns > 1 ? 2e-3 : .infinity
                #expect(check.relativeError <= limit, "\(check)")
                #expect(shape.columns > 1 || squaredNorm(gradient) < 1e-9)
            }
            #expect(paddingIsUntouched(gradient))
        }

        @Test("softmax is that of the definition, and rows sum to 1", arguments: LevelAndShape.all)
        func softmaxForward(shape: LevelAndShape) {
            let x = shape.matrix(seed: 9, scale: 20)
            let out = shape.matrix(seed: 10, padding: 1)
            at(shape.level) { softmaxRows(x, into: out, scale: 0.7) }
            let expected = reference(shape.rows, shape.columns) { row, column in
                let scaled = (0..<shape.columns).map { Double(Float(0.7)) * Double(x[row, $0]) }
                let peak = scaled.max() ?? 0
                return exp(scaled[column] - peak) / scaled.reduce(0) { $0 + exp($1 - peak) }
            }
            #expect(largestDifference(out, expected) < 2e-6)
            for row in 0..<shape.rows where shape.columns > 0 {
                let sum = (0..<shape.columns).reduce(0.0) { $0 + Double(out[row, $1]) }
                #expect(abs(sum - 1) < 1e-6)
            }
            #expect(paddingIsUntouched(out))
        }

        @Test("softmax keeps very large logits finite and gives masked ones nothing")
        func softmaxExtremes() {
            let x = Matrix(rows: 1, columns: 4, elements: [3e38, -3e38, 3e38, -.infinity])
            let out = Matrix(rows: 1, columns: 4)
            softmaxRows(x, into: out)
            #expect(out.elements == [0.5, 0, 0.5, 0])
        }

        @Test("softmax's gradient agrees with central differences", arguments: LevelAndShape.all)
        func softmaxGradient(shape: LevelAndShape) {
            let x = shape.matrix(seed: 11, scale: 2)
            let weights = shape.matrix(seed: 12, padding: 0)
            let out = Matrix(rows: shape.rows, columns: shape.columns)
            let gradient = shape.matrix(seed: 13, padding: 1)
            at(shape.level) {
                softmaxRows(x, into: out, scale: 1.5)
                softmaxRowsBackward(weights, out: out, into: gradient, scale: 1.5)
                let check = checkGradient(of: x, analytic: gradient) {
                    softmaxRows(x, into: out, scale: 1.5)
                    return weightedSum(out, weights)
                }
                let limit = shape.columns > 1 ? 2e-3 : .infinity
                #expect(check.relativeError <= limit, "\(check)")
                #expect(shape.columns > 1 || squaredNorm(gradient) < 1e-9)
            }
            #expect(paddingIsUntouched(gradient))
        }

        @Test("the divergence of distributions is that of the definition", arguments: LevelAndShape.all)
        func divergence(shape: LevelAndShape) {
            let target = shape.matrix(seed: 14, scale: 4)
            let student = shape.matrix(seed: 15, scale: 4, padding: 1)
            func logShares(_ x: Matrix, _ row: Int) -> [Double] {
                let scaled = (0..<shape.columns).map { Double(x[row, $0]) / 2 }
                let total = log(scaled.reduce(0) { $0 + exp($1) })
                return scaled.map { $0 - total }
            }
            var expected = 0.0
            for row in 0..<shape.rows {
                for (p, q) in zip(logShares(target, row), logShares(student, row)) {
                    expected += exp(p) * (p - q)
                }
            }
            let found = at(shape.level) {
                kullbackLeibler(target: target, student: student, temperature: 2)
            }
            #expect(abs(found - expected) < 2e-6 * max(1, Double(shape.rows)))
        }

        @Test("equal logits diverge by nothing", arguments: InstructionLevel.available)
        func noDivergence(level: InstructionLevel) {
            let x = seededMatrix(17, 100, seed: 16, scale: 10)
            let gradient = seededMatrix(17, 100, seed: 17)
            at(level) {
                #expect(kullbackLeibler(target: x, student: x, gradient: gradient) == 0)
                #expect(squaredNorm(gradient) == 0)
            }
        }

        @Test("the divergence's gradient agrees with central differences", arguments: LevelAndShape.all)
        func divergenceGradient(shape: LevelAndShape) {
            let target = shape.matrix(seed: 18, scale: 3)
            let student = shape.matrix(seed: 19, scale: 3)
            let gradient = shape.matrix(seed: 20, padding: 1)
            at(shape.level) {
                _ = kullbackLeibler(
                    target: target, student: student, temperature: 2, gradient: gradient, gradientFactor: 0.5)
                let check = checkGradient(of: student, analytic: gradient, step: 3e-2) {
                    0.5 * kullbackLeibler(target: target, student: student, temperature: 2)
                }
                let limit = shape.columns > 1 ? 2e-3 : .infinity
                #expect(check.relativeError <= limit, "\(check)")
                #expect(shape.columns > 1 || squaredNorm(gradient) < 1e-9)
            }
            #expect(paddingIsUntouched(gradient))
        }
    }
}
