/// Which glyphs the terminal and its font can show.
package enum GlyphSet: String, CaseIterable, Hashable, Sendable {
    /// Curves of 2 × 4 dots per cell, rounded frames.
    case braille
    /// Curves of 1 × 2 half blocks per cell, for fonts without braille.
    case block
    /// Only ASCII, for screens without UTF-8 and for locales that make frames two columns wide.
    case ascii

    /// The next set, for a key that cycles through them.
    package var next: GlyphSet {
        switch self {
        case .braille: .block
        case .block: .ascii
        case .ascii: .braille
        }
    }

    /// The parts of frames and axes.
    package var box: BoxGlyphs { self == .ascii ? .ascii : .rounded }

    /// The glyph of a symbol; always one column wide.
    package func symbol(_ symbol: Symbol) -> Unicode.Scalar {
        let pair = symbol.glyphs
        return self == .ascii ? pair.ascii : pair.unicode
    }

    /// Marks the end of cut text.
    package var ellipsis: String { self == .ascii ? "~" : "…" }

    /// A part of a dashed horizontal line.
    package var dash: Unicode.Scalar { self == .ascii ? "-" : "╌" }

    /// A part of an upright line that shades an area.
    package var shading: Unicode.Scalar { self == .ascii ? ":" : "┊" }

    /// A part of an upright line that marks a place.
    package var cursor: Unicode.Scalar { self == .ascii ? "|" : "│" }

    /// Separates a value from half the width of its interval.
    package var plusMinus: String { self == .ascii ? "+/-" : "±" }

    /// Glyphs of rising weight; the first is a space.
    package var ramp: [Unicode.Scalar] {
        self == .ascii
            ? [" ", ".", ":", "-", "=", "+", "*", "#", "@"]
            : [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    }

    /// Fills that differ without colour, one for each of `Role.series`.
    package var fills: [Unicode.Scalar] { self == .ascii ? ["#", "=", ":", "%"] : ["█", "▒", "░", "▓"] }

    /// The dots of one cell of a curve: columns and rows.
    var dots: (columns: Int, rows: Int) {
        switch self {
        case .braille: (2, 4)
        case .block: (1, 2)
        case .ascii: (1, 1)
        }
    }
}

/// The parts of frames and axes, each one column wide.
package struct BoxGlyphs: Hashable, Sendable {
    /// The corners: top left, top right, bottom left, bottom right.
    package let topLeft, topRight, bottomLeft, bottomRight: Unicode.Scalar
    /// The straight parts.
    package let horizontal, vertical: Unicode.Scalar
    /// A tick on a vertical axis and on a horizontal axis.
    package let verticalTick, horizontalTick: Unicode.Scalar

    /// Rounded corners.
    package static let rounded = BoxGlyphs(
        topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯", horizontal: "─", vertical: "│",
        verticalTick: "┤", horizontalTick: "┴")
    /// Nothing but ASCII.
    package static let ascii = BoxGlyphs(
        topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+", horizontal: "-", vertical: "|",
        verticalTick: "+", horizontalTick: "+")
}

/// Symbols; each stands beside a word that says the same.
package enum Symbol: String, CaseIterable, Hashable, Sendable {
    /// Finished well.
    case done
    /// In progress.
    case running
    /// Not begun.
    case waiting
    /// A warning.
    case warning
    /// Failed.
    case failed
    /// No longer valid because something before it changed.
    case stale
    /// Marks the selected row.
    case pointer
    /// On a Pareto front.
    case front
    /// Dominated by another point.
    case dominated
    /// The selected point.
    case selected
    /// More above.
    case moreAbove
    /// More below.
    case moreBelow
    /// Separates words.
    case dot
    /// Leads from one value to another.
    case arrow

    var glyphs: (unicode: Unicode.Scalar, ascii: Unicode.Scalar) {
        switch self {
        case .done: ("✓", "v")
        case .running: ("●", "*")
        case .waiting: ("·", ".")
        case .warning: ("▲", "!")
        case .failed: ("✗", "X")
        case .stale: ("○", "o")
        case .pointer: ("▶", ">")
        case .front: ("●", "@")
        case .dominated: ("×", "x")
        case .selected: ("◆", "O")
        case .moreAbove: ("↑", "^")
        case .moreBelow: ("↓", "v")
        case .dot: ("·", "|")
        case .arrow: ("→", ">")
        }
    }
}
