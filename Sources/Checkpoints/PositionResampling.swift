internal import Foundation

/// Position embeddings of one grid of patches, resampled to another as timm's `resample_abs_pos_embed` does:
/// bicubic with a = −0.5 and antialiasing, rows and columns apart.
///
/// - Parameters:
///   - positions: `[leading + rows · columns, width]`, row-major.
///   - leading: The positions before the patches', which stay as they are.
///   - grid: Rows and columns of patches.
///   - target: Rows and columns that are wanted.
///   - width: The number of features.
/// - Returns: `[leading + target rows · target columns, width]`.
func resampledPositions(
    _ positions: [Float], leading: Int, grid: (rows: Int, columns: Int), target: (rows: Int, columns: Int),
    width: Int
) -> [Float] {
    let patches = positions[(leading * width)...].map { Double($0) }
    let (rows, columns) = (
        weights(from: grid.rows, to: target.rows), weights(from: grid.columns, to: target.columns)
    )
    var wide = [Double](repeating: 0, count: grid.rows * target.columns * width)
    for row in 0..<grid.rows {
        for (column, taps) in columns.enumerated() {
            for (offset, weight) in taps.weights.enumerated() {
                let source = (row * grid.columns + taps.start + offset) * width
                let place = (row * target.columns + column) * width
                for feature in 0..<width { wide[place + feature] += weight * patches[source + feature] }
            }
        }
    }
    var result = [Double](repeating: 0, count: target.rows * target.columns * width)
    for (row, taps) in rows.enumerated() {
        for (offset, weight) in taps.weights.enumerated() {
            let source = (taps.start + offset) * target.columns * width
            let place = row * target.columns * width
            for index in 0..<target.columns * width { result[place + index] += weight * wide[source + index] }
        }
    }
    return positions[..<(leading * width)] + result.map { Float($0) }
}

/// Which old places make up each new one, and how much each counts.
private func weights(from old: Int, to new: Int) -> [(start: Int, weights: [Double])] {
    let scale = Double(old) / Double(new)
    let support = 2 * max(scale, 1)
    let squeeze = scale >= 1 ? 1 / scale : 1
    return (0..<new).map { place in
        let centre = scale * (Double(place) + 0.5)
        let start = max(0, Int(centre - support + 0.5))
        let end = min(old, Int(centre + support + 0.5))
        let raw = (start..<end).map { cubic((Double($0) - centre + 0.5) * squeeze) }
        let sum = raw.reduce(0, +)
        return (start, raw.map { $0 / sum })
    }
}

private func cubic(_ x: Double) -> Double {
    let (a, x) = (-0.5, abs(x))
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
}
