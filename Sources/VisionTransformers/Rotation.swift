internal import Kernels
internal import TensorCore

internal import Glibc

/// A random orthogonal matrix that spreads every coordinate over all others.
///
/// Built from a Hadamard matrix where the width is 2ᵏ or 12 · 2ᵏ, and else from the cosine transform.
struct Rotation {
    /// `[width, width]`; rows of activations are multiplied by it from the right.
    let matrix: Matrix

    /// A rotation with random signs.
    static func any(width: Int, generator: inout SeededGenerator) -> Rotation {
        let basis = spread(width)
        for row in 0..<width where generator.next() & 1 == 1 {
            for column in 0..<width {
                basis[row, column] = -basis[row, column]
            }
        }
        return Rotation(matrix: basis)
    }

    /// A rotation that leaves the mean of a row, and with it what LayerNorm subtracts, where it is.
    ///
    /// The columns of a spread whose first one is constant are permuted at random, and a reflection takes that
    /// first direction back to the mean's.
    static func keepingMean(width: Int, generator: inout SeededGenerator) -> Rotation {
        let basis = spread(width)
        let order = generator.permutation(of: width)
        let permuted = Matrix(rows: width, columns: width)
        for row in 0..<width {
            copy(basis.rows(order[row]..<order[row] + 1), into: permuted.rows(row..<row + 1))
        }
        // The reflection I − 2 u uᵀ with u along e₁ − 1 ∕ √n; none is needed for a single column.
        guard width > 1 else { return Rotation(matrix: permuted) }
        let share = 1 / Double(width).squareRoot()
        let length = (2 - 2 * share).squareRoot()
        let u = (0..<width).map { (($0 == 0 ? 1 : 0) - share) / length }
        for row in 0..<width {
            let product = (0..<width).reduce(0.0) { $0 + Double(permuted[row, $1]) * u[$1] }
            for column in 0..<width {
                permuted[row, column] = Float(Double(permuted[row, column]) - 2 * product * u[column])
            }
        }
        return Rotation(matrix: permuted)
    }

    /// An orthogonal matrix whose first column is constant and whose elements are of like size.
    private static func spread(_ width: Int) -> Matrix {
        let out = Matrix(rows: width, columns: width)
        let rest = width.trailingZeroBitCount
        let odd = width >> rest
        if odd == 1 || odd == 3 && rest >= 2 {
            let core = odd == 1 ? [[1.0]] : paley
            let factor = 1 / Double(width).squareRoot()
            for row in 0..<width {
                for column in 0..<width {
                    // Sylvester's part is the parity of common bits.
                    let (high, low) = ((row / core.count) & (column / core.count), core[row % core.count])
                    let sign = high.nonzeroBitCount & 1 == 0 ? factor : -factor
                    out[row, column] = Float(sign * low[column % core.count])
                }
            }
            return out
        }
        for row in 0..<width {
            for column in 0..<width {
                let scale = ((column == 0 ? 1 : 2) / Double(width)).squareRoot()
                out[row, column] = Float(
                    scale * cos(Double.pi * (Double(row) + 0.5) * Double(column) / Double(width)))
            }
        }
        return out
    }

    /// The Hadamard matrix of order 12 from the squares modulo 11 (Paley), first row and column positive.
    private static let paley: [[Double]] = {
        let squares = Set((1...5).map { $0 * $0 % 11 })
        return (0..<12).map { row in
            (0..<12).map { column in
                guard row > 0, column > 0 else { return 1 }
                let distance = (row - column + 11) % 11
                return distance == 0 ? -1 : squares.contains(distance) ? -1 : 1
            }
        }
    }()
}
