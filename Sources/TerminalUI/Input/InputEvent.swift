/// Keys held while another key or a button goes down.
package struct Modifiers: OptionSet, Hashable, Sendable {
    /// The bits.
    package let rawValue: UInt8

    /// Makes a set from its bits.
    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Shift; part of the character for keys that type one.
    package static let shift = Modifiers(rawValue: 1)
    /// Alt or Meta.
    package static let alt = Modifiers(rawValue: 2)
    /// Control.
    package static let control = Modifiers(rawValue: 4)
}

/// A key.
package enum Key: Hashable, Sendable {
    /// A key that types something.
    case character(Character)
    /// A letter together with Control; the letter is lower case.
    case control(Character)
    /// A character together with Alt.
    case alt(Character)
    /// Enter or Return.
    case enter
    /// Escape alone.
    case escape
    /// The tabulator.
    case tab
    /// The tabulator with Shift.
    case backtab
    /// Arrow up.
    case up
    /// Arrow down.
    case down
    /// Arrow left.
    case left
    /// Arrow right.
    case right
    /// To the beginning.
    case home
    /// To the end.
    case end
    /// One page back.
    case pageUp
    /// One page on.
    case pageDown
    /// Insert.
    case insert
    /// Deletes the character before the cursor.
    case backspace
    /// Deletes the character under the cursor.
    case delete
    /// A function key, from 1.
    case function(Int)
}

/// A key that went down.
package struct KeyEvent: Hashable, Sendable {
    /// Which key.
    package let key: Key
    /// The modifiers held, for keys that type nothing.
    package let modifiers: Modifiers

    package init(_ key: Key, _ modifiers: Modifiers = []) {
        (self.key, self.modifiers) = (key, modifiers)
    }
}

/// A mouse event.
package struct MouseEvent: Hashable, Sendable {
    /// The kind of event.
    package enum Action: Hashable, Sendable {
        /// A button went down.
        case press
        /// A button went up.
        case release
        /// The mouse moved with a button held.
        case drag
        /// The mouse moved.
        case move
        /// The wheel turned by one step.
        case wheel(WheelDirection)
    }

    /// The direction of the wheel.
    package enum WheelDirection: Hashable, Sendable {
        /// Away from the hand.
        case up
        /// Towards the hand.
        case down
        /// To the left.
        case left
        /// To the right.
        case right
    }

    /// A button.
    package enum Button: Hashable, Sendable {
        /// The left button.
        case left
        /// The middle button.
        case middle
        /// The right button.
        case right
        /// No button, or one that has no name.
        case none
    }

    /// The kind of event.
    package let action: Action
    /// The button.
    package let button: Button
    /// The column, from 0.
    package let x: Int
    /// The row, from 0.
    package let y: Int
    /// The modifiers held.
    package let modifiers: Modifiers

    package init(_ action: Action, button: Button = .none, x: Int, y: Int, modifiers: Modifiers = []) {
        self.action = action
        self.button = button
        self.x = x
        self.y = y
        self.modifiers = modifiers
    }
}

/// Something that came from the terminal.
package enum InputEvent: Hashable, Sendable {
    /// A key went down.
    case key(KeyEvent)
    /// The mouse did something.
    case mouse(MouseEvent)
    /// Text was pasted.
    case paste(String)
    /// The screen has a new size, in columns and rows.
    case resize(width: Int, height: Int)
    /// The user wants to suspend the program; ``TerminalLoop`` does it.
    case suspendRequest
    /// The program goes on after it was suspended.
    case resumed
    /// A signal arrived that asks the program to end: its number.
    case signal(Int32)
    /// The terminal is gone: there will be no more input.
    case closed
    /// Another thread has data; ``TerminalLoop`` fetches it.
    case wake

    /// A key without modifiers.
    package static func key(_ key: Key) -> InputEvent { .key(KeyEvent(key)) }
}
