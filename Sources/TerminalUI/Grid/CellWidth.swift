/// The columns that a scalar takes on a terminal: 0, 1 or 2.
///
/// Control characters count 0 because they are never written. Marks and format characters are 0, East
/// Asian wide characters and emoji are 2, everything else is 1; this is what `wcwidth` of the GNU C
/// library says about every glyph that this module draws.
package func cellWidth(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x7F { return value < 0x20 ? 0 : 1 }
    if value < 0x300 { return value < 0xA0 ? 0 : 1 }
    // Box drawing, block elements and braille, by far the most frequent beyond ASCII.
    if (0x2500...0x259F).contains(value) || (0x2800...0x28FF).contains(value) { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator, .surrogate:
        return 0
    default:
        break
    }
    if (0x1160...0x11FF).contains(value) { return 0 }
    if scalar.properties.isEmojiPresentation { return 2 }
    return wideRanges.contains { $0.contains(value) } ? 2 : 1
}

/// The columns that a text takes on a terminal.
package func cellWidth(_ text: String) -> Int {
    text.unicodeScalars.reduce(0) { $0 + cellWidth($1) }
}

/// East Asian wide and full-width characters (Unicode Standard Annex 11), without emoji.
private let wideRanges: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
    0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
    0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x18D00...0x18D08, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265,
    0x20000...0x2FFFD, 0x30000...0x3FFFD,
]

extension String {
    /// The longest beginning that fits into `width` columns.
    func prefix(columns width: Int) -> String {
        var used = 0
        var kept = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            used += cellWidth(scalar)
            if used > width { break }
            kept.append(scalar)
        }
        return String(kept)
    }

    /// The longest end that fits into `width` columns and begins with a character that has a cell.
    func suffix(columns width: Int) -> String {
        var used = 0
        var first = unicodeScalars.endIndex
        var place = first
        while place > unicodeScalars.startIndex {
            place = unicodeScalars.index(before: place)
            let own = cellWidth(unicodeScalars[place])
            used += own
            if used > width { break }
            if own > 0 { first = place }
        }
        return String(unicodeScalars[first...])
    }
}

/// The text in exactly `width` columns: cut, with an ellipsis, or filled with spaces.
///
/// - Parameters:
///   - text: What to fit.
///   - width: The columns to fill.
///   - alignment: Where the text goes when there is room.
///   - cut: Which end is left out when there is none.
///   - ellipsis: What stands for the part that was cut.
/// - Returns: A text whose ``cellWidth(_:)-(String)`` is `width`.
package func fitted(
    _ text: String, width: Int, alignment: TextAlignment = .leading, cut: TextCut = .end,
    ellipsis: String = "…"
) -> String {
    guard width > 0 else { return "" }
    let natural = cellWidth(text)
    if natural > width {
        let mark = ellipsis.prefix(columns: width)
        let room = width - cellWidth(mark)
        let kept =
            switch cut {
            case .start: mark + text.suffix(columns: room)
            case .end: text.prefix(columns: room) + mark
            }
        return kept + String(repeating: " ", count: width - cellWidth(kept))
    }
    let space = width - natural
    switch alignment {
    case .leading: return text + String(repeating: " ", count: space)
    case .trailing: return String(repeating: " ", count: space) + text
    case .center:
        let left = String(repeating: " ", count: space / 2)
        return left + text + String(repeating: " ", count: space - space / 2)
    }
}

/// Where a text goes in a wider space.
package enum TextAlignment: Hashable, Sendable {
    /// At the left.
    case leading
    /// In the middle.
    case center
    /// At the right.
    case trailing
}

/// Which end of a text is left out where there is no room for all of it.
package enum TextCut: Hashable, Sendable {
    /// The beginning: for names that differ at their ends.
    case start
    /// The end.
    case end
}
