internal import Kernels
package import TensorCore

/// The mean square of each column: how much an error in a weight of that input matters.
///
/// - Parameters:
///   - x: `[rows, columns]`, a linear layer's input.
///   - pool: Works on runs of rows in parallel; the result does not depend on its number of threads.
/// - Returns: `[columns]`; zeros if there are no rows.
package func columnMeanSquares(of x: Matrix, pool: WorkerPool) -> [Float] {
    let height = 256
    let tiles = (x.rows + height - 1) / height
    let parts = TaskResults(count: tiles, repeating: [Double]())
    pool.run(tiles) { task, _ in
        var sums = Array(repeating: 0.0, count: x.columns)
        for row in task * height..<min(x.rows, (task + 1) * height) {
            let line = unsafe x.line(row, from: 0, count: x.columns)
            for column in 0..<x.columns {
                let value = Double(unsafe line[column])
                sums[column] += value * value
            }
        }
        parts[task] = sums
    }
    return (0..<x.columns).map { column in
        let sum = (0..<tiles).reduce(0.0) { $0 + parts[$1][column] }
        return Float(sum / Double(max(x.rows, 1)))
    }
}

/// The mean of each column.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - pool: Works on runs of columns in parallel; the result does not depend on its number of threads.
/// - Returns: `[columns]`; zeros if there are no rows.
package func columnMeans(of x: Matrix, pool: WorkerPool) -> [Float] {
    let sums = Vector(count: x.columns)
    pool.runTiles(of: x.columns, length: 64) { tile in
        columnSums(x.columns(tile), into: sums[tile])
    }
    return sums.elements.map { $0 / Float(max(1, x.rows)) }
}
