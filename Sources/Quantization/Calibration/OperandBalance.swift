internal import Glibc

/// The change of basis that makes the quantization errors of two operands do the least to their product.
///
/// In x · yᵀ = (x T) · (y T⁻ᵀ)ᵀ both operands are quantized, each with one step for all channels, so that an error is as
/// large as the root mean square of its operand. The error of one is multiplied by the other: together they do
/// tr(Tᵀ P T) · tr(T⁻¹ K T⁻ᵀ) to the product, where P and K are the second moments of x and y. Its least value, for any
/// invertible T, is (tr (P^½ K P^½)^½)², and the two operands then have the same moments.
///
/// With P = L Lᵀ and Lᵀ K L = U Λ Uᵀ, T = L⁻ᵀ U Λ^¼.
package struct OperandBalance: Sendable {
    /// T, `[n, n]`, row by row.
    package let left: [Double]
    /// T⁻ᵀ, `[n, n]`, row by row.
    package let right: [Double]
    /// What the errors do to the product, divided by what they do without a change of basis.
    package let errorRatio: Double

    /// The share of the mean moment that is added to every moment, so that a direction without any stays invertible.
    private static let damping = 0.01

    /// Balances two operands; nil if one is 0 everywhere, or its moments are not finite.
    ///
    /// - Parameters:
    ///   - left: `[n, n]`, symmetric: the second moments of x.
    ///   - right: `[n, n]`, symmetric: those of y.
    ///   - n: The number of channels.
    package init?(left: [Double], right: [Double], n: Int) {
        precondition(left.count == n * n && right.count == n * n, "moments are not of \(n) channels")
        let traces = (Self.trace(left, n), Self.trace(right, n))
        guard traces.0 > 0, traces.1 > 0, traces.0.isFinite, traces.1.isFinite else { return nil }
        var (p, k) = (left, right)
        for index in 0..<n {
            p[index * n + index] += Self.damping * traces.0 / Double(n)
            k[index * n + index] += Self.damping * traces.1 / Double(n)
        }
        guard let lower = Self.cholesky(p, n) else { return nil }
        let (values, vectors) = symmetricEigen(
            Self.product(Self.product(Self.transpose(lower, n), k, n), lower, n), n)
        guard let least = values.min(), least > 0 else { return nil }
        let roots = values.map { pow($0, 0.25) }
        var basis = vectors
        // Lᵀ X = U, from the last row up.
        for row in (0..<n).reversed() {
            for column in 0..<n {
                var sum = basis[row * n + column]
                for next in row + 1..<n {
                    sum -= lower[next * n + row] * basis[next * n + column]
                }
                basis[row * n + column] = sum / lower[row * n + row]
            }
        }
        let dual = Self.product(lower, vectors, n)
        self.left = (0..<n * n).map { basis[$0] * roots[$0 % n] }
        self.right = (0..<n * n).map { dual[$0] / roots[$0 % n] }
        let sum = values.reduce(0) { $0 + $1.squareRoot() }
        errorRatio = sum * sum / (Self.trace(p, n) * Self.trace(k, n))
    }

    private static func trace(_ a: [Double], _ n: Int) -> Double {
        (0..<n).reduce(0) { $0 + a[$1 * n + $1] }
    }

    private static func transpose(_ a: [Double], _ n: Int) -> [Double] {
        (0..<n * n).map { a[$0 % n * n + $0 / n] }
    }

    private static func product(_ a: [Double], _ b: [Double], _ n: Int) -> [Double] {
        var out = [Double](repeating: 0, count: n * n)
        for row in 0..<n {
            for inner in 0..<n {
                let factor = a[row * n + inner]
                guard factor != 0 else { continue }
                for column in 0..<n { out[row * n + column] += factor * b[inner * n + column] }
            }
        }
        return out
    }

    private static func cholesky(_ a: [Double], _ n: Int) -> [Double]? {
        var lower = [Double](repeating: 0, count: n * n)
        for row in 0..<n {
            for column in 0...row {
                var sum = a[row * n + column]
                for inner in 0..<column { sum -= lower[row * n + inner] * lower[column * n + inner] }
                if column < row {
                    lower[row * n + column] = sum / lower[column * n + column]
                } else {
                    guard sum > 0 else { return nil }
                    lower[row * n + row] = sum.squareRoot()
                }
            }
        }
        return lower
    }
}

/// The eigenvalues and eigenvectors of a symmetric matrix, by cyclic Jacobi rotations.
///
/// - Parameters:
///   - matrix: `[n, n]`, symmetric, row by row.
///   - n: Its size.
/// - Returns: The values, and the vectors as the columns of an orthogonal `[n, n]`.
func symmetricEigen(_ matrix: [Double], _ n: Int) -> (values: [Double], vectors: [Double]) {
    var a = matrix
    var vectors = (0..<n * n).map { $0 / n == $0 % n ? 1.0 : 0 }
    let scale = (0..<n).reduce(0) { $0 + abs(a[$1 * n + $1]) }
    for _ in 0..<60 {
        var rest = 0.0
        for p in 0..<n {
            for q in p + 1..<n {
                let off = a[p * n + q]
                rest = max(rest, abs(off))
                guard abs(off) > 1e-14 * scale / Double(n) else { continue }
                let theta = (a[q * n + q] - a[p * n + p]) / (2 * off)
                let t = (theta >= 0 ? 1.0 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
                let c = 1 / (t * t + 1).squareRoot()
                let s = t * c
                for index in 0..<n {
                    let (x, y) = (a[p * n + index], a[q * n + index])
                    a[p * n + index] = c * x - s * y
                    a[q * n + index] = s * x + c * y
                }
                for index in 0..<n {
                    let (x, y) = (a[index * n + p], a[index * n + q])
                    a[index * n + p] = c * x - s * y
                    a[index * n + q] = s * x + c * y
                    let (u, v) = (vectors[index * n + p], vectors[index * n + q])
                    vectors[index * n + p] = c * u - s * v
                    vectors[index * n + q] = s * u + c * v
                }
            }
        }
        if rest <= 1e-12 * scale / Double(n) { break }
    }
    return ((0..<n).map { a[$0 * n + $0] }, vectors)
}
