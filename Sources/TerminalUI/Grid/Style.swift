/// Attributes that a style adds to those of its role.
public struct TextAttributes: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt8

    /// Makes a set from its bits.
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Heavier or brighter glyphs.
    public static let bold = TextAttributes(rawValue: 1)
    /// Fainter glyphs.
    public static let dim = TextAttributes(rawValue: 2)
    /// A line below the glyphs.
    public static let underline = TextAttributes(rawValue: 4)
    /// Foreground and background exchanged.
    public static let reverse = TextAttributes(rawValue: 8)

    /// The names of the attributes in this set, as theme files and goldens write them.
    public var names: [String] {
        let all: [(TextAttributes, String)] = [
            (.bold, "bold"), (.dim, "dim"), (.underline, "underline"), (.reverse, "reverse"),
        ]
        return all.filter { contains($0.0) }.map(\.1)
    }
}

/// The colours of a cell that is part of a picture.
public struct PictureColors: Hashable, Sendable {
    /// Of the glyph, as `0xRRGGBB`.
    public let foreground: UInt32
    /// Behind the glyph, as `0xRRGGBB`.
    public let background: UInt32

    /// Makes a pair of colours.
    public init(foreground: UInt32, background: UInt32) {
        (self.foreground, self.background) = (foreground, background)
    }
}

/// How a cell looks, in terms of roles; a ``Theme`` turns it into colours when a frame is presented.
public struct Style: Hashable, Sendable {
    /// What the cell is for.
    public var role: Role
    /// What is added to the role's own attributes.
    public var attributes: TextAttributes
    /// Colours of its own, which no theme changes; nil but in pictures.
    public var picture: PictureColors?

    /// Makes a style.
    public init(_ role: Role, _ attributes: TextAttributes = []) {
        self.role = role
        self.attributes = attributes
    }

    /// Makes the style of a cell of a picture.
    public init(_ picture: PictureColors) {
        (role, attributes, self.picture) = (.text, [], picture)
    }

    /// The empty screen.
    public static let background = Style(.background)
    /// Ordinary text.
    public static let text = Style(.text)
    /// Text of less weight.
    public static let muted = Style(.muted)

    /// The same style in bold.
    public var bold: Style { Style(role, attributes.union(.bold)) }
    /// The same style, fainter.
    public var dim: Style { Style(role, attributes.union(.dim)) }
    /// The same style, underlined.
    public var underline: Style { Style(role, attributes.union(.underline)) }
    /// The same style with foreground and background exchanged.
    public var reverse: Style { Style(role, attributes.union(.reverse)) }

    /// The style in goldens: the role's key and its attributes, joined by `+`.
    public var name: String {
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
