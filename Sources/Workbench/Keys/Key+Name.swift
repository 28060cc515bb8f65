internal import TerminalUI

extension Key: ExpressibleByUnicodeScalarLiteral, ExpressibleByExtendedGraphemeClusterLiteral {
    /// A key that types a character.
    package init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }
}

extension Key {
    /// The name of the key, in help, in the footer and in settings.
    var name: String {
        switch self {
        case .character(" "): "Space"
        case .character(let character): String(character)
        case .control(let character): "Ctrl-\(character.uppercased())"
        case .alt(let character): "Alt-\(character)"
        case .function(let number): "F\(number)"
        default: Self.named.first { $0.key == self }?.name ?? ""
        }
    }

    /// Reads a name as ``name`` writes it; capitals do not matter but in single characters.
    init?(named text: String) {
        let lower = text.lowercased()
        if text.count == 1, let character = text.first, !character.isWhitespace {
            self = .character(character)
        } else if lower == "space" {
            self = .character(" ")
        } else if let key = Self.named.first(where: { $0.name.lowercased() == lower })?.key {
            self = key
        } else if lower.hasPrefix("ctrl-"), lower.count == 6, let last = lower.last {
            self = .control(last)
        } else if lower.hasPrefix("alt-"), text.count == 5, let last = text.last {
            self = .alt(last)
        } else if lower.first == "f", let number = Int(lower.dropFirst()), (1...12).contains(number) {
            self = .function(number)
        } else {
            return nil
        }
    }

    private static let named: [(key: Key, name: String)] = [
        (.enter, "Enter"), (.escape, "Esc"), (.tab, "Tab"), (.backtab, "Shift-Tab"), (.up, "Up"),
        (.down, "Down"), (.left, "Left"), (.right, "Right"), (.home, "Home"), (.end, "End"),
        (.pageUp, "PgUp"), (.pageDown, "PgDn"), (.insert, "Ins"), (.backspace, "Backspace"),
        (.delete, "Del"),
    ]
}
