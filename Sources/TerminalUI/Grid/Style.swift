/// Attributes that a style adds to those of its role.
package struct TextAttributes: OptionSet, Hashable, Sendable {
    /// The bits.
    package let rawValue: UInt8

    /// Makes a set from its bits.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Heavier or brighter glyphs.
    package static let bold = TextAttributes(rawValue: 1)
    /// Fainter glyphs.
    package static let dim = TextAttributes(rawValue: 2)
    /// A line below the glyphs.
    package static let underline = TextAttributes(rawValue: 4)
    /// Foreground and background exchanged.
    package static let reverse = TextAttributes(rawValue: 8)

    /// The names of the attributes in this set, as theme files and goldens write them.
    package var names: [String] {
        let all: [(TextAttributes, String)] = [
            (.bold, "bold"), (.dim, "dim"), (.underline, "underline"), (.reverse, "reverse"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

/// The colours of a cell that is part of a picture.
package struct PictureColors: Hashable, Sendable {
    /// Of the glyph, as `0xRRGGBB`.
    package let foreground: UInt32
    /// Behind the glyph, as `0xRRGGBB`.
    package let background: UInt32

    /// Makes a pair of colours.
    package init(foreground: UInt32, background: UInt32) {
        (self.foreground, self.background) = (foreground, background)
    }
}

/// How a cell looks, in terms of roles; a ``Theme`` turns it into colours when a frame is presented.
package struct Style: Hashable, Sendable {
    /// The purpose of the cell.
    package var role: Role
    /// Attributes added to those of the role.
    package var attributes: TextAttributes
    /// The fixed colours of a picture's cell; nil elsewhere.
    package var picture: PictureColors?

    package init(_ role: Role, _ attributes: TextAttributes = []) {
        (self.role, self.attributes) = (role, attributes)
    }

    /// Makes the style of a cell of a picture.
    package init(_ picture: PictureColors) {
        (role, attributes, self.picture) = (.text, [], picture)
    }

    /// The empty screen.
    package static let background = Style(.background)
    /// Ordinary text.
    package static let text = Style(.text)
    /// Text of less weight.
    package static let muted = Style(.muted)

    /// The same style in bold.
    package var bold: Style { Style(role, attributes.union(.bold)) }
    /// The same style, fainter.
    package var dim: Style { Style(role, attributes.union(.dim)) }
    /// The same style, underlined.
    package var underline: Style { Style(role, attributes.union(.underline)) }
    /// The same style with foreground and background exchanged.
    package var reverse: Style { Style(role, attributes.union(.reverse)) }

    /// The style in goldens: the role's key and its attributes, joined by `+`.
    package var name: String {
        if let picture {
            return "#\(Self.hexadecimal(picture.foreground))/#\(Self.hexadecimal(picture.background))"
        }
        return ([role.rawValue] + attributes.names).joined(separator: "+")
    }

    private static func hexadecimal(_ color: UInt32) -> String {
        let digits = String(color & 0xFF_FFFF, radix: 16)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }
}
