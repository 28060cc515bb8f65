extension CellGrid {
    /// Draws a frame and empties what is inside.
    ///
    /// - Parameters:
    ///   - area: The outer cells; below 2 × 2 nothing is drawn.
    ///   - title: Written into the top edge.
    ///   - trailing: Written into the top edge at the right, where there is room.
    ///   - focused: Whether the panel has the focus.
    ///   - glyphs: The glyphs to draw with.
    /// - Returns: The area inside the frame.
    @discardableResult
    package mutating func drawBox(
        _ area: Rect, title: String = "", trailing: String = "", focused: Bool = false,
        glyphs: GlyphSet = .braille
    ) -> Rect {
        guard area.width >= 2, area.height >= 2 else {
            return Rect(x: area.x, y: area.y, width: 0, height: 0)
        }
        let style = Style(focused ? .borderFocus : .border)
        let box = glyphs.box
        fill(area)
        for y in [area.y, area.endY - 1] {
            fill(Rect(x: area.x, y: y, width: area.width, height: 1), glyph: box.horizontal, style: style)
        }
        for x in [area.x, area.endX - 1] {
            fill(Rect(x: x, y: area.y, width: 1, height: area.height), glyph: box.vertical, style: style)
        }
        put(box.topLeft, x: area.x, y: area.y, style: style)
        put(box.topRight, x: area.endX - 1, y: area.y, style: style)
        put(box.bottomLeft, x: area.x, y: area.endY - 1, style: style)
        put(box.bottomRight, x: area.endX - 1, y: area.endY - 1, style: style)
        drawTitles(title, trailing, on: area, focused: focused, glyphs: glyphs)
        return area.inset()
    }

    private mutating func drawTitles(
        _ title: String, _ trailing: String, on area: Rect, focused: Bool, glyphs: GlyphSet
    ) {
        let room = area.width - 4
        guard room > 0 else { return }
        let edge = Rect(x: area.x + 1, y: area.y, width: area.width - 2, height: 1)
        let style = focused ? Style(.title).bold : Style(.title)
        var used = 0
        if !title.isEmpty {
            let shown =
                cellWidth(title) <= room
                ? title : fitted(title, width: room, ellipsis: glyphs.ellipsis)
            used = write(" \(shown) ", x: edge.x, y: edge.y, style: style, in: edge)
        }
        let width = cellWidth(trailing)
        if width > 0, used + width + 3 <= edge.width {
            write(" \(trailing) ", x: edge.endX - width - 2, y: edge.y, style: .muted, in: edge)
        }
    }

    /// Writes lines broken at spaces.
    ///
    /// - Parameters:
    ///   - text: Paragraphs, separated by line breaks.
    ///   - area: Where to draw; lines that do not fit are left out.
    ///   - style: How it looks.
    ///   - skipping: The lines to leave out at the top, for scrolling.
    /// - Returns: The number of lines the whole text has at this width.
    @discardableResult
    package mutating func writeWrapped(
        _ text: String, in area: Rect, style: Style = .text, skipping: Int = 0
    ) -> Int {
        let lines = wrapped(text, width: area.width)
        for (offset, line) in lines.dropFirst(max(0, skipping)).prefix(area.height).enumerated() {
            write(line, x: area.x, y: area.y + offset, style: style, in: area)
        }
        return lines.count
    }

    /// Writes pieces of text, each in its own style, one after the other.
    ///
    /// - Parameters:
    ///   - spans: The pieces.
    ///   - x: The column of the first glyph.
    ///   - y: The row.
    ///   - area: Where drawing is allowed; the whole frame if nil.
    /// - Returns: The columns that were written.
    @discardableResult
    package mutating func write(_ spans: [TextSpan], x: Int, y: Int, in area: Rect? = nil) -> Int {
        var column = x
        for span in spans {
            column += write(span.text, x: column, y: y, style: span.style, in: area)
        }
        return column - x
    }
}

/// A piece of text in one style.
package struct TextSpan: Hashable, Sendable {
    /// The text.
    package let text: String
    /// How it looks.
    package let style: Style

    package init(_ text: String, _ style: Style = .text) {
        (self.text, self.style) = (text, style)
    }
}

/// The lines of a text broken at spaces so that each fits into `width` columns.
///
/// Words longer than a line are cut. A width below 1 gives no lines.
package func wrapped(_ text: String, width: Int) -> [String] {
    guard width > 0 else { return [] }
    var lines: [String] = []
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
        var line = ""
        for piece in unbreakable(paragraph) {
            var word = piece
            let joined = line.isEmpty ? word : line + " " + word
            if cellWidth(joined) <= width {
                line = joined
                continue
            }
            if !line.isEmpty { lines.append(line) }
            while cellWidth(word) > width {
                let head = word.prefix(columns: width)
                guard !head.isEmpty else { break }
                lines.append(head)
                word = String(
                    String.UnicodeScalarView(word.unicodeScalars.dropFirst(head.unicodeScalars.count)))
            }
            line = cellWidth(word) <= width ? word : ""
        }
        lines.append(line)
    }
    return lines
}

/// The words of a paragraph; the groups of a number such as `1 207 754` are one word.
private func unbreakable(_ paragraph: Substring) -> [String] {
    func isDigit(_ character: Character?) -> Bool { character.map { ("0"..."9").contains($0) } ?? false }
    var words: [String] = []
    for piece in paragraph.split(separator: " ", omittingEmptySubsequences: false) {
        let continues = piece.prefix { isDigit($0) }.count == 3
        if continues, let last = words.last, isDigit(last.last) {
            words[words.count - 1] = last + " " + piece
        } else {
            words.append(String(piece))
        }
    }
    return words
}
