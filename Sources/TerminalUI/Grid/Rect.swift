/// A rectangle of cells; x grows to the right and y downwards, both from 0.
package struct Rect: Hashable, Sendable {
    /// The first column.
    package let x: Int
    /// The first row.
    package let y: Int
    /// The number of columns, never negative.
    package let width: Int
    /// The number of rows, never negative.
    package let height: Int

    /// A rectangle without cells.
    package static let zero = Rect(x: 0, y: 0, width: 0, height: 0)

    /// Makes a rectangle; a negative extent becomes 0.
    package init(x: Int, y: Int, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = max(0, width)
        self.height = max(0, height)
    }

    /// The column after the last.
    package var endX: Int { x + width }

    /// The row after the last.
    package var endY: Int { y + height }

    /// Whether the rectangle has no cell.
    package var isEmpty: Bool { width == 0 || height == 0 }

    /// Whether the cell at column `x`, row `y` lies inside.
    package func contains(x column: Int, y row: Int) -> Bool {
        column >= x && column < endX && row >= y && row < endY
    }

    /// The cells that both rectangles have.
    package func intersection(_ other: Rect) -> Rect {
        let left = max(x, other.x)
        let top = max(y, other.y)
        return Rect(
            x: left, y: top, width: min(endX, other.endX) - left, height: min(endY, other.endY) - top)
    }

    /// The rectangle without its outermost cells: `columns` on the left and right, `rows` above and below.
    package func inset(columns: Int = 1, rows: Int = 1) -> Rect {
        Rect(
            x: x + min(columns, width), y: y + min(rows, height), width: width - 2 * columns,
            height: height - 2 * rows)
    }

    /// The row `index`, counted from the top, as a rectangle; empty where there is no such row.
    package func row(_ index: Int) -> Rect {
        guard index >= 0, index < height else { return Rect(x: x, y: y, width: 0, height: 0) }
        return Rect(x: x, y: y + index, width: width, height: 1)
    }

    /// A rectangle of at most this size in the middle.
    package func centered(width wanted: Int, height wantedHeight: Int) -> Rect {
        let newWidth = min(max(0, wanted), width)
        let newHeight = min(max(0, wantedHeight), height)
        return Rect(
            x: x + (width - newWidth) / 2, y: y + (height - newHeight) / 2, width: newWidth,
            height: newHeight)
    }

    /// Cuts the rectangle into columns from left to right; see ``Length``.
    package func columns(_ lengths: [Length]) -> [Rect] {
        var at = x
        return Length.extents(lengths, total: width).map { extent in
            defer { at += extent }
            return Rect(x: at, y: y, width: extent, height: height)
        }
    }

    /// Cuts the rectangle into rows from top to bottom; see ``Length``.
    package func rows(_ lengths: [Length]) -> [Rect] {
        var at = y
        return Length.extents(lengths, total: height).map { extent in
            defer { at += extent }
            return Rect(x: x, y: at, width: width, height: extent)
        }
    }
}

/// How much of a rectangle one part of a split takes.
///
/// Fixed parts are served first, in order, while there is room; shares divide what remains by their
/// weights. The parts never overlap and never leave the rectangle.
package enum Length: Hashable, Sendable {
    /// This many cells.
    case fixed(Int)
    /// A part of what fixed parts leave, in proportion to this weight.
    case share(Double)

    /// The extents, in cells, of `lengths` in an extent of `total` cells.
    static func extents(_ lengths: [Length], total: Int) -> [Int] {
        var remaining = max(0, total)
        var weights = 0.0
        for length in lengths {
            switch length {
            case .fixed(let cells): remaining -= min(remaining, max(0, cells))
            case .share: weights += length.weight
            }
        }
        var left = max(0, total)
        var cumulative = 0.0
        var given = 0
        return lengths.map { length in
            guard case .fixed(let cells) = length else {
                guard weights > 0 else { return 0 }
                cumulative += length.weight
                let end = Int((cumulative / weights * Double(remaining)).rounded())
                defer { given = end }
                return max(0, end - given)
            }
            let extent = min(left, max(0, cells))
            left -= extent
            return extent
        }
    }

    private var weight: Double {
        guard case .share(let weight) = self, weight > 0, weight < 1e9 else { return 0 }
        return weight
    }
}
