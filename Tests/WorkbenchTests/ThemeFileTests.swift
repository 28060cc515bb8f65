import TerminalUI
import TestSupport
import Testing

@testable import Workbench

@Suite("Theme files")
struct ThemeFileTests {
    private static let head = "name: t\nvariant: dark\n"

    private func add(_ text: String) throws(SettingsProblem) -> Theme? {
        var library = ThemeLibrary.builtIn
        _ = try library.add(text, file: "t.yaml")
        return library.theme(named: "t")
    }

    @Test(
        "every form of a colour is read",
        arguments: [
            ("\"#abc\"", Color.rgb(0xAA, 0xBB, 0xCC)), ("'#a1B2c3'", .rgb(0xA1, 0xB2, 0xC3)), ("9", .ansi(9)),
            ("200", .indexed(200)), ("bright-blue", .ansi(12)), ("default", .terminalDefault),
            ("mine", .rgb(1, 2, 3)),
        ])
    func colors(text: String, expected: Color) throws {
        let theme = try add(Self.head + "palette: {mine: \"#010203\"}\nroles:\n  text: \(text)\n")
        #expect(theme?.roles[.text] == RoleStyle(expected))
    }

    @Test("attributes follow the background")
    func attributes() throws {
        let theme = try add(Self.head + "roles:\n  warn: \"red on #000 bold underline\" # why\n")
        #expect(theme?.roles[.warn] == RoleStyle(.ansi(1), on: .rgb(0, 0, 0), [.bold, .underline]))
    }

    @Test(
        "an unusable file is refused with its line and with what would be accepted",
        arguments: [
            ("variant: dark", "t.yaml:1: “name” is missing"),
            ("name: t", "t.yaml: “variant” is missing"),
            ("", "t.yaml: “name” is missing"),
            ("name: t\nvariant: grey", "t.yaml:2: variant cannot be “grey”; it accepts dark or light"),
            ("name: [t]", "t.yaml:1: “name” is a list, where a single value was expected"),
            ("name: \"t", "t.yaml:1: this is not YAML: found unexpected end of stream"),
            ("no theme", "t.yaml:1: the theme is “no theme”, where keys with values was expected"),
            ("name: a\nname: b", "t.yaml:1: the key “name” comes twice; it may come once"),
            (
                head + "mood: good",
                "t.yaml:3: there is no key “mood”; it accepts name, variant, inherits, palette, roles, heat, ansi"
            ),
            (head + "roles:\n  test: red", "t.yaml:4: there is no key “test” in roles; did you mean “text”?"),
            (head + "roles:\n  text: \"\"", "t.yaml:4: a colour is missing"),
            (head + "roles:\n  text: red on", "t.yaml:4: a colour is missing after “on”"),
            (
                head + "roles:\n  text: red blink",
                "t.yaml:4: “blink” is not an attribute; use bold, dim, underline or reverse"
            ),
            (
                head + "heat: [red]",
                "t.yaml:3: “heat” is a list of 1, where a list of two, three or five colours was expected"
            ),
            (head + "heat: [red, default]", "t.yaml:3: heat cannot use “default”, whose colour is not known"),
            (
                head + "inherits: nobody",
                "t.yaml: there is no theme “nobody” to inherit from; there is ink, paper, blue-orange, "
                    + "contrast-dark, contrast-light, ember, mono, terminal"
            ),
            (head + "inherits: t", "t.yaml: the theme inherits from itself through “t”"),
        ])
    func refusals(text: String, message: String) {
        let error = #expect(throws: SettingsProblem.self) { try add(text) }
        #expect(error?.description == message)
    }

    @Test(
        "an unknown colour is refused with the list of names", arguments: ["#12", "#1234567", "256", "blau"])
    func noColor(name: String) {
        let error = #expect(throws: SettingsProblem.self) {
            try add(Self.head + "roles:\n  text: \"\(name)\"")
        }
        #expect(error?.line == 4)
        #expect(error?.message.hasPrefix("“\(name)” is not a colour; use #rgb, #rrggbb, 0 to 255") == true)
    }

    @Test("a theme takes absent entries from its parent, with its own palette")
    func inheritance() throws {
        let added = try add(
            "name: t\nvariant: light\ninherits: ink\npalette: {teal: \"#123456\"}\nroles: {series3: red}\n")
        let theme = try #require(added)
        let ink = try #require(ThemeLibrary.builtIn.theme(named: "ink"))
        #expect(theme.variant == .light)
        #expect(theme.roles[.series1] == RoleStyle(.rgb(0x12, 0x34, 0x56)))
        #expect(theme.roles[.series3] == RoleStyle(.ansi(1)))
        #expect(theme.roles[.text] == ink.roles[.text])
        #expect(theme.paletteRoles == ink.paletteRoles)
    }

    @Test("without a parent, the default of the same variant is inherited", arguments: ["dark", "light"])
    func defaultParent(variant: String) throws {
        let theme = try add("name: t\nvariant: \(variant)\ninherits: default\n")
        let parent = ThemeLibrary.builtIn.theme(named: variant == "dark" ? "ink" : "paper")
        #expect(theme?.roles == parent?.roles)
    }

    @Test("an unusable file leaves the library unchanged")
    func unchanged() {
        var library = ThemeLibrary.builtIn
        #expect(throws: SettingsProblem.self) { try library.add("name: ", file: "x") }
        #expect(library == ThemeLibrary.builtIn)
    }

    @Test("random text never traps", arguments: 0..<60 as Range<UInt64>)
    func randomText(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let pieces = [
            "name", "variant", "roles:", "[", "]", ": ", "\"", "\\", "#", "text", "dark", "\n", "\r\n", " ",
            ",",
            "1e9", "- ", "palette", "é", "\u{0}", "heat", "{", "}", "&a", "*a", "|", "!!", "%",
        ]
        let text = (0..<80).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        do throws(SettingsProblem) {
            _ = try add(Self.head + text)
        } catch {
            #expect(error.file == "t.yaml" && !error.message.isEmpty)
        }
    }
}
