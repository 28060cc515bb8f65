/// One position on the screen.
package struct Cell: Hashable, Sendable {
    /// The code point drawn here; 0 is the right half of the wide glyph on the left.
    package let glyph: UInt32
    /// How it looks.
    package let style: Style

    package init(glyph: UInt32, style: Style) {
        (self.glyph, self.style) = (glyph, style)
    }

    /// An empty place.
    package static let blank = Cell(glyph: 0x20, style: .background)
}

/// A frame: what every cell of the screen shows.
///
/// A value; views fill it, a ``Terminal`` presents it. Everything that writes is total: what lies outside
/// the grid, or outside the area given, is not drawn, and a wide glyph that would be cut is replaced by
/// spaces.
package struct CellGrid: Equatable, Sendable {
    /// The number of columns.
    package let width: Int
    /// The number of rows.
    package let height: Int
    private var cells: [Cell]

    /// Makes an empty frame; a negative extent becomes 0.
    package init(width: Int, height: Int) {
        self.width = max(0, width)
        self.height = max(0, height)
        cells = Array(repeating: .blank, count: self.width * self.height)
    }

    /// The whole frame.
    package var bounds: Rect { Rect(x: 0, y: 0, width: width, height: height) }

    /// The cell at column `x`, row `y`; blank outside the frame.
    package subscript(x: Int, y: Int) -> Cell {
        bounds.contains(x: x, y: y) ? cells[y * width + x] : .blank
    }

    /// The cells of row `y` from left to right; empty outside the frame.
    package func row(_ y: Int) -> ArraySlice<Cell> {
        guard y >= 0, y < height else { return [] }
        return cells[y * width..<(y + 1) * width]
    }

    /// Draws one scalar with its left half at column `x`, row `y`.
    ///
    /// - Parameters:
    ///   - scalar: What to draw. Controls become `?`, marks without width are left out.
    ///   - x: The column.
    ///   - y: The row.
    ///   - style: How it looks.
    ///   - area: Where drawing is allowed; the whole frame if nil.
    /// - Returns: The columns the scalar takes, whether or not they were inside.
    @discardableResult
    package mutating func put(
        _ scalar: Unicode.Scalar, x: Int, y: Int, style: Style, in area: Rect? = nil
    ) -> Int {
        let shown = Self.printable(scalar)
        let columns = cellWidth(shown)
        guard columns > 0 else { return 0 }
        let clip = area.map { bounds.intersection($0) } ?? bounds
        let left = clip.contains(x: x, y: y)
        if columns == 1 {
            if left { set(x, y, shown.value, style) }
            return 1
        }
        let right = clip.contains(x: x + 1, y: y)
        if left { set(x, y, right ? shown.value : 0x20, style) }
        if right { setRightHalf(x + 1, y, left ? 0 : 0x20, style) }
        return 2
    }

    /// Writes one line of text.
    ///
    /// - Parameters:
    ///   - text: What to write; line breaks and tabs become spaces.
    ///   - x: The column of the first glyph; it may lie outside.
    ///   - y: The row.
    ///   - style: How it looks.
    ///   - area: Where drawing is allowed; the whole frame if nil.
    /// - Returns: The columns from `x` to the end of the text drawn inside the area.
    @discardableResult
    package mutating func write(
        _ text: String, x: Int, y: Int, style: Style = .text, in area: Rect? = nil
    ) -> Int {
        let clip = area.map { bounds.intersection($0) } ?? bounds
        guard y >= clip.y, y < clip.endY else { return 0 }
        var column = x
        for scalar in text.unicodeScalars {
            if column >= clip.endX { break }
            column += put(scalar, x: column, y: y, style: style, in: clip)
        }
        return min(column, max(clip.endX, x)) - x
    }

    /// Fills an area with one glyph of width 1.
    package mutating func fill(_ area: Rect, glyph: Unicode.Scalar = " ", style: Style = .background) {
        let clip = bounds.intersection(area)
        for y in clip.y..<clip.endY {
            for x in clip.x..<clip.endX { put(glyph, x: x, y: y, style: style, in: clip) }
        }
    }

    /// Gives the cells of an area another style and leaves their glyphs.
    package mutating func restyle(_ area: Rect, _ change: (Style) -> Style) {
        let clip = bounds.intersection(area)
        for y in clip.y..<clip.endY {
            for x in clip.x..<clip.endX {
                let cell = cells[y * width + x]
                cells[y * width + x] = Cell(glyph: cell.glyph, style: change(cell.style))
            }
        }
    }

    /// The scalar that is drawn for another one: never one that a terminal takes for a command.
    private static func printable(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x2028, 0x2029: " "
        case 0..<0x20, 0x7F..<0xA0: "?"
        default: scalar
        }
    }

    /// Sets one cell and blanks the other half of whatever wide glyph stood here.
    private mutating func set(_ x: Int, _ y: Int, _ glyph: UInt32, _ style: Style) {
        let index = y * width + x
        if cells[index].glyph == 0, x > 0 {
            cells[index - 1] = Cell(glyph: 0x20, style: cells[index - 1].style)
        }
        setRightHalf(x, y, glyph, style)
    }

    /// Sets one cell whose left neighbour already belongs to the same glyph.
    private mutating func setRightHalf(_ x: Int, _ y: Int, _ glyph: UInt32, _ style: Style) {
        let index = y * width + x
        if x + 1 < width, cells[index + 1].glyph == 0 {
            cells[index + 1] = Cell(glyph: 0x20, style: cells[index + 1].style)
        }
        cells[index] = Cell(glyph: glyph, style: style)
    }
}
