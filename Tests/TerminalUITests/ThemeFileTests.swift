import Testing
import TerminalUI
import TestSupport

@Suite("Theme files")
struct ThemeFileTests {
    private static let head = "name = \"t\"\nvariant = \"dark\"\n"

    private func add(_ text: String) throws(SettingsProblem) -> (theme: Theme?, warnings: [SettingsProblem]) {
        var library = ThemeLibrary.builtIn
        let warnings = try library.add(text, file: "t.theme").warnings
        return (library.theme(named: "t"), warnings)
    }

    @Test(
        "every form of a colour is read",
        arguments: [
            ("#abc", Color.rgb(0xAA, 0xBB, 0xCC)), ("#a1B2c3", .rgb(0xA1, 0xB2, 0xC3)), ("9", .ansi(9)),
            ("200", .indexed(200)), ("bright-blue", .ansi(12)), ("default", .terminalDefault),
            ("mine", .rgb(1, 2, 3)),
        ])
    func colors(text: String, expected: Color) throws {
        let result = try add(Self.head + "[palette]\nmine = \"#010203\"\n[ui]\ntext = \"\(text)\"\n")
        #expect(result.theme?.roles[.text] == RoleStyle(expected))
        #expect(result.warnings.isEmpty)
    }

    @Test("a number is a colour without quotes, and attributes follow the background")
    func specification() throws {
        let result = try add(Self.head + "[ui]\ntext = 33\nwarn = \"red on #000 bold underline\" # why\n")
        #expect(result.theme?.roles[.text] == RoleStyle(.indexed(33)))
        #expect(result.theme?.roles[.warn] == RoleStyle(.ansi(1), on: .rgb(0, 0, 0), [.bold, .underline]))
    }

    @Test(
        "what cannot be used is refused with its line and with what would be accepted",
        arguments: [
            ("variant = \"dark\"", "t.theme: a theme needs a line `name = \"…\"`"),
            ("name = \"t\"", "t.theme: a theme needs a line `variant = \"dark\"` or \"light\""),
            (
                "name = \"t\"\nvariant = \"grey\"",
                "t.theme:2: the variant \"grey\" is unknown; use \"dark\" or \"light\""
            ),
            ("name = 3", "t.theme:1: \"name\" must be a string in double quotes"),
            ("name \"t\"", "t.theme:1: \"=\" is missing; write `key = value` or `[section]`"),
            ("name = \"t", "t.theme:1: the string has no closing double quote"),
            ("name = \"\\q\"", "t.theme:1: unknown escape in a string; use \\\", \\\\, \\n or \\t"),
            ("= 1", "t.theme:1: a name of letters, digits, \"_\" and \"-\" is missing"),
            ("[ui", "t.theme:1: \"]\" is missing; write `key = value` or `[section]`"),
            ("a = 1 2", "t.theme:1: \"2\" is left over; one entry belongs in a line"),
            ("a = 1\na = 2", "t.theme:2: \"a\" was already given in line 1; remove one of them"),
            (
                "a = no",
                "t.theme:1: \"no\" is no value; use a string in double quotes, a number, true, false, or a list "
                    + "of strings"
            ),
            (
                head + "[ui]\ntext = true",
                "t.theme:4: \"text\" must be a colour, as a string in double quotes"
            ),
            (head + "[ui]\ntext = 256", "t.theme:4: \"text\" must be a colour, as a string in double quotes"),
            (head + "[ui]\ntext = \"\"", "t.theme:4: a colour is missing"),
            (head + "[ui]\ntext = \"red on\"", "t.theme:4: a colour is missing after \"on\""),
            (
                head + "[ui]\ntext = \"red blink\"",
                "t.theme:4: \"blink\" is no attribute; use bold, dim, underline or reverse"
            ),
            (
                head + "[gradient]\nheat = [\"red\"]",
                "t.theme:4: \"heat\" must be a list of two, three or five colours"
            ),
            (
                head + "[gradient]\nheat = [\"red\", \"default\"]",
                "t.theme:4: a gradient cannot use \"default\", whose colour is not known"
            ),
            (
                head + "inherits = \"nobody\"",
                "t.theme: the theme inherits from \"nobody\", which is not there; use one of: ink, paper, "
                    + "blue-orange, contrast-dark, contrast-light, ember, mono, terminal"
            ),
            (head + "inherits = \"t\"", "t.theme: the theme inherits from itself through \"t\""),
        ])
    func refusals(text: String, message: String) {
        let error = #expect(throws: SettingsProblem.self) { try add(text) }
        #expect(error?.description == message)
    }

    @Test(
        "a colour that is none is refused with the list of names",
        arguments: ["#12", "#1234567", "256", "blau"])
    func noColor(name: String) {
        let error = #expect(throws: SettingsProblem.self) { try add(Self.head + "[ui]\ntext = \"\(name)\"") }
        #expect(error?.line == 4)
        #expect(error?.message.hasPrefix("\"\(name)\" is no colour; use #rgb, #rrggbb, 0 to 255") == true)
    }

    @Test("unknown keys are warnings with their line")
    func warnings() throws {
        let result = try add(
            Self.head + "mood = \"good\"\n[ui]\ntest = \"red\"\nblock = \"red\"\n[x]\ntext = \"red\"")
        #expect(
            result.warnings.map(\.description) == [
                "t.theme:3: \"mood\" means nothing before the first section and is passed over",
                "t.theme:5: \"test\" means nothing in [ui] and is passed over",
                "t.theme:6: \"block\" means nothing in [ui] and is passed over",
                "t.theme:8: \"text\" means nothing in [x] and is passed over",
            ])
        #expect(result.theme != nil)
    }

    @Test("a theme takes what it does not say from its parent, with its own palette")
    func inheritance() throws {
        let result = try add(
            "name = \"t\"\nvariant = \"light\"\ninherits = \"ink\"\n[palette]\nteal = \"#123456\"\n"
                + "[series]\nlocal = \"red\"\n")
        let theme = try #require(result.theme)
        let ink = try #require(ThemeLibrary.builtIn.theme(named: "ink"))
        #expect(theme.variant == .light)
        #expect(theme.roles[.block] == RoleStyle(.rgb(0x12, 0x34, 0x56)))
        #expect(theme.roles[.local] == RoleStyle(.ansi(1)))
        #expect(theme.roles[.text] == ink.roles[.text])
        #expect(theme.paletteRoles == ink.paletteRoles)
    }

    @Test("without a parent, the default of the same variant is inherited", arguments: ["dark", "light"])
    func defaultParent(variant: String) throws {
        let result = try add("name = \"t\"\nvariant = \"\(variant)\"\ninherits = \"default\"\n")
        let parent = ThemeLibrary.builtIn.theme(named: variant == "dark" ? "ink" : "paper")
        #expect(result.theme?.roles == parent?.roles)
    }

    @Test("a file that cannot be used leaves the library as it was")
    func unchanged() {
        var library = ThemeLibrary.builtIn
        #expect(throws: SettingsProblem.self) { try library.add("name = ", file: "x") }
        #expect(library == ThemeLibrary.builtIn)
    }

    @Test("random text never traps", arguments: 0..<60 as Range<UInt64>)
    func randomText(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let pieces = [
            "name", "variant", "[ui]", "[", "]", "=", "\"", "\\", "#", "text", "dark", "\n", "\r\n", " ", ",",
            "1e9",
            "-1", "palette", "é", "\u{0}", "heat",
        ]
        let text = (0..<80).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
        do throws(SettingsProblem) {
            _ = try add(Self.head + text)
        } catch {
            #expect(error.file == "t.theme" && !error.message.isEmpty)
        }
    }

    @Test("values of every kind are read")
    func values() throws {
        let text = "a = -1.5e1\nb = true\n[s-1]\na = [ \"x\" , \"y\\\"z\", ] # end\nc = []\r\nd = \"# no\"\n"
        let settings = try SettingsText(parsing: text, file: "f")
        #expect(
            settings.entries.map(\.value) == [
                .number(-15), .boolean(true), .strings(["x", "y\"z"]), .strings([]), .string("# no"),
            ])
        #expect(settings.entries.map(\.section) == ["", "", "s-1", "s-1", "s-1"])
        #expect(settings.entries.map(\.line) == [1, 2, 4, 5, 6])
    }
}

@Suite("Colour reduction")
struct ColorTests {
    @Test(
        "the nearest of 256 colours is found",
        arguments: [
            (0x000000 as UInt32, 16 as UInt8), (0xFFFFFF, 231), (0xFF0000, 196), (0x5F87AF, 67),
            (0x808080, 244),
            (0x15171C, 234),
        ])
    func cube(hex: UInt32, index: UInt8) {
        #expect(Color(hex: hex).reduced(to: .indexed256) == .indexed(index))
    }

    @Test("a colour of the cube or the grey ramp is its own nearest", arguments: 16..<256)
    func fixedPoints(index: Int) throws {
        let color = Color.indexed(UInt8(index))
        let (red, green, blue) = try #require(color.components)
        let reduced = Color.rgb(UInt8(red), UInt8(green), UInt8(blue)).reduced(to: .indexed256)
        let found = try #require(reduced.components)
        #expect(found == (red, green, blue))
    }

    @Test("what remains is what the depth can show", arguments: ColorDepth.allCases, 0..<20 as Range<UInt64>)
    func range(depth: ColorDepth, seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let color = Color(hex: UInt32.random(in: 0...0xFFFFFF, using: &random))
        switch (depth, color.reduced(to: depth)) {
        case (.monochrome, .terminalDefault), (.eight, .ansi(0...7)), (.sixteen, .ansi(0...15)),
            (.indexed256, .indexed(16...255)), (.trueColor, .rgb):
            break
        case (_, let other): Issue.record("\(color) became \(other)")
        }
        #expect(Color.terminalDefault.reduced(to: depth) == .terminalDefault)
    }

    @Test("without colours, a role with a background is reversed")
    func monochrome() {
        let theme = ThemeLibrary.defaultTheme
        let selection = theme.resolve(Style(.selection), depth: .monochrome)
        #expect(selection.foreground == .terminalDefault && selection.background == .terminalDefault)
        #expect(selection.attributes.contains(.reverse))
        #expect(!theme.resolve(.text, depth: .monochrome).attributes.contains(.reverse))
    }
}
