import TerminalUI
import TestSupport
import Testing

/// A theme with a background for the selection.
let testTheme = Theme(
    name: "test", variant: .dark,
    roles: [
        .background: RoleStyle(Color(hex: 0x15171C)), .text: RoleStyle(Color(hex: 0xD7DAE0)),
        .selection: RoleStyle(Color(hex: 0xD7DAE0), on: Color(hex: 0x2B3140)),
    ])

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
        let selection = testTheme.resolve(Style(.selection), depth: .monochrome)
        #expect(selection.foreground == .terminalDefault && selection.background == .terminalDefault)
        #expect(selection.attributes.contains(.reverse))
        #expect(!testTheme.resolve(.text, depth: .monochrome).attributes.contains(.reverse))
    }
}
