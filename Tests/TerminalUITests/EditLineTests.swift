import TestSupport
import Testing
import TerminalUI

@Suite("Edit line")
struct EditLineTests {
    private static let cases: [(start: String, keys: [KeyEvent], text: String, cursor: Int)] = [
        ("", [KeyEvent(.character("a")), KeyEvent(.character("é"))], "aé", 2),
        ("abc", [KeyEvent(.left), KeyEvent(.character("x"))], "abxc", 3),
        ("abc", [KeyEvent(.home), KeyEvent(.delete)], "bc", 0),
        ("abc", [KeyEvent(.home), KeyEvent(.backspace)], "abc", 0),
        ("abc", [KeyEvent(.backspace)], "ab", 2),
        ("abc", [KeyEvent(.home), KeyEvent(.right), KeyEvent(.end)], "abc", 3),
        ("one two", [KeyEvent(.control("w"))], "one ", 4),
        ("one two  ", [KeyEvent(.control("w"))], "one ", 4),
        ("one two", [KeyEvent(.left, .control), KeyEvent(.control("u"))], "two", 0),
        ("one two", [KeyEvent(.home), KeyEvent(.right, .control), KeyEvent(.control("k"))], "one", 3),
        ("e\u{301}a", [KeyEvent(.left), KeyEvent(.backspace)], "a", 0),
        ("abc", [KeyEvent(.control("a")), KeyEvent(.control("d")), KeyEvent(.control("e"))], "bc", 2),
    ]

    @Test("keys edit at the cursor", arguments: cases.indices)
    func keys(index: Int) {
        let (start, keys, text, cursor) = Self.cases[index]
        var line = EditLine(start)
        for key in keys {
            let isTaken = line.apply(key)
            #expect(isTaken)
        }
        #expect(line.text == text)
        #expect(line.cursor == cursor)
    }

    @Test(
        "keys that mean nothing here are left to others",
        arguments: [Key.enter, .escape, .tab, .up, .function(1), .control("c")])
    func others(key: Key) {
        var line = EditLine("abc")
        let isTaken = line.apply(KeyEvent(key))
        #expect(!isTaken)
        #expect(line == EditLine("abc"))
    }

    @Test("controls are not pasted, and a huge paste is cut")
    func paste() {
        var line = EditLine("ab")
        line.insert("x\ny\u{1B}[2J\u{7F}z")
        #expect(line.text == "abxy[2Jz")
        line.insert(String(repeating: "q", count: 100_000))
        #expect(line.text.count == 4096)
    }

    @Test("the cursor is always visible", arguments: 1...6, 0...8)
    func drawing(width: Int, cursor: Int) {
        var line = EditLine("漢a字bcdef")
        _ = line.apply(KeyEvent(.home))
        for _ in 0..<cursor { _ = line.apply(KeyEvent(.right)) }
        var grid = CellGrid(width: 10, height: 1)
        line.draw(into: &grid, in: Rect(x: 2, y: 0, width: width, height: 1))
        let reversed = (0..<10).filter { grid[$0, 0].style.attributes.contains(.reverse) }
        #expect(!reversed.isEmpty)
        #expect(reversed.allSatisfy { (2..<2 + width).contains($0) } == true)
        expectWhole(grid)
    }

    @Test("any keys keep the cursor inside the text", arguments: 0..<30 as Range<UInt64>)
    func anyKeys(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let keys: [Key] = [
            .left, .right, .home, .end, .backspace, .delete, .control("w"), .control("u"), .control("k"),
            .character(" "),
            .character("a"), .character("漢"), .alt("b"), .alt("f"),
        ]
        var line = EditLine("start here")
        for _ in 0..<200 {
            _ = line.apply(KeyEvent(keys.randomElement(using: &random) ?? .left))
            #expect(line.cursor >= 0 && line.cursor <= line.text.count)
        }
    }
}
