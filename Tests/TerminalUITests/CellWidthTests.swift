import Glibc
import Testing
import TerminalUI

@Suite("Cell width")
struct CellWidthTests {
    /// Every glyph that a chart, a widget or a frame may draw by itself.
    private static let drawn: Set<Unicode.Scalar> = {
        var scalars = Set<Unicode.Scalar>()
        for glyphs in GlyphSet.allCases {
            scalars.formUnion(Symbol.allCases.map(glyphs.symbol))
            scalars.formUnion(glyphs.ramp + glyphs.fills)
            scalars.formUnion(glyphs.ellipsis.unicodeScalars)
            let box = glyphs.box
            scalars.formUnion([
                box.topLeft, box.topRight, box.bottomLeft, box.bottomRight, box.horizontal, box.vertical,
                box.verticalTick, box.horizontalTick,
            ])
        }
        scalars.formUnion("━░▀▄█".unicodeScalars)
        scalars.formUnion((0x2800...0x28FF).compactMap { Unicode.Scalar($0 as UInt32) })
        scalars.formUnion((0x20..<0x7F).compactMap { Unicode.Scalar($0 as UInt32) })
        return scalars
    }()

    private static let hasUTF8 = unsafe setlocale(LC_CTYPE, "C.UTF-8") != nil

    /// The C library's own function, which its Swift module leaves out.
    private static let wcwidth: @Sendable (UInt32) -> Int? = { value in
        guard let symbol = unsafe dlsym(nil, "wcwidth") else { return nil }
        typealias Function = @convention(c) (wchar_t) -> Int32
        return Int(unsafe unsafeBitCast(symbol, to: Function.self)(wchar_t(value)))
    }

    @Test(
        "the C library agrees on every glyph that is drawn", .enabled(if: hasUTF8, "needs the locale C.UTF-8")
    )
    func drawnGlyphs() {
        for scalar in Self.drawn {
            #expect(cellWidth(scalar) == 1, "\(scalar)")
            #expect(Self.wcwidth(scalar.value) == 1, "\(scalar)")
        }
    }

    @Test(
        "the C library agrees on letters, marks, ideographs and emoji that names may contain",
        .enabled(if: hasUTF8, "needs the locale C.UTF-8"),
        arguments: [
            0xA0...0x2FF, 0x300...0x36F, 0x370...0x482, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0x3041...0x3096,
            0xFF01...0xFF60, 0x1F600...0x1F64F, 0x2190...0x21FF, 0x2500...0x25FC,
        ] as [ClosedRange<UInt32>])
    func textGlyphs(range: ClosedRange<UInt32>) {
        // The soft hyphen is invisible to us and a hyphen to the library.
        for value in range where value != 0xAD {
            guard let scalar = Unicode.Scalar(value), let width = Self.wcwidth(value) else { continue }
            // The library gives −1 to code points that are not assigned.
            guard width >= 0 else { continue }
            #expect(cellWidth(scalar) == width, "U+\(String(value, radix: 16))")
        }
    }

    @Test("ASCII glyphs are ASCII")
    func ascii() {
        let glyphs = GlyphSet.ascii
        let box = glyphs.box
        let all =
            Symbol.allCases.map(glyphs.symbol) + glyphs.ramp + glyphs.fills + [box.topLeft, box.vertical]
            + Array(glyphs.ellipsis.unicodeScalars)
        #expect(all.filter { !$0.isASCII }.isEmpty)
    }

    @Test(
        "a text is fitted into exactly its columns",
        arguments: [
            ("abc", 5, TextAlignment.leading, "abc  "), ("abc", 5, .trailing, "  abc"),
            ("abc", 6, .center, " abc  "),
            ("abcdef", 4, .leading, "abc…"), ("漢字漢", 4, .leading, "漢… "), ("漢字", 1, .leading, "…"),
            ("abc", 0, .leading, ""), ("e\u{301}a", 2, .leading, "e\u{301}a"),
        ])
    func fitting(text: String, width: Int, alignment: TextAlignment, expected: String) {
        #expect(fitted(text, width: width, alignment: alignment) == expected)
    }

    @Test(
        "a name that is too long keeps its end where that tells it from others",
        arguments: [
            ("abcdef", 4, "…def"), ("abc", 4, "abc "), ("漢字漢", 4, "…漢 "), ("漢字", 1, "…"),
            ("ab\u{301}cd", 3, "…cd"), ("xae\u{301}", 2, "…e\u{301}"),
        ])
    func cuttingTheStart(text: String, width: Int, expected: String) {
        #expect(fitted(text, width: width, cut: .start) == expected)
    }

    @Test(
        "lines are broken at spaces, and long words are cut",
        arguments: [
            ("one two three", 7, ["one two", "three"]), ("abcdefgh", 3, ["abc", "def", "gh"]),
            ("has 1 000 images", 8, ["has", "1 000", "images"]), ("b 12 000 345", 10, ["b", "12 000 345"]),
            ("step 3 4", 6, ["step 3", "4"]),
            ("a\n\nb", 5, ["a", "", "b"]),
            ("", 5, [""]), ("漢字", 3, ["漢", "字"]), ("abc", 0, []), ("漢", 1, [""]),
        ])
    func wrapping(text: String, width: Int, expected: [String]) {
        #expect(wrapped(text, width: width) == expected)
    }
}
