internal import TensorCore
internal import Kernels

/// Which row of a table of relative positions belongs to each pair of tokens of a grid.
package struct RelativePositions: Sendable {
    /// The number of tokens.
    let tokens: Int
    /// The number of rows of the table.
    package let tableRows: Int
    /// For every pair of tokens, row by row, the row of the table.
    private let rows: [Int]

    /// Lays a grid out.
    ///
    /// - Parameters:
    ///   - height: The rows of the grid.
    ///   - width: The columns of the grid.
    ///   - hasClassToken: Whether a class token comes before the grid's tokens; it has three rows of the table for
    ///     itself, the last ones: as a query, as a key, and as both (BEiT, arXiv 2106.08254).
    init(height: Int, width: Int, hasClassToken: Bool = false) {
        let cells = (0..<height).flatMap { y in (0..<width).map { (y: y, x: $0) } }
        let pairs = (2 * height - 1) * (2 * width - 1)
        tableRows = pairs + (hasClassToken ? 3 : 0)
        tokens = cells.count + (hasClassToken ? 1 : 0)
        var rows = hasClassToken ? [pairs + 2] + Array(repeating: pairs, count: cells.count) : []
        for from in cells {
            if hasClassToken { rows.append(pairs + 1) }
            for to in cells {
                rows.append((from.y - to.y + height - 1) * (2 * width - 1) + from.x - to.x + width - 1)
            }
        }
        self.rows = rows
    }

    /// Spreads a table over the pairs of tokens.
    ///
    /// - Parameters:
    ///   - table: `[tableRows · heads]`, row by row.
    ///   - queries: How many tokens, from the first on, have a query.
    ///   - bias: `[heads · queries, tokens]`, overwritten.
    func spread(_ table: Vector, queries: Int, into bias: Matrix) {
        let heads = table.count / tableRows
        for head in 0..<heads {
            for query in 0..<queries {
                for key in 0..<tokens {
                    bias[head * queries + query, key] = table[rows[query * tokens + key] * heads + head]
                }
            }
        }
    }
}
