import Foundation
import Testing

import TerminalUI

/// The relative luminance and contrast of the Web Content Accessibility Guidelines.
private func contrast(_ a: Color, _ b: Color) throws -> Double {
    func luminance(_ color: Color) throws -> Double {
        let (red, green, blue) = try #require(color.components, "\(color) has no known components")
        let linear = [red, green, blue].map { component -> Double in
            let value = Double(component) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    let pair = try [luminance(a), luminance(b)].sorted()
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
    private static let names = ["ink", "paper"]
    private static let textRoles: [Role] = [
        .text, .muted, .heading, .title, .selection, .keyHint, .header, .ok, .warn, .error, .running,
    ]
    private static let lineRoles: [Role] = [
        .border, .borderFocus, .axis, .block, .global, .local, .curve, .comparison, .front, .dominated,
        .heat0, .heat1, .heat2, .heat3, .heat4,
    ]

    @Test("the built-in themes are the files of themes/")
    func embedded() throws {
        let folder = Golden.testsFolder + "../../themes/"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".theme") }.map { String($0.dropLast(6)) }.sorted()
        let files = try names.map {
            ($0, try String(contentsOfFile: "\(folder)\($0).theme", encoding: .utf8))
        }
        if Golden.isRecording {
            let entries = files.map { name, text in
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
                    $0.isEmpty ? "" : "        " + $0
                }
                return "    (\n        \"\(name)\",\n        #\"\"\"\n" + lines.joined(separator: "\n")
                    + "\n        \"\"\"#\n    ),\n"
            }
            let path = Golden.testsFolder + "../../Sources/TerminalUI/Themes/BuiltInThemes.swift"
            let old = try String(contentsOfFile: path, encoding: .utf8)
            let head = try #require(old.range(of: "] = [\n"))
            let new = old[..<head.upperBound] + entries.joined() + "]\n"
            try new.write(toFile: path, atomically: false, encoding: .utf8)
            Issue.record("the built-in themes were written anew; run the tests again without recording")
            return
        }
        #expect(builtInThemeTexts.map(\.name).sorted() == names)
        for (name, text) in files {
            #expect(builtInThemeTexts.first { $0.name == name }?.text == text, "themes/\(name).theme")
        }
    }

    @Test("each parses without warnings and names every role itself", arguments: names)
    func complete(name: String) throws {
        let text = try #require(builtInThemeTexts.first { $0.name == name }?.text)
        let document = try ThemeDocument(parsing: text, file: "\(name).theme")
        #expect(document.name == name)
        #expect(document.warnings.isEmpty)
        #expect(document.missingRoles.isEmpty)
        let theme = try document.resolved()
        #expect(Set(theme.paletteRoles.keys) == Set(Role.allCases))
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
        "the three granularities and the two Pareto roles stay different at every depth", arguments: names,
        [ColorDepth.trueColor, .indexed256, .sixteen, .eight])
    func distinguishable(name: String, depth: ColorDepth) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        let series = [Role.block, .global, .local].map { theme.resolve(Style($0), depth: depth).foreground }
        #expect(Set(series).count == 3, "\(series)")
        let pareto = [Role.front, .dominated].map { theme.resolve(Style($0), depth: depth) }
        #expect(pareto[0] != pareto[1])
    }

    @Test("the three granularities stay apart for readers without green cones", arguments: names)
    func colorBlind(name: String) throws {
        let theme = try #require(ThemeLibrary.builtIn.theme(named: name))
        let seen = try [Role.block, .global, .local].map {
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
            let value = try contrast(style.foreground, style.background)
            #expect(value >= least, "\(role) on \(name) has \(value)")
        }
    }
}
