import Foundation
import Testing

import TerminalUI

@testable import Workbench

/// What a colour is on the screen; the terminal's own is nobody's but its user's, and here the ground of a dark theme
/// stands for it where one is behind text.
private func components(_ color: Color, isGround: Bool = false) throws -> (red: Int, green: Int, blue: Int) {
    if color == .terminalDefault { return isGround ? (0, 0, 0) : (229, 229, 229) }
    return try #require(color.components, "\(color) has no known components")
}

/// The relative luminance and contrast of the Web Content Accessibility Guidelines.
private func contrast(_ text: Color, on ground: Color) throws -> Double {
    func luminance(_ color: Color, isGround: Bool = false) throws -> Double {
        let (red, green, blue) = try components(color, isGround: isGround)
        let linear = [red, green, blue].map { component -> Double in
            let value = Double(component) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    let pair = try [luminance(text), luminance(ground, isGround: true)].sorted()
    return (pair[1] + 0.05) / (pair[0] + 0.05)
}

/// What a reader without green cones sees (Viénot, Brettel and Mollon, 1999, on linear components).
private func deuteranopia(_ color: Color) throws -> [Double] {
    let (red, green, blue) = try #require(color.components)
    func linear(_ value: Int) -> Double { pow(Double(value) / 255, 2.2) }
    let (r, g, b) = (linear(red), linear(green), linear(blue))
    let long = 17.8824 * r + 43.5161 * g + 4.11935 * b
    let short = 0.0299566 * r + 0.184309 * g + 1.46709 * b
    let medium = 0.494207 * long + 1.24827 * short
    let seen = [
        0.0809444479 * long - 0.130504409 * medium + 0.116721066 * short,
        -0.0102485335 * long + 0.0540193266 * medium - 0.113614708 * short,
        -0.000365296938 * long - 0.00412161469 * medium + 0.693511405 * short,
    ]
    return seen.map { pow(min(1, max(0, $0)), 1 / 2.2) * 255 }
}

@Suite("Shipped themes")
struct ShippedThemeTests {
    private static let names = [
        "ink", "paper", "blue-orange", "contrast-dark", "contrast-light", "ember", "mono", "terminal",
    ]
    private static let textRoles: [Role] = [
        .text, .muted, .heading, .title, .selection, .keyHint, .header, .ok, .warn, .error, .running,
    ]
    private static let lineRoles: [Role] = [
        .border, .borderFocus, .axis, .series1, .series2, .series3, .curve, .comparison, .front, .dominated,
        .heat0, .heat1, .heat2, .heat3, .heat4,
    ]

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().path + "/../../themes/"

    @Test("every file of themes/ is built in, the defaults of dark and of light terminals first")
    func embedded() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder).sorted()
        #expect(files == Self.names.map { "\($0).yaml" }.sorted())
        #expect(ThemeLibrary.builtIn.themes.map(\.name) == Self.names)
        #expect(ThemeLibrary.builtIn.themes.prefix(2).map(\.variant) == [.dark, .light])
    }

    @Test("each names every role itself", arguments: names)
    func complete(name: String) throws {
        let text = try String(contentsOfFile: "\(Self.folder)\(name).yaml", encoding: .utf8)
        #expect(ThemeLibrary.builtIn.text(of: name) == text)
        let document = try ThemeDocument(yaml: text, file: "\(name).yaml")
        #expect(document.name == name)
        #expect(document.missingRoles.isEmpty)
        let theme = try document.resolved()
        let colors = theme.roles.values.flatMap { [$0.foreground, $0.background].compactMap(\.self) }
        let usesPaletteOnly = colors.allSatisfy {
            if case .ansi = $0 { true } else { $0 == .terminalDefault }
        }
        #expect(usesPaletteOnly || Set(theme.paletteRoles.keys) == Set(Role.allCases))
    }

    @Test("themes of high contrast keep what they promise", arguments: ["contrast-dark", "contrast-light"])
    func highContrast(name: String) throws {
        for depth in [ColorDepth.trueColor, .indexed256] {
            try expectContrast(7, of: Self.textRoles, name, depth)
            try expectContrast(4.5, of: Self.lineRoles, name, depth)
        }
    }

    @Test("text has a contrast of 4.5 or more", arguments: names, [ColorDepth.trueColor, .indexed256])
    func textContrast(name: String, depth: ColorDepth) throws {
        try expectContrast(4.5, of: Self.textRoles, name, depth)
    }

    @Test(
        "lines and curves have a contrast of 3 or more", arguments: names,
        [ColorDepth.trueColor, .indexed256])
    func lineContrast(name: String, depth: ColorDepth) throws {
        try expectContrast(3, of: Self.lineRoles, name, depth)
    }

    @Test(
        "the three series and the two Pareto roles differ at every depth", arguments: names,
        [ColorDepth.trueColor, .indexed256, .sixteen, .eight])
    func distinguishable(name: String, depth: ColorDepth) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        // Where there is no third colour, weight tells them apart.
        let series = [Role.series1, .series2, .series3].map { theme.resolve(Style($0), depth: depth) }
        #expect(Set(series).count == 3, "\(series)")
        let pareto = [Role.front, .dominated].map { theme.resolve(Style($0), depth: depth) }
        #expect(pareto[0] != pareto[1])
    }

    @Test("the three series differ for readers without green cones", arguments: names)
    func colorBlind(name: String) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        let seen = try [Role.series1, .series2, .series3].map {
            try deuteranopia(theme.resolve(Style($0), depth: .trueColor).foreground)
        }
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let distance = sqrt(zip(seen[a], seen[b]).map { ($0 - $1) * ($0 - $1) }.reduce(0, +))
            #expect(distance >= 40, "series \(a) and \(b)")
        }
    }

    @Test("no role hides its text", arguments: names, ColorDepth.allCases)
    func readable(name: String, depth: ColorDepth) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        for role in Role.allCases where role != .background {
            let style = theme.resolve(Style(role), depth: depth)
            #expect(style.foreground != style.background || style.foreground == .terminalDefault, "\(role)")
        }
    }

    private func expectContrast(_ least: Double, of roles: [Role], _ name: String, _ depth: ColorDepth) throws
    {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        for role in roles {
            let style = theme.resolve(Style(role), depth: depth)
            let value = try contrast(style.foreground, on: style.background)
            #expect(value >= least, "\(role) on \(name) has \(value)")
        }
    }
}
