internal import Foundation

/// The small MLP that gives a Swin V2 its relative positions: two coordinates, 512 features with ReLU, a number for each
/// head (arXiv 2111.09883).
struct ContinuousPositions {
    /// `[512, 2]` and `[512]`.
    let first: (weight: [Float], bias: [Float])
    /// `[heads, 512]`.
    let second: [Float]
    let heads: Int

    /// What the names of tables end with, which a block of a Swin has.
    static let tableName = ".attn.relative_position_bias_table"
    private static let hidden = 512

    /// The tensors that a table is computed from: the first layer's weight and bias, and the second's weight.
    static func parts(of table: String, heads: Int) -> [(name: String, shape: [Int])] {
        let prefix = table.dropLast(tableName.count) + ".attn.cpb_mlp"
        return [
            ("\(prefix).0.weight", [hidden, 2]), ("\(prefix).0.bias", [hidden]),
            ("\(prefix).2.weight", [heads, hidden]),
        ]
    }

    /// The table of a window.
    ///
    /// Distances count in eighths of the greatest one that training knew, on a logarithmic scale; the MLP's results are
    /// brought into 0 … 16 by 16 σ.
    ///
    /// - Parameters:
    ///   - height: The rows of a window.
    ///   - width: Its columns.
    ///   - pretrained: The side of windows in pretraining; nil for the window's own sides.
    /// - Returns: `[(2 · height − 1) · (2 · width − 1), heads]`.
    func table(height: Int, width: Int, pretrained: Int?) -> [Float] {
        func coordinate(_ distance: Int, of side: Int) -> Double {
            let share = 8 * Double(distance) / Double(max((pretrained ?? side) - 1, 1))
            return (share < 0 ? -1 : 1) * log2(abs(share) + 1) / 3
        }
        var result: [Float] = []
        for y in (1 - height)..<height {
            for x in (1 - width)..<width {
                let place = (coordinate(y, of: height), coordinate(x, of: width))
                let features = (0..<Self.hidden).map { index in
                    max(
                        0,
                        Double(first.weight[2 * index]) * place.0
                            + Double(first.weight[2 * index + 1]) * place.1 + Double(first.bias[index]))
                }
                for head in 0..<heads {
                    let value = features.indices.reduce(0.0) {
                        $0 + features[$1] * Double(second[head * Self.hidden + $1])
                    }
                    result.append(Float(16 / (1 + exp(-value))))
                }
            }
        }
        return result
    }
}
