/// A frame as pixels in a theme's colours, 12 × 24 of them a cell.
package struct PixelPicture: Hashable, Sendable {
    /// The columns of pixels; at least one.
    package let width: Int
    /// The rows of pixels; at least one.
    package let height: Int
    /// Red, green and blue of each pixel, row by row: `[height, width, 3]`.
    package private(set) var bytes: [UInt8]

    /// Draws a frame.
    package init(of grid: CellGrid, theme: Theme) {
        width = max(1, grid.width * GlyphShape.width)
        height = max(1, grid.height * GlyphShape.height)
        bytes = Array(repeating: 0, count: width * height * 3)
        for y in 0..<grid.height {
            for run in pictureRuns(of: grid, row: y, theme: theme) {
                draw(run, y: y * GlyphShape.height)
            }
        }
    }

    private mutating func fill(_ rect: Rect, _ color: PictureColor) {
        for y in max(0, rect.y)..<min(height, rect.endY) {
            for x in max(0, rect.x)..<min(width, rect.endX) {
                let place = (y * width + x) * 3
                (bytes[place], bytes[place + 1], bytes[place + 2]) = (color.red, color.green, color.blue)
            }
        }
    }

    private mutating func draw(_ run: PictureRun, y top: Int) {
        let (width, height) = (GlyphShape.width, GlyphShape.height)
        for (offset, glyph) in run.glyphs.enumerated() {
            let left = (run.columns.lowerBound + offset) * width
            fill(Rect(x: left, y: top, width: width, height: height), run.background)
            if let shape = GlyphShape(glyph) {
                let color = run.foreground.over(run.background, opacity: shape.opacity)
                for rect in shape.rects {
                    fill(
                        Rect(x: left + rect.x, y: top + rect.y, width: rect.width, height: rect.height), color
                    )
                }
            } else if glyph != 0 {
                drawLetter(glyph, x: left, y: top, run)
            }
            if run.attributes.contains(.underline) {
                fill(Rect(x: left, y: top + 21, width: width, height: 1), run.foreground)
            }
        }
    }

    private mutating func drawLetter(_ glyph: UInt32, x: Int, y: Int, _ run: PictureRun) {
        // A bold dot is one pixel wider.
        let wide = run.attributes.contains(.bold) ? 3 : 2
        for (row, bits) in BitmapFont.rows(of: glyph).enumerated() {
            for column in 0..<5 where bits >> UInt8(4 - column) & 1 == 1 {
                fill(
                    Rect(x: x + 1 + 2 * column, y: y + 4 + 2 * row, width: wide, height: 2), run.foreground)
            }
        }
    }
}
