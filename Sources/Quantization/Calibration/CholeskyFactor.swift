internal import Kernels
package import TensorCore

/// The lower Cholesky factor of a symmetric positive definite matrix, A = L · Lᵀ.
///
/// Works in blocks, so that nearly all of it is products. The result does not depend on the number of threads.
package struct CholeskyFactor: Sendable {
    /// The columns of a block.
    private static let width = 64

    /// `[n, n]`: L; what lies above the diagonal is 0.
    package let lower: Matrix
    /// The inverses of L's blocks on the diagonal.
    private let inverses: [Matrix]

    /// Factors a matrix, or makes nothing if it is not positive definite to working precision.
    ///
    /// - Parameters:
    ///   - matrix: `[n, n]`, symmetric; left alone.
    ///   - pool: Works on runs of rows in parallel.
    package init?(_ matrix: Matrix, pool: WorkerPool) {
        precondition(matrix.rows == matrix.columns, "\(matrix.rows) × \(matrix.columns) is not square")
        let n = matrix.rows
        let lower = Matrix(rows: n, columns: n)
        copy(matrix, into: lower)
        var inverses: [Matrix] = []
        for start in stride(from: 0, to: n, by: Self.width) {
            let block = start..<min(n, start + Self.width)
            let tiles = stride(from: start, to: n, by: Self.width).map { $0..<min(n, $0 + Self.width) }
            pool.run(start > 0 ? tiles.count : 0) { task, _ in
                multiply(
                    lower.rows(tiles[task]).columns(0..<start), lower.rows(block).columns(0..<start),
                    into: lower.rows(tiles[task]).columns(block), transposeB: true, alpha: -1,
                    accumulate: true)
            }
            let diagonal = lower.rows(block).columns(block)
            guard let inverse = factor(diagonal) else { return nil }
            inverses.append(inverse)
            pool.run(tiles.count - 1) { task, _ in
                let panel = lower.rows(tiles[task + 1]).columns(block)
                let right = Matrix(rows: panel.rows, columns: panel.columns)
                copy(panel, into: right)
                multiply(right, inverse, into: panel, transposeB: true)
            }
        }
        for row in 0..<n {
            scale(
                lower.rows(row..<row + 1).columns(row + 1..<n), by: 0,
                into: lower.rows(row..<row + 1).columns(row + 1..<n))
        }
        self.lower = lower
        self.inverses = inverses
    }

    private var blocks: [Range<Int>] {
        stride(from: 0, to: lower.rows, by: Self.width).map { $0..<min(lower.rows, $0 + Self.width) }
    }

    /// Solves `x · A = b` for rows, in place.
    ///
    /// - Parameters:
    ///   - rows: `[m, n]`: b, then x.
    ///   - pool: Works on runs of rows in parallel.
    package func solve(_ rows: Matrix, pool: WorkerPool) {
        let blocks = blocks
        let tiles = stride(from: 0, to: rows.rows, by: Self.width).map {
            $0..<min(rows.rows, $0 + Self.width)
        }
        pool.run(tiles.count) { task, _ in
            let x = rows.rows(tiles[task])
            let right = Matrix(rows: x.rows, columns: Self.width)
            func substitute(_ index: Int, done: Range<Int>, transposed: Bool) {
                let block = blocks[index]
                let target = x.columns(block)
                if !done.isEmpty {
                    let factor =
                        transposed
                        ? lower.rows(block).columns(done) : lower.rows(done).columns(block)
                    multiply(
                        x.columns(done), factor, into: target, transposeB: transposed, alpha: -1,
                        accumulate: true)
                }
                copy(target, into: right.columns(0..<block.count))
                multiply(
                    right.columns(0..<block.count), inverses[index], into: target, transposeB: transposed)
            }
            for index in blocks.indices {
                substitute(index, done: 0..<blocks[index].lowerBound, transposed: true)
            }
            for index in blocks.indices.reversed() {
                substitute(index, done: blocks[index].upperBound..<lower.rows, transposed: false)
            }
        }
    }

    /// Rounds rows so that the errors that A weighs, `(w − q) · A · (w − q)ᵀ`, nearly cancel.
    ///
    /// From the last column to the first, each element takes over the rounding errors of those after it
    /// (Babai's nearest plane, which is GPTQ, arXiv 2210.17323, in other words).
    ///
    /// - Parameters:
    ///   - rows: `[m, n]`: w; afterwards the values that were rounded.
    ///   - quantizer: Gives the quantized value of an element: its row, its value.
    ///   - pool: Works on runs of rows in parallel.
    package func round(
        _ rows: Matrix, quantizer: @Sendable (Int, Float) -> Float, pool: WorkerPool
    ) {
        let blocks = blocks
        let tiles = stride(from: 0, to: rows.rows, by: 16).map { $0..<min(rows.rows, $0 + 16) }
        pool.run(tiles.count) { task, _ in
            let w = rows.rows(tiles[task])
            let errors = Matrix(rows: w.rows, columns: w.columns)
            let carried = Matrix(rows: w.rows, columns: Self.width)
            for block in blocks.reversed() {
                let behind = block.upperBound..<lower.rows
                let sums = carried.columns(0..<block.count)
                if behind.isEmpty {
                    scale(sums, by: 0, into: sums)
                } else {
                    multiply(errors.columns(behind), lower.rows(behind).columns(block), into: sums)
                }
                let diagonal = lower.rows(block).columns(block)
                // Column by column: the errors that the elements after this one hand to it.
                let factors = (0..<block.count).map { column in
                    (0..<block.count).map { diagonal[$0, column] }
                }
                for row in 0..<w.rows {
                    var local: [Float] = Array(repeating: 0, count: block.count)
                    for column in stride(from: block.count - 1, through: 0, by: -1) {
                        let factor = factors[column]
                        var sum = sums[row, column]
                        for index in column + 1..<max(block.count, column + 1) {
                            sum += local[index] * factor[index]
                        }
                        let original = w[row, block.lowerBound + column]
                        let moved = original + sum / factor[column]
                        local[column] = original - quantizer(tiles[task].lowerBound + row, moved)
                        errors[row, block.lowerBound + column] = local[column]
                        w[row, block.lowerBound + column] = moved
                    }
                }
            }
        }
    }
}

/// Replaces a small positive definite matrix by its lower factor.
///
/// - Returns: The factor's inverse; nil if the matrix is not positive definite.
private func factor(_ a: Matrix) -> Matrix? {
    let n = a.rows
    var l = Array(repeating: Array(repeating: 0.0, count: n), count: n)
    for row in 0..<n {
        for column in 0...row {
            var sum = Double(a[row, column])
            for index in 0..<column {
                sum -= l[row][index] * l[column][index]
            }
            if row == column {
                guard sum > 0, sum.isFinite else { return nil }
                l[row][row] = sum.squareRoot()
            } else {
                l[row][column] = sum / l[column][column]
            }
        }
    }
    let inverse = Matrix(rows: n, columns: n)
    for column in 0..<n {
        var solution = Array(repeating: 0.0, count: n)
        for row in column..<n {
            var sum = row == column ? 1.0 : 0.0
            for index in column..<max(row, column) {
                sum -= l[row][index] * solution[index]
            }
            solution[row] = sum / l[row][row]
            inverse[row, column] = Float(solution[row])
        }
        for row in 0..<n {
            a[row, column] = row >= column ? Float(l[row][column]) : 0
        }
    }
    return inverse
}
