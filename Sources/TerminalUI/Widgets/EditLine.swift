/// One line of text being edited.
package struct EditLine: Hashable, Sendable {
    /// Longer texts are cut; nothing that is typed here needs more.
    private static let longest = 4096
    private var characters: [Character]
    /// The position of the cursor: the number of characters before it.
    package private(set) var cursor: Int

    /// Makes a line with the cursor at its end.
    package init(_ text: String = "") {
        characters = Self.accepted(text)
        cursor = characters.count
    }

    /// The text.
    package var text: String { String(characters) }

    /// Whether there is nothing.
    package var isEmpty: Bool { characters.isEmpty }

    /// Puts a text at the cursor; line breaks and other controls are left out.
    package mutating func insert(_ text: String) {
        let added = Self.accepted(text).prefix(Self.longest - min(Self.longest, characters.count))
        characters.insert(contentsOf: added, at: cursor)
        cursor += added.count
    }

    /// Applies a key; returns false if the key means nothing here.
    package mutating func apply(_ event: KeyEvent) -> Bool {
        switch event.key {
        case .character(let character): insert(String(character))
        case .left where event.modifiers.contains(.control), .alt("b"): cursor = wordStart()
        case .right where event.modifiers.contains(.control), .alt("f"): cursor = wordEnd()
        case .left, .control("b"): cursor = max(0, cursor - 1)
        case .right, .control("f"): cursor = min(characters.count, cursor + 1)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete, .control("d"): remove(cursor..<min(characters.count, cursor + 1))
        case .control("u"): remove(0..<cursor)
        case .control("k"): remove(cursor..<characters.count)
        case .control("w"): remove(wordStart()..<cursor)
        default: return false
        }
        return true
    }

    /// Draws the line into the first row of `area`, moved so that the cursor is visible.
    package func draw(
        into grid: inout CellGrid, in area: Rect, style: Style = .text, showsCursor: Bool = true
    ) {
        guard !area.isEmpty else { return }
        let widths = characters.map { cellWidth(String($0)) }
        var first = 0
        var before = widths[..<cursor].reduce(0, +)
        let under = cursor < widths.count ? max(1, widths[cursor]) : 1
        while first < cursor, before + under > area.width {
            before -= widths[first]
            first += 1
        }
        grid.write(String(characters[first...]), x: area.x, y: area.y, style: style, in: area)
        guard showsCursor else { return }
        let place = Rect(x: area.x + before, y: area.y, width: under, height: 1).intersection(area)
        grid.restyle(place) { Style($0.role == .background ? style.role : $0.role, $0.attributes).reverse }
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private func wordStart() -> Int {
        var index = cursor
        while index > 0, characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private func wordEnd() -> Int {
        var index = cursor
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        while index < characters.count, !characters[index].isWhitespace { index += 1 }
        return index
    }

    private static func accepted(_ text: String) -> [Character] {
        let kept = text.unicodeScalars.filter {
            $0.value >= 0x20 && $0.value != 0x7F && !(0x80..<0xA0).contains($0.value)
        }
        return Array(String(String.UnicodeScalarView(kept)).prefix(longest))
    }
}
