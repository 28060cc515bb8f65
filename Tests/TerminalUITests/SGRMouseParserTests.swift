import TestSupport
import Testing
import TerminalUI

@Suite("SGR mouse parser")
struct SGRMouseParserTests {
    private static let reports: [(text: String, event: MouseEvent)] = [
        ("\u{1B}[<0;1;1M", MouseEvent(.press, button: .left, x: 0, y: 0)),
        ("\u{1B}[<0;250;40m", MouseEvent(.release, button: .left, x: 249, y: 39)),
        ("\u{1B}[<1;7;8M", MouseEvent(.press, button: .middle, x: 6, y: 7)),
        ("\u{1B}[<2;10;20M", MouseEvent(.press, button: .right, x: 9, y: 19)),
        ("\u{1B}[<32;3;4M", MouseEvent(.drag, button: .left, x: 2, y: 3)),
        ("\u{1B}[<35;3;4M", MouseEvent(.move, x: 2, y: 3)),
        ("\u{1B}[<64;5;6M", MouseEvent(.wheel(.up), x: 4, y: 5)),
        ("\u{1B}[<65;5;6M", MouseEvent(.wheel(.down), x: 4, y: 5)),
        ("\u{1B}[<66;5;6M", MouseEvent(.wheel(.left), x: 4, y: 5)),
        ("\u{1B}[<67;5;6M", MouseEvent(.wheel(.right), x: 4, y: 5)),
        (
            "\u{1B}[<20;99999;1M",
            MouseEvent(.press, button: .left, x: 99998, y: 0, modifiers: [.shift, .control])
        ),
        ("\u{1B}[<8;2;2M", MouseEvent(.press, button: .left, x: 1, y: 1, modifiers: .alt)),
    ]

    /// All outcomes but the pending ones.
    private func outcomes(_ bytes: [UInt8], _ parser: inout SGRMouseParser) -> [SGRMouseParser.Outcome] {
        bytes.map { parser.consume($0) }.filter { $0 != .pending }
    }

    @Test("every button, movement, wheel and modifier has its meaning", arguments: reports.indices)
    func meaning(index: Int) {
        var parser = SGRMouseParser()
        let found = outcomes(Array(Self.reports[index].text.utf8), &parser)
        #expect(found == [.event(Self.reports[index].event)])
        #expect(!parser.isPending)
    }

    @Test("a report may be split anywhere, by a pause without a byte", arguments: 1..<10)
    func split(position: Int) {
        let bytes = Array("\u{1B}[<0;25;7M".utf8)
        var parser = SGRMouseParser()
        #expect(outcomes(Array(bytes[..<position]), &parser).isEmpty)
        #expect(parser.isPending)
        let rest = outcomes(Array(bytes[position...]), &parser)
        #expect(rest == [.event(MouseEvent(.press, button: .left, x: 24, y: 6))])
    }

    @Test(
        "what is no report is given back whole",
        arguments: [
            "a", "\u{1B}x", "\u{1B}[A", "\u{1B}[<M", "\u{1B}[<0;1M", "\u{1B}[<0;;1M", "\u{1B}[<0;1;1;1M",
            "\u{1B}[<123456;1;1M", "\u{1B}[<0;1;1~",
        ])
    func rejected(text: String) {
        var parser = SGRMouseParser()
        let bytes = Array(text.utf8)
        #expect(outcomes(bytes, &parser) == [.rejected(bytes)])
        #expect(!parser.isPending)
    }

    @Test("a report that does not end is given back after 32 bytes")
    func endless() {
        var parser = SGRMouseParser()
        let bytes = Array("\u{1B}[<".utf8) + Array(repeating: 0x31, count: 29)
        #expect(outcomes(bytes, &parser) == [.rejected(bytes)])
    }

    @Test(
        "reports that mean nothing are swallowed",
        arguments: ["\u{1B}[<128;1;1M", "\u{1B}[<0;0;1M", "\u{1B}[<0;1;0M", "\u{1B}[<64;1;1m"])
    func ignored(text: String) {
        var parser = SGRMouseParser()
        #expect(outcomes(Array(text.utf8), &parser) == [.ignored])
    }

    @Test("an unfinished report is given back when the input pauses")
    func flush() {
        var parser = SGRMouseParser()
        #expect(outcomes([0x1B], &parser).isEmpty)
        #expect(parser.flush() == [0x1B])
        #expect(!parser.isPending)
    }

    @Test(
        "of random bytes none is lost, and reports among them are found", arguments: 0..<40 as Range<UInt64>)
    func randomBytes(seed: UInt64) {
        var random = TestGenerator(seed: seed)
        let alphabet = Array("\u{1B}[<;0123456789Mm~aZ\u{7F}".utf8)
        var parser = SGRMouseParser()
        let bytes = (0..<400).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        var given: [UInt8] = []
        var consumed = 0
        for byte in bytes {
            consumed += 1
            switch parser.consume(byte) {
            case .pending: break
            case .rejected(let back):
                given += back
                consumed -= back.count
            case .event(let event):
                #expect(event.x >= 0 && event.y >= 0)
                consumed = 0
            case .ignored: consumed = 0
            }
            #expect(consumed >= 0 && consumed <= 32)
        }
        #expect(consumed == parser.flush().count)
        // Whatever stood before the report, it is found if it starts at a report's first byte.
        let report = outcomes(Array("\u{1B}[<0;2;2M".utf8), &parser)
        #expect(report == [.event(MouseEvent(.press, button: .left, x: 1, y: 1))])
        #expect(given.count <= bytes.count)
    }
}
