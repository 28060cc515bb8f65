import TestSupport
import Testing
import TerminalUI

@Suite("Rectangles")
struct RectTests {
    @Test(
        "fixed parts come first, shares divide the rest, and all of it is used",
        arguments: [
            (10, [Length.fixed(3), .share(1), .share(1)], [3, 4, 3]), (10, [.share(1), .share(3)], [3, 7]),
            (4, [.fixed(3), .fixed(3), .share(1)], [3, 1, 0]), (0, [.fixed(1), .share(1)], [0, 0]),
            (7, [.share(0), .share(.nan), .share(2)], [0, 0, 7]), (5, [.fixed(-2), .share(1)], [0, 5]),
        ])
    func split(width: Int, lengths: [Length], expected: [Int]) {
        let parts = Rect(x: 2, y: 1, width: width, height: 3).columns(lengths)
        #expect(parts.map(\.width) == expected)
        #expect(parts.map(\.x) == expected.indices.map { 2 + expected[..<$0].reduce(0, +) })
    }

    @Test("insets and centred rectangles stay inside", arguments: 0..<50 as Range<UInt64>)
    func inside(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        func number() -> Int { Int.random(in: -3...20, using: &random) }
        let outer = Rect(x: number(), y: number(), width: number(), height: number())
        for inner in [outer.inset(), outer.centered(width: number(), height: number()), outer.row(number())] {
            #expect(inner.isEmpty || outer.intersection(inner) == inner)
            #expect(inner.width >= 0 && inner.height >= 0)
        }
    }
}

@Suite("Cell grid")
struct CellGridTests {
    @Test(
        "text is clipped at both ends, and a wide glyph that would be cut becomes a space",
        arguments: [
            ("abc", 1, " abc  ", 3), ("abcdef", 3, "   abc", 3), ("abc", -1, "bc    ", 2),
            ("漢字", 0, "漢字  ", 4),
            ("漢字", 3, "   漢 ", 3), ("漢字", -1, " 字   ", 3), ("e\u{301}x", 0, "ex    ", 2),
            ("a\u{1B}[2Jb", 0, "a?[2Jb", 6),
            ("a\nb", 0, "a b   ", 3), ("abc", 9, "      ", 0), ("abc", -9, "      ", -6),
        ])
    func write(text: String, x: Int, row: String, written: Int) {
        var grid = CellGrid(width: 6, height: 1)
        let width = grid.write(text, x: x, y: 0)
        #expect(grid.glyphRows == [row])
        if written >= 0 && x >= 0 { #expect(width == written) }
    }

    @Test(
        "what is drawn over half of a wide glyph blanks the other half",
        arguments: [(0, "x 字"), (1, " x字"), (2, "漢x ")])
    func halves(x: Int, row: String) {
        var grid = CellGrid(width: 4, height: 1)
        grid.write("漢字", x: 0, y: 0)
        grid.write("x", x: x, y: 0)
        #expect(grid.glyphRows == [row])
    }

    @Test("nothing is drawn outside the area", arguments: 0..<60 as Range<UInt64>)
    func clipping(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        var grid = CellGrid(width: number(0...12), height: number(0...5))
        let area = Rect(x: number(-3...8), y: number(-2...5), width: number(0...8), height: number(0...4))
        let before = grid
        grid.write("漢aéb漢字cd", x: number(-9...12), y: number(-2...6), in: area)
        grid.put("漢", x: number(-3...12), y: number(-2...6), style: .muted, in: area)
        for y in 0..<grid.height {
            for x in 0..<grid.width where !area.contains(x: x, y: y) { #expect(grid[x, y] == before[x, y]) }
        }
        expectWhole(grid)
    }

    @Test("frames of any size are drawn", arguments: [(0, 0), (1, 5), (5, 1), (2, 2), (4, 3), (30, 4)])
    func boxes(width: Int, height: Int) {
        var grid = CellGrid(width: width, height: height)
        let inner = grid.drawBox(grid.bounds, title: "A title that is long", trailing: "right")
        #expect(inner.width == max(0, width - 2) || width < 2 || height < 2)
        #expect(inner.isEmpty || grid.bounds.intersection(inner) == inner)
    }

    @Test("a frame has corners, title and what stands at the right")
    func frame() {
        var grid = CellGrid(width: 24, height: 3)
        grid.drawBox(grid.bounds, title: "1 Units", trailing: "7/12", focused: true)
        #expect(
            grid.glyphRows == [
                "╭ 1 Units ─────── 7/12 ╮", "│                      │", "╰──────────────────────╯",
            ])
        #expect(
            grid.styleRuns[0]
                == "0: 0 border_focus, 1-9 title+bold, 10-16 border_focus, 17-22 muted, 23 border_focus")
        grid.drawBox(grid.bounds, title: "1 Units", trailing: "a longer text at the right", glyphs: .ascii)
        #expect(grid.glyphRows[0] == "+ 1 Units -------------+")
    }

    @Test("style runs join equal rows and leave the background out")
    func runs() {
        var grid = CellGrid(width: 5, height: 4)
        grid.fill(Rect(x: 1, y: 1, width: 2, height: 2), glyph: "x", style: Style(.warn).bold)
        #expect(grid.styleRuns == ["1-2: 1-2 warn+bold"])
        #expect(grid.goldenText.hasPrefix("5x4\n|     |\n| xx  |\n"))
    }
}

/// Every right half belongs to a wide glyph, and every wide glyph has its right half.
func expectWhole(_ grid: CellGrid, sourceLocation: SourceLocation = #_sourceLocation) {
    for y in 0..<grid.height {
        for x in 0..<grid.width {
            let glyph = grid[x, y].glyph
            let isWide = Unicode.Scalar(glyph).map(cellWidth) == 2
            if glyph == 0 {
                let left = x > 0 ? Unicode.Scalar(grid[x - 1, y].glyph).map(cellWidth) : nil
                #expect(left == 2, "half at \(x), \(y)", sourceLocation: sourceLocation)
            } else if isWide {
                #expect(
                    x + 1 < grid.width && grid[x + 1, y].glyph == 0, "cut at \(x), \(y)",
                    sourceLocation: sourceLocation)
            }
        }
    }
}
