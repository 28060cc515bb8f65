import Testing

@testable import TerminalUI

@Suite("Control sequences of keys")
struct ControlSequenceTests {
    @Test(
        "arrows, Home and End are known in the keyboard's normal mode",
        arguments: [
            ("A", .up), ("B", .down), ("C", .right), ("D", .left), ("H", .home), ("F", .end),
        ] as [(Unicode.Scalar, Key)])
    func known(letter: Unicode.Scalar, key: Key) {
        // The mouse's parser sees the bytes first and gives back what is no mouse report.
        var parser = SGRMouseParser()
        var last = SGRMouseParser.Outcome.pending
        for byte in [0x1B, 0x5B, UInt8(ascii: letter)] { last = parser.consume(byte) }
        guard case .rejected(let bytes) = last else {
            Issue.record("\(letter) was kept: \(last)")
            return
        }
        #expect(Key(controlSequence: bytes) == key)
    }

    @Test(
        "anything else is no key",
        arguments: [
            [], [0x1B], [0x1B, 0x5B], [0x1B, 0x5B, 0x49], [0x1B, 0x4F, 0x41], [0x1B, 0x5B, 0x41, 0x41],
        ])
    func unknown(bytes: [UInt8]) {
        #expect(Key(controlSequence: bytes) == nil)
    }
}
