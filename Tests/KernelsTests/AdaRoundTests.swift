import Foundation
import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// The fractional part of w / s that soft rounding adds, by the definition.
private func softRounding(_ alpha: Double) -> Double {
    min(max(1.2 / (1 + exp(-alpha)) - 0.1, 0), 1)
}

extension KernelSuite {
    @Suite("Adaptive rounding") struct AdaptiveRounding {
        @Test("after initialisation, soft rounding returns the weight", arguments: Grouping.atLevels)
        func initialisation(level: InstructionLevel, grouping: Grouping) {
            let w = seededMatrix(grouping.rows, grouping.columns, seed: 1, padding: 3)
            let alpha = seededMatrix(grouping.rows, grouping.columns, seed: 2, padding: 1)
            let out = seededMatrix(grouping.rows, grouping.columns, seed: 3, padding: 2)
            let scales = grouping.scales(seed: 4)
            let zeroPoints = Vector(Array(repeating: 128, count: grouping.count))
            at(level) {
                adaRoundInitialise(w, scales: scales, groups: grouping.groups, into: alpha)
                adaRound(
                    w, alpha: alpha, scales: scales, zeroPoints: zeroPoints, maximumCode: 255,
                    groups: grouping.groups, hard: false, into: out)
            }
            #expect(largestDifference(out, w) < 2e-5)
            #expect(paddingIsUntouched(alpha) && paddingIsUntouched(out))
        }

        @Test("soft and hard rounding are those of the definition", arguments: Grouping.atLevels)
        func forward(level: InstructionLevel, grouping: Grouping) {
            let w = seededMatrix(grouping.rows, grouping.columns, seed: 5, scale: 2, padding: 3)
            let alpha = seededMatrix(grouping.rows, grouping.columns, seed: 6, scale: 4, padding: 1)
            let scales = grouping.scales(seed: 7)
            let zeroPoints = grouping.zeroPoints(seed: 8)
            for hard in [false, true] {
                let out = seededMatrix(grouping.rows, grouping.columns, seed: 9, padding: 2)
                at(level) {
                    adaRound(
                        w, alpha: alpha, scales: scales, zeroPoints: zeroPoints, maximumCode: 15,
                        groups: grouping.groups, hard: hard, into: out)
                }
                let expected = reference(grouping.rows, grouping.columns) { row, column in
                    let group = grouping.group(row, column)
                    let a = Double(alpha[row, column])
                    let h = hard ? (a >= 0 ? 1 : 0) : softRounding(a)
                    let level = Double((w[row, column] / scales[group]).rounded(.down))
                    let code = min(max(level + h + Double(zeroPoints[group]), 0), 15)
                    return Double(scales[group]) * (code - Double(zeroPoints[group]))
                }
                #expect(largestDifference(out, expected) < 2e-6)
                #expect(paddingIsUntouched(out))
            }
        }

        @Test(
            "the gradient of loss and penalty agrees with central differences",
            arguments: InstructionLevel.available, [2, 3.5, 20] as [Float])
        func gradient(level: InstructionLevel, beta: Float) {
            // Weights well inside the range, and alphas well inside h's, where nothing is clipped.
            let w = seededMatrix(5, 17, seed: 10, padding: 1)
            let alpha = seededMatrix(5, 17, seed: 11, scale: 1.8, padding: 2)
            let weights = seededMatrix(5, 17, seed: 12)
            let scales = seededVector(5, seed: 13, in: 0.5...1)
            let zeroPoints = Vector([8, 8, 8, 8, 8])
            let out = Matrix(rows: 5, columns: 17)
            let gradient = Matrix(rows: 5, columns: 17)
            at(level) {
                adaRoundBackward(
                    weights, w: w, alpha: alpha, scales: scales, zeroPoints: zeroPoints, maximumCode: 15,
                    regularizer: 0.3, beta: beta, into: gradient)
                let check = checkGradient(of: alpha, analytic: gradient) {
                    adaRound(
                        w, alpha: alpha, scales: scales, zeroPoints: zeroPoints, maximumCode: 15, hard: false,
                        into: out)
                    return weightedSum(out, weights)
                        + Double(Float(0.3)) * adaRoundPenalty(alpha, beta: beta)
                }
                #expect(check.relativeError < 2e-3, "\(check)")
            }
        }

        @Test("clipped codes and decided roundings get no gradient", arguments: InstructionLevel.available)
        func closedGradient(level: InstructionLevel) {
            // Below the range, above it, h at 0, h at 1, and one that is open.
            let w = Matrix(rows: 1, columns: 5, elements: [-50, 50, 0.2, 0.2, 0.2])
            let alpha = Matrix(rows: 1, columns: 5, elements: [0, 0, -9, 9, 0])
            let ones = Matrix(rows: 1, columns: 5, elements: [1, 1, 1, 1, 1])
            let gradient = Matrix(rows: 1, columns: 5)
            at(level) {
                adaRoundBackward(
                    ones, w: w, alpha: alpha, scales: Vector([0.5]), zeroPoints: Vector([4]), maximumCode: 7,
                    regularizer: 0, beta: 2, into: gradient)
            }
            #expect(gradient.elements[..<4].allSatisfy { $0 == 0 })
            #expect(abs(gradient[0, 4] - 0.5 * 1.2 * 0.25) < 1e-6)
        }

        @Test("the penalty is that of the definition", arguments: LevelAndShape.all, [2, 20] as [Float])
        func penalty(shape: LevelAndShape, beta: Float) {
            let alpha = shape.matrix(seed: 14, scale: 5)
            let expected = alpha.elements.reduce(0.0) {
                $0 + 1 - pow(abs(2 * softRounding(Double($1)) - 1), Double(beta))
            }
            let found = at(shape.level) { adaRoundPenalty(alpha, beta: beta) }
            #expect(abs(found - expected) < 1e-5 * max(1, Double(alpha.rows * alpha.columns)))
        }
    }
}
