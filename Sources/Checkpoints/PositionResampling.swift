/// How position embeddings of one grid of patches become those of another.
enum PositionFilter: Sendable {
    /// timm's `resample_abs_pos_embed`: bicubic with a = −0.5 and antialiasing.
    case antialiased
    /// Hugging Face's `interpolate_pos_encoding`: bicubic with a = −0.75 and no antialiasing, borders repeated.
    case interpolated
}

/// Position embeddings of one grid of patches, resampled to another, rows and columns apart.
///
/// - Parameters:
///   - positions: `[leading + rows · columns, width]`, row-major.
///   - leading: The positions before the patches', which stay as they are.
///   - grid: Rows and columns of patches.
///   - target: The new rows and columns.
///   - width: The number of features.
///   - filter: Whose rule.
/// - Returns: `[leading + target rows · target columns, width]`.
func resampledPositions(
    _ positions: [Float], leading: Int, grid: (rows: Int, columns: Int), target: (rows: Int, columns: Int),
    width: Int, filter: PositionFilter
) -> [Float] {
    let patches = positions[(leading * width)...].map { Double($0) }
    let (rows, columns) = (
        taps(from: grid.rows, to: target.rows, filter), taps(from: grid.columns, to: target.columns, filter)
    )
    var wide = [Double](repeating: 0, count: grid.rows * target.columns * width)
    for row in 0..<grid.rows {
        for (column, taps) in columns.enumerated() {
            for tap in taps {
                let source = (row * grid.columns + tap.place) * width
                let place = (row * target.columns + column) * width
                for feature in 0..<width { wide[place + feature] += tap.weight * patches[source + feature] }
            }
        }
    }
    var result = [Double](repeating: 0, count: target.rows * target.columns * width)
    for (row, taps) in rows.enumerated() {
        for tap in taps {
            let source = tap.place * target.columns * width
            let place = row * target.columns * width
            for index in 0..<target.columns * width {
                result[place + index] += tap.weight * wide[source + index]
            }
        }
    }
    return positions[..<(leading * width)] + result.map { Float($0) }
}

/// Which old places make up each new one, and how much each counts.
private func taps(
    from old: Int, to new: Int, _ filter: PositionFilter
) -> [[(place: Int, weight: Double)]] {
    let scale = Double(old) / Double(new)
    return (0..<new).map { place in
        let centre = scale * (Double(place) + 0.5)
        switch filter {
        case .antialiased:
            let support = 2 * max(scale, 1)
            let squeeze = scale >= 1 ? 1 / scale : 1
            let places = max(0, Int(centre - support + 0.5))..<min(old, Int(centre + support + 0.5))
            let raw = places.map { cubic((Double($0) - centre + 0.5) * squeeze, a: -0.5) }
            let sum = raw.reduce(0, +)
            return zip(places, raw).map { ($0, $1 / sum) }
        case .interpolated:
            let first = Int((centre - 0.5).rounded(.down)) - 1
            return (first..<first + 4).map {
                (min(max($0, 0), old - 1), cubic(Double($0) - centre + 0.5, a: -0.75))
            }
        }
    }
}

private func cubic(_ x: Double, a: Double) -> Double {
    let x = abs(x)
    if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return (((x - 5) * x + 8) * x - 4) * a }
    return 0
}
