/// Dots finer than cells: the layer that one curve is drawn on.
struct DotCanvas {
    let columns: Int
    let rows: Int
    private let perColumn: Int
    private let perRow: Int
    private var cells: [UInt8]

    /// Makes an empty layer over `columns` × `rows` cells.
    init(columns: Int, rows: Int, glyphs: GlyphSet) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
        perColumn = glyphs.dots.columns
        perRow = glyphs.dots.rows
        cells = Array(repeating: 0, count: self.columns * self.rows)
    }

    /// Dots from left to right.
    var width: Int { columns * perColumn }
    /// Dots from top to bottom.
    var height: Int { rows * perRow }

    /// The dot nearest to a position given as fractions of the axes, and whether it lies inside.
    func dot(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
        (x * Double(width - 1), (1 - y) * Double(height - 1))
    }

    /// Sets one dot; nothing outside.
    mutating func set(_ x: Int, _ y: Int) {
        guard x >= 0, x < width, y >= 0, y < height else { return }
        let bit = perColumn == 2 ? Self.braille[y % 4][x % 2] : UInt8(1) << UInt8(y % perRow)
        cells[y / perRow * columns + x / perColumn] |= bit
    }

    /// Draws the part of a line that lies inside.
    mutating func line(from start: (x: Double, y: Double), to end: (x: Double, y: Double)) {
        guard let (a, b) = clip(start, end) else { return }
        let deltaX = b.x - a.x
        let deltaY = b.y - a.y
        let steps = Int(max(deltaX.magnitude, deltaY.magnitude).rounded(.up))
        guard steps > 0 else {
            set(Int(a.x.rounded()), Int(a.y.rounded()))
            return
        }
        for step in 0...steps {
            let part = Double(step) / Double(steps)
            set(Int((a.x + part * deltaX).rounded()), Int((a.y + part * deltaY).rounded()))
        }
    }

    /// Whether a cell has a dot.
    func hasDot(column: Int, row: Int) -> Bool { cells[row * columns + column] != 0 }

    /// How many cells of a part of a row have a dot.
    func cellsWithDots(row: Int, columns range: Range<Int>) -> Int {
        range.count { hasDot(column: $0, row: row) }
    }

    /// Fills the cells of a part of a row.
    mutating func fill(row: Int, columns range: Range<Int>) {
        for column in range { cells[row * columns + column] = .max }
    }

    /// Adds the dots of a layer of the same size.
    mutating func merge(_ other: DotCanvas) {
        for index in cells.indices { cells[index] |= other.cells[index] }
    }

    /// The glyph of a cell, or nil where it has no dot; `ascii` is the glyph of any dot in ASCII.
    func glyph(column: Int, row: Int, glyphs: GlyphSet, ascii: Unicode.Scalar) -> Unicode.Scalar? {
        let bits = cells[row * columns + column]
        guard bits != 0 else { return nil }
        switch glyphs {
        case .braille: return Unicode.Scalar(0x2800 + UInt32(bits))
        case .block: return bits == 1 ? "▀" : bits == 2 ? "▄" : "█"
        case .ascii: return ascii
        }
    }

    private static let braille: [[UInt8]] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]]

    private typealias Point = (x: Double, y: Double)

    /// The part of a line between the outermost dots, half a dot wider on each side (Liang and Barsky).
    private func clip(_ start: Point, _ end: Point) -> (Point, Point)? {
        guard width > 0, height > 0 else { return nil }
        let delta = (x: end.x - start.x, y: end.y - start.y)
        guard delta.x.isFinite, delta.y.isFinite else { return nil }
        var enter = 0.0
        var leave = 1.0
        let borders = [
            (-delta.x, start.x + 0.5), (delta.x, Double(width) - 0.5 - start.x),
            (-delta.y, start.y + 0.5), (delta.y, Double(height) - 0.5 - start.y),
        ]
        for (speed, distance) in borders {
            if speed == 0 {
                if distance < 0 { return nil }
            } else if speed < 0 {
                enter = max(enter, distance / speed)
            } else {
                leave = min(leave, distance / speed)
            }
        }
        guard enter <= leave else { return nil }
        return (
            (start.x + enter * delta.x, start.y + enter * delta.y),
            (start.x + leave * delta.x, start.y + leave * delta.y)
        )
    }
}
