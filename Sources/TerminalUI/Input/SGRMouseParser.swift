/// Reads mouse reports of the SGR format, `ESC [ < b ; x ; y M` or `m`, byte by byte.
///
/// A terminal may deliver a report in pieces; the parser keeps the beginning. Bytes that turn out not to
/// be a report are given back in order, so that nothing typed is lost.
package struct SGRMouseParser: Sendable {
    /// The result of a byte.
    package enum Outcome: Hashable, Sendable {
        /// More bytes are needed.
        case pending
        /// A report is complete.
        case event(MouseEvent)
        /// A report is complete and means nothing to us.
        case ignored
        /// These bytes, the last one included, are not a report.
        case rejected([UInt8])
    }

    /// Longer reports than this do not exist; the limit bounds the memory.
    private static let longest = 32
    private var bytes: [UInt8] = []

    /// Makes a parser that waits for a report's first byte.
    package init() {}

    /// Whether the beginning of a report is kept.
    package var isPending: Bool { !bytes.isEmpty }

    /// Takes the next byte.
    package mutating func consume(_ byte: UInt8) -> Outcome {
        bytes.append(byte)
        let position = bytes.count - 1
        switch position {
        case 0...2:
            return byte == [0x1B, 0x5B, 0x3C][position] ? .pending : reject()
        default:
            break
        }
        switch byte {
        case 0x30...0x39, 0x3B:
            return bytes.count < Self.longest ? .pending : reject()
        case 0x4D, 0x6D:
            guard let fields = fields(), fields.count == 3 else { return reject() }
            bytes = []
            return Self.event(fields, isPress: byte == 0x4D).map(Outcome.event) ?? .ignored
        default:
            return reject()
        }
    }

    /// Gives back the beginning of a report that will not be completed, after a pause in the input.
    package mutating func flush() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    private mutating func reject() -> Outcome {
        .rejected(flush())
    }

    /// The numbers between `<` and the final letter, or nil if one is missing or too long.
    private func fields() -> [Int]? {
        var fields: [Int] = []
        for part in bytes[3..<bytes.count - 1].split(separator: 0x3B, omittingEmptySubsequences: false) {
            guard !part.isEmpty, part.count <= 5 else { return nil }
            fields.append(part.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        return fields
    }

    /// The meaning of a complete report; nil for buttons and positions that no terminal sends.
    private static func event(_ fields: [Int], isPress: Bool) -> MouseEvent? {
        let code = fields[0]
        guard code < 128, fields[1] >= 1, fields[2] >= 1 else { return nil }
        var modifiers: Modifiers = []
        if code & 4 != 0 { modifiers.insert(.shift) }
        if code & 8 != 0 { modifiers.insert(.alt) }
        if code & 16 != 0 { modifiers.insert(.control) }
        let x = fields[1] - 1
        let y = fields[2] - 1
        if code & 64 != 0 {
            let directions: [MouseEvent.WheelDirection] = [.up, .down, .left, .right]
            return isPress
                ? MouseEvent(.wheel(directions[code & 3]), x: x, y: y, modifiers: modifiers) : nil
        }
        let buttons: [MouseEvent.Button] = [.left, .middle, .right, .none]
        let button = buttons[code & 3]
        let action: MouseEvent.Action
        switch (code & 32 != 0, isPress, button) {
        case (true, _, .none): action = .move
        case (true, _, _): action = .drag
        case (false, true, _): action = .press
        case (false, false, _): action = .release
        }
        return MouseEvent(action, button: button, x: x, y: y, modifiers: modifiers)
    }
}
