/// A glyph as rectangles in a cell of 12 × 24, for pictures that must not depend on a font.
///
/// Frames, blocks, shades and braille have one, so that neighbours meet without gaps.
struct GlyphShape: Hashable, Sendable {
    /// The size of a cell.
    static let (width, height) = (12, 24)

    /// The rectangles, in cell coordinates.
    let rects: [Rect]
    /// Their opacity, from 0 to 1.
    let opacity: Double

    /// The shape of a glyph; nil for glyphs that need a font.
    init?(_ glyph: UInt32) {
        var opacity = 1.0
        switch glyph {
        case 0x2500: rects = [Self.horizontal]
        case 0x2501: rects = [Rect(x: 0, y: 10, width: 12, height: 4)]
        case 0x2502: rects = [Self.vertical]
        case 0x250A: rects = (0..<4).map { Rect(x: 5, y: 1 + 6 * $0, width: 2, height: 4) }
        case 0x2524: rects = [Self.vertical, Rect(x: 0, y: 11, width: 5, height: 2)]
        case 0x2534: rects = [Self.horizontal, Rect(x: 5, y: 0, width: 2, height: 11)]
        case 0x256D: rects = [Self.below, Self.right]
        case 0x256E: rects = [Self.below, Self.left]
        case 0x256F: rects = [Self.above, Self.left]
        case 0x2570: rects = [Self.above, Self.right]
        case 0x254C: rects = [Rect(x: 1, y: 11, width: 4, height: 2), Rect(x: 7, y: 11, width: 4, height: 2)]
        case 0x2580: rects = [Rect(x: 0, y: 0, width: 12, height: 12)]
        case 0x2581...0x2588:
            let rows = 3 * Int(glyph - 0x2580)
            rects = [Rect(x: 0, y: 24 - rows, width: 12, height: rows)]
        case 0x2591...0x2593:
            rects = [Rect(x: 0, y: 0, width: 12, height: 24)]
            opacity = 0.25 * Double(glyph - 0x2590)
        case 0x2800...0x28FF: rects = Self.dots(glyph - 0x2800)
        default: return nil
        }
        self.opacity = opacity
    }

    private static let horizontal = Rect(x: 0, y: 11, width: 12, height: 2)
    private static let vertical = Rect(x: 5, y: 0, width: 2, height: 24)
    private static let above = Rect(x: 5, y: 0, width: 2, height: 12)
    private static let below = Rect(x: 5, y: 12, width: 2, height: 12)
    private static let left = Rect(x: 0, y: 11, width: 6, height: 2)
    private static let right = Rect(x: 6, y: 11, width: 6, height: 2)

    /// The dots of a braille pattern, by the bits of its code point.
    private static func dots(_ bits: UInt32) -> [Rect] {
        let places = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
        return places.enumerated().filter { bits >> UInt32($0.offset) & 1 == 1 }.map { _, place in
            Rect(x: 2 + 6 * place.0, y: 2 + 6 * place.1, width: 3, height: 3)
        }
    }
}
