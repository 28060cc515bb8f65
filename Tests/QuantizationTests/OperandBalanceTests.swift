import Foundation
import TensorCore
import Testing

@testable import Quantization

@Suite("Balanced operands")
struct OperandBalanceTests {
    /// Second moments of channels that are correlated and of unlike size.
    private func moments(_ n: Int, seed: UInt64) -> [Double] {
        var generator = SeededGenerator(seed: seed)
        let rows = 4 * n
        let values = (0..<rows * n).map {
            Double(generator.uniform()) * pow(2, Double($0 % n) / 2) + Double($0 / n % 3)
        }
        return (0..<n * n).map { index in
            (0..<rows).reduce(0.0) { $0 + values[$1 * n + index / n] * values[$1 * n + index % n] }
                / Double(rows)
        }
    }

    private func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
        (0..<n * n).map { index in
            (0..<n).reduce(0.0) { $0 + a[index / n * n + $1] * b[$1 * n + index % n] }
        }
    }

    private func transposed(_ a: [Double], _ n: Int) -> [Double] {
        (0..<n * n).map { a[$0 % n * n + $0 / n] }
    }

    /// Tᵀ M T.
    private func changed(_ m: [Double], by t: [Double], _ n: Int) -> [Double] {
        product(product(transposed(t, n), m, n), t, n)
    }

    private func trace(_ a: [Double], _ n: Int) -> Double { (0..<n).reduce(0) { $0 + a[$1 * n + $1] } }

    @Test("the product of the operands stays", arguments: [1, 2, 7, 16])
    func product(n: Int) throws {
        let balance = try #require(
            OperandBalance(left: moments(n, seed: 1), right: moments(n, seed: 2), n: n))
        let identity = product(balance.left, transposed(balance.right, n), n)
        for (index, value) in identity.enumerated() {
            #expect(abs(value - (index / n == index % n ? 1 : 0)) < 1e-9)
        }
    }

    @Test("both operands get the same moments, and no other basis has a lower error", arguments: [2, 7, 16])
    func least(n: Int) throws {
        let (left, right) = (moments(n, seed: 3), moments(n, seed: 4))
        let balance = try #require(OperandBalance(left: left, right: right, n: n))
        func error(_ t: [Double], _ dual: [Double]) -> Double {
            trace(changed(left, by: t, n), n) * trace(changed(right, by: dual, n), n)
        }
        let (p, k) = (changed(left, by: balance.left, n), changed(right, by: balance.right, n))
        for (a, b) in zip(p, k) { #expect(abs(a - b) < 0.05 * trace(p, n) / Double(n)) }
        let least = error(balance.left, balance.right)
        let plain = trace(left, n) * trace(right, n)
        #expect(least < plain)
        #expect(abs(least / plain - balance.errorRatio) < 0.03)
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<20 {
            // A channel is stretched in one operand and shrunk in the other.
            let channel = Int(generator.next() % UInt64(n))
            let factor = 0.5 + Double(generator.uniform())
            var (t, dual) = (balance.left, balance.right)
            for row in 0..<n {
                t[row * n + channel] *= factor
                dual[row * n + channel] /= factor
            }
            #expect(error(t, dual) >= least * 0.98)
        }
    }

    @Test("an operand that is 0 everywhere is left alone")
    func nothing() {
        let zeros = Array(repeating: 0.0, count: 9)
        #expect(OperandBalance(left: zeros, right: moments(3, seed: 1), n: 3) == nil)
        #expect(OperandBalance(left: moments(3, seed: 1), right: zeros, n: 3) == nil)
        #expect(
            OperandBalance(left: Array(repeating: .nan, count: 9), right: moments(3, seed: 1), n: 3) == nil)
    }

    @Test(
        "a symmetric matrix is taken apart into eigenvalues and orthogonal eigenvectors",
        arguments: [1, 5, 32])
    func eigen(n: Int) {
        let matrix = moments(n, seed: 6)
        let (values, vectors) = symmetricEigen(matrix, n)
        let scaled = (0..<n * n).map { vectors[$0] * values[$0 % n] }
        for (found, given) in zip(product(scaled, transposed(vectors, n), n), matrix) {
            #expect(abs(found - given) < 1e-10 * trace(matrix, n))
        }
        for (index, value) in product(transposed(vectors, n), vectors, n).enumerated() {
            #expect(abs(value - (index / n == index % n ? 1 : 0)) < 1e-10)
        }
    }
}
