/// A colour of a picture.
struct PictureColor: Hashable, Sendable {
    let red, green, blue: UInt8

    /// `#rrggbb`.
    var text: String {
        "#"
            + [red, green, blue].map { value in
                let digits = String(value, radix: 16)
                return digits.count < 2 ? "0" + digits : digits
            }.joined()
    }
}

extension PictureColor {
    /// A theme's colour; the terminal's own is what terminals of the theme's variant usually have.
    init(_ color: Color, _ theme: Theme, isGround: Bool) {
        let isLight = (theme.variant == .light) == isGround
        let parts = color.components ?? (isLight ? (235, 235, 235) : (20, 20, 20))
        self.init(red: UInt8(parts.red), green: UInt8(parts.green), blue: UInt8(parts.blue))
    }

    /// This colour over another one.
    func over(_ other: PictureColor, opacity: Double) -> PictureColor {
        func mix(_ a: UInt8, _ b: UInt8) -> UInt8 {
            UInt8((Double(a) * opacity + Double(b) * (1 - opacity)).rounded())
        }
        return PictureColor(
            red: mix(red, other.red), green: mix(green, other.green), blue: mix(blue, other.blue))
    }
}

/// Neighbouring cells of a row that look alike.
struct PictureRun {
    let columns: Range<Int>
    let glyphs: [UInt32]
    let foreground: PictureColor
    let background: PictureColor
    let attributes: TextAttributes
}

/// The runs of a row, from the left.
func pictureRuns(of grid: CellGrid, row y: Int, theme: Theme) -> [PictureRun] {
    let cells = Array(grid.row(y))
    var runs: [PictureRun] = []
    var start = 0
    while start < cells.count {
        let style = cells[start].style
        let end = cells[start...].firstIndex { $0.style != style } ?? cells.count
        let resolved = theme.resolve(style, depth: .trueColor)
        let ground = PictureColor(resolved.background, theme, isGround: true)
        var ink = PictureColor(resolved.foreground, theme, isGround: false)
        if resolved.attributes.contains(.dim) { ink = ink.over(ground, opacity: 0.6) }
        let isReversed = resolved.attributes.contains(.reverse)
        runs.append(
            PictureRun(
                columns: start..<end, glyphs: cells[start..<end].map(\.glyph),
                foreground: isReversed ? ground : ink, background: isReversed ? ink : ground,
                attributes: resolved.attributes))
        start = end
    }
    return runs
}
