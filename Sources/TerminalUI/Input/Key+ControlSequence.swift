extension Key {
    /// The key of a sequence `ESC [` and a letter: the arrows, Home and End in a keyboard's normal mode.
    ///
    /// ECMA-48 names the letters after the cursor movements CUU, CUD, CUF and CUB; Home and End are xterm's.
    /// Nil for anything else.
    package init?(controlSequence bytes: [UInt8]) {
        guard bytes.count == 3, bytes.starts(with: [0x1B, 0x5B]) else { return nil }
        switch bytes[2] {
        case UInt8(ascii: "A"): self = .up
        case UInt8(ascii: "B"): self = .down
        case UInt8(ascii: "C"): self = .right
        case UInt8(ascii: "D"): self = .left
        case UInt8(ascii: "H"): self = .home
        case UInt8(ascii: "F"): self = .end
        default: return nil
        }
    }
}
