internal import CTerminal
internal import TerminalUI

/// Turns events of ncurses into input events: keys, Alt with a character, mouse reports, pastes.
struct InputDecoder {
    private var mouse = SGRMouseParser()
    private var pasted: String.UnicodeScalarView?
    private var hasEscape = false
    private var skipsSequence = false

    /// A longer paste is cut.
    private static let longestPaste = 1 << 20

    mutating func take(_ event: ct_event, into events: inout [InputEvent]) {
        if event.kind == Int32(CT_CHARACTER.rawValue) {
            character(UInt32(bitPattern: event.code), into: &events)
            return
        }
        switch event.kind {
        case Int32(CT_WAKE.rawValue): events.append(.wake)
        case Int32(CT_RESIZE.rawValue):
            events.append(.resize(width: Int(event.width), height: Int(event.height)))
        case Int32(CT_SIGNAL.rawValue): events.append(.signal(event.code))
        case Int32(CT_SUSPEND.rawValue): events.append(.suspendRequest)
        case Int32(CT_CLOSED.rawValue): events.append(.closed)
        case Int32(CT_PASTE_BEGIN.rawValue): pasted = String.UnicodeScalarView()
        case Int32(CT_PASTE_END.rawValue):
            if let text = pasted { events.append(.paste(String(text))) }
            pasted = nil
        default:
            reject(mouse.flush(), into: &events)
            let isAlt = hasEscape
            finishEscape(asAlt: true, into: &events)
            guard pasted == nil, let key = Self.key(event.code) else { return }
            var modifiers = Modifiers(rawValue: UInt8(truncatingIfNeeded: event.modifiers))
            if isAlt { modifiers.insert(.alt) }
            events.append(.key(KeyEvent(key, modifiers)))
        }
    }

    /// Ends incomplete sequences: no more input has arrived within the escape delay.
    mutating func finish(into events: inout [InputEvent]) {
        reject(mouse.flush(), into: &events)
        finishEscape(asAlt: false, into: &events)
        skipsSequence = false
    }

    private mutating func character(_ value: UInt32, into events: inout [InputEvent]) {
        guard let scalar = Unicode.Scalar(value) else { return }
        if pasted != nil {
            // The Enter key's code stands for a line break.
            if let count = pasted?.count, count < Self.longestPaste {
                pasted?.append(scalar == "\r" ? "\n" : scalar)
            }
            return
        }
        if skipsSequence {
            skipsSequence = !(0x40..<0x7F).contains(value)
            return
        }
        guard value < 0x80, value == 0x1B || mouse.isPending else {
            reject(mouse.flush(), into: &events)
            plain(scalar, into: &events)
            return
        }
        switch mouse.consume(UInt8(value)) {
        case .pending, .ignored: break
        case .event(let event): events.append(.mouse(event))
        case .rejected(let bytes): reject(bytes, into: &events)
        }
    }

    /// Decodes bytes that are not a mouse report.
    private mutating func reject(_ bytes: [UInt8], into events: inout [InputEvent]) {
        if let key = Key(controlSequence: bytes) {
            // Terminals that are not in application mode send these, which the terminal's entry lacks.
            let isAlt = hasEscape
            finishEscape(asAlt: true, into: &events)
            events.append(.key(KeyEvent(key, isAlt ? .alt : [])))
            return
        }
        if bytes.count > 2, bytes.starts(with: [0x1B, 0x5B]), let last = bytes.last {
            // A report of another kind, such as of focus: it ends with a letter and is not text.
            skipsSequence = !(0x40..<0x7F).contains(last)
            return
        }
        for byte in bytes {
            if byte == 0x1B {
                // Alt with Escape is Escape.
                finishEscape(asAlt: false, into: &events)
                hasEscape = true
            } else {
                plain(Unicode.Scalar(byte), into: &events)
            }
        }
    }

    private mutating func finishEscape(asAlt: Bool, into events: inout [InputEvent]) {
        if hasEscape, !asAlt { events.append(.key(.escape)) }
        hasEscape = false
    }

    private mutating func plain(_ scalar: Unicode.Scalar, into events: inout [InputEvent]) {
        let isAlt = hasEscape
        hasEscape = false
        switch scalar.value {
        case 0x09: events.append(.key(KeyEvent(.tab, isAlt ? .alt : [])))
        case 0x0A, 0x0D: events.append(.key(KeyEvent(.enter, isAlt ? .alt : [])))
        case 0x08, 0x7F: events.append(.key(KeyEvent(.backspace, isAlt ? .alt : [])))
        case 0x1A where !isAlt: events.append(.suspendRequest)
        case 0x00: events.append(.key(.control(" ")))
        case 0x01..<0x1B:
            events.append(.key(KeyEvent(.control(Self.character(scalar.value + 0x60)), isAlt ? .alt : [])))
        case 0x1B..<0x20: events.append(.key(.control(Self.character(scalar.value + 0x40))))
        default:
            let character = Character(scalar)
            events.append(.key(isAlt ? .alt(character) : .character(character)))
        }
    }

    private static func character(_ value: UInt32) -> Character {
        Character(Unicode.Scalar(UInt8(truncatingIfNeeded: value)))
    }

    private static func key(_ code: Int32) -> Key? {
        let function = Int(code) - Int(CT_KEY_F0.rawValue)
        if (1...12).contains(function) { return .function(function) }
        let keys: [(ct_key, Key)] = [
            (CT_KEY_UP, .up), (CT_KEY_DOWN, .down), (CT_KEY_LEFT, .left), (CT_KEY_RIGHT, .right),
            (CT_KEY_HOME, .home), (CT_KEY_END, .end), (CT_KEY_PAGE_UP, .pageUp),
            (CT_KEY_PAGE_DOWN, .pageDown), (CT_KEY_INSERT, .insert), (CT_KEY_DELETE, .delete),
            (CT_KEY_BACKSPACE, .backspace), (CT_KEY_BACKTAB, .backtab), (CT_KEY_ENTER, .enter),
        ]
        return keys.first { $0.0.rawValue == UInt32(bitPattern: code) }?.1
    }
}
