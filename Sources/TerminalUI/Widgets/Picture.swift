/// A small picture of coloured pixels, two to a cell: the upper one is the glyph, the lower one is behind it.
package struct Picture: Hashable, Sendable {
    /// The number of columns.
    package let width: Int
    /// The number of rows of pixels.
    package let height: Int
    private let pixels: [UInt32]

    /// Makes a picture.
    ///
    /// - Parameters:
    ///   - width: The number of columns.
    ///   - height: The number of rows.
    ///   - pixels: `[height, width]`, each `0xRRGGBB`; missing ones are black.
    package init(width: Int, height: Int, pixels: [UInt32]) {
        self.width = max(0, width)
        self.height = max(0, height)
        let count = self.width * self.height
        self.pixels = Array(pixels.prefix(count)) + Array(repeating: 0, count: max(0, count - pixels.count))
    }

    /// The rows of cells that the picture takes.
    package var rows: Int { (height + 1) / 2 }

    /// The picture at half its size, each pixel the mean of up to four.
    package var halved: Picture {
        let (columns, rows) = ((width + 1) / 2, (height + 1) / 2)
        var result: [UInt32] = []
        for y in 0..<rows {
            for x in 0..<columns {
                var sums: [UInt32] = [0, 0, 0]
                var count: UInt32 = 0
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)]
                where 2 * x + dx < width && 2 * y + dy < height {
                    let pixel = self[2 * x + dx, 2 * y + dy]
                    for part in 0..<3 { sums[part] += pixel >> UInt32(16 - 8 * part) & 255 }
                    count += 1
                }
                result.append(sums.reduce(0) { $0 << 8 | $1 / max(1, count) })
            }
        }
        return Picture(width: columns, height: rows, pixels: result)
    }

    private subscript(x: Int, y: Int) -> UInt32 { y < height ? pixels[y * width + x] : 0 }

    /// Draws the picture into the upper left of `area`.
    ///
    /// - Parameters:
    ///   - grid: The frame.
    ///   - area: Where to draw.
    ///   - glyphs: The glyphs to draw with.
    ///   - hasColors: Whether the terminal shows enough colours; without, and in ASCII, lightness becomes weight.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet, hasColors: Bool) {
        for row in 0..<min(rows, area.height) {
            for x in 0..<min(width, area.width) {
                let (upper, lower) = (self[x, 2 * row], self[x, 2 * row + 1])
                let (column, y) = (area.x + x, area.y + row)
                guard hasColors, glyphs != .ascii else {
                    let mean = (Self.lightness(upper) + Self.lightness(lower)) / 2
                    let ramp: [Unicode.Scalar] =
                        glyphs == .ascii ? glyphs.ramp : [" ", "░", "▒", "▓", "█"]
                    let step = min(ramp.count - 1, Int(mean * Double(ramp.count)))
                    grid.put(ramp[step], x: column, y: y, style: .text, in: area)
                    continue
                }
                grid.put(
                    "▀", x: column, y: y,
                    style: Style(PictureColors(foreground: upper, background: lower)), in: area)
            }
        }
    }

    /// How light a colour is, from 0 to 1.
    private static func lightness(_ color: UInt32) -> Double {
        let red = Double(color >> 16 & 255)
        let green = Double(color >> 8 & 255)
        let blue = Double(color & 255)
        return (0.299 * red + 0.587 * green + 0.114 * blue) / 255
    }
}
