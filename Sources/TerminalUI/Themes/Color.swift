/// A colour as a theme names it.
package enum Color: Hashable, Sendable {
    /// The terminal's own colour for text or background.
    case terminalDefault
    /// One of the 16 colours of the terminal's palette, 0 to 15.
    case ansi(UInt8)
    /// One of 256 colours; from 16 on they are the same on every terminal.
    case indexed(UInt8)
    /// Red, green and blue, each 0 to 255.
    case rgb(UInt8, UInt8, UInt8)

    /// Makes a colour from `0xRRGGBB`.
    package init(hex: UInt32) {
        self = .rgb(UInt8(hex >> 16 & 255), UInt8(hex >> 8 & 255), UInt8(hex & 255))
    }
}

/// How many colours a terminal shows.
package enum ColorDepth: String, CaseIterable, Hashable, Sendable {
    /// None: bold, underline and reverse only.
    case monochrome
    /// The eight colours of the palette.
    case eight
    /// The eight colours and their bright variants.
    case sixteen
    /// The colour cube, the grey ramp and the sixteen.
    case indexed256
    /// Any colour.
    case trueColor
}

extension Color {
    /// The names of the 16 palette colours, in order.
    package static let ansiNames = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black",
        "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
        "bright-white",
    ]

    /// Red, green and blue, 0 to 255, as xterm shows the colour; nil for the terminal's own.
    package var components: (red: Int, green: Int, blue: Int)? {
        switch self {
        case .terminalDefault: return nil
        case .rgb(let red, let green, let blue): return (Int(red), Int(green), Int(blue))
        case .ansi(let index): return Self.palette[Int(index & 15)]
        case .indexed(let index):
            let value = Int(index)
            if value < 16 { return Self.palette[value] }
            if value >= 232 {
                let level = 8 + 10 * (value - 232)
                return (level, level, level)
            }
            let cube = value - 16
            return (Self.levels[cube / 36], Self.levels[cube / 6 % 6], Self.levels[cube % 6])
        }
    }

    /// The nearest colour that a terminal of this depth shows.
    ///
    /// The result is ``terminalDefault``, ``ansi(_:)`` below 16 colours, ``indexed(_:)`` at 256, anything
    /// at true colour.
    package func reduced(to depth: ColorDepth) -> Color {
        switch (depth, self) {
        case (.monochrome, _), (_, .terminalDefault): return .terminalDefault
        case (.trueColor, _), (.indexed256, .ansi), (.indexed256, .indexed): return self
        case (.sixteen, .ansi), (.eight, .ansi(0...7)): return self
        default: break
        }
        guard let wanted = components else { return .terminalDefault }
        switch depth {
        case .indexed256: return Self.nearestIndexed(wanted)
        case .eight: return .ansi(UInt8(Self.nearest(to: wanted, among: Array(Self.palette[0..<8]))))
        default: return .ansi(UInt8(Self.nearest(to: wanted, among: Self.palette)))
        }
    }

    private typealias Components = (red: Int, green: Int, blue: Int)

    /// The values of each component in the 6 × 6 × 6 cube.
    private static let levels = [0, 95, 135, 175, 215, 255]

    /// The palette of xterm; other terminals differ, which is why themes may name palette colours.
    private static let palette: [Components] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205),
        (229, 229, 229), (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255),
        (255, 0, 255), (0, 255, 255), (255, 255, 255),
    ]

    private static func nearestIndexed(_ wanted: Components) -> Color {
        func level(_ value: Int) -> Int {
            (0..<6).min { abs(levels[$0] - value) < abs(levels[$1] - value) } ?? 0
        }
        let (red, green, blue) = (level(wanted.red), level(wanted.green), level(wanted.blue))
        let cube = UInt8(16 + 36 * red + 6 * green + blue)
        let mean = (wanted.red + wanted.green + wanted.blue) / 3
        let grey = UInt8(232 + min(23, max(0, (mean - 3) / 10)))
        let candidates: [Color] = [.indexed(cube), .indexed(grey)]
        return candidates[nearest(to: wanted, among: candidates.compactMap(\.components))]
    }

    private static func nearest(to wanted: Components, among colors: [Components]) -> Int {
        colors.indices.min { distance(colors[$0], wanted) < distance(colors[$1], wanted) } ?? 0
    }

    /// The squared distance with the mean red of both as the weight between red and blue.
    private static func distance(_ a: Components, _ b: Components) -> Int {
        let mean = (a.red + b.red) / 2
        let (red, green, blue) = (a.red - b.red, a.green - b.green, a.blue - b.blue)
        return ((512 + mean) * red * red) / 256 + 4 * green * green + ((767 - mean) * blue * blue) / 256
    }
}
