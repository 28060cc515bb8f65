internal import Runs
internal import TerminalUI
internal import Vocabulary

/// A frame that is being drawn, and the state that it shows.
///
/// Everything draws inside the area that it is given.
struct Canvas {
    let state: WorkbenchState
    let layout: Layout
    var grid: CellGrid

    init(_ state: WorkbenchState) {
        self.state = state
        layout = Layout(state)
        grid = CellGrid(width: state.size.width, height: state.size.height)
    }

    var glyphs: GlyphSet { state.glyphs }

    /// An arrow from one value to the next; two characters in ASCII.
    var arrow: String { glyphs == .ascii ? "->" : "→" }

    /// A sentence of the log, with arrows that the terminal can show.
    func sentence(_ text: String) -> String { glyphs == .ascii ? text.replacing("→", with: arrow) : text }

    /// The first key of an action.
    func key(_ action: Action) -> String { state.key(action) }

    // MARK: - Writing

    mutating func write(_ text: String, in area: Rect, style: Style = .text) {
        grid.write(text, x: area.x, y: area.y, style: style, in: area)
    }

    mutating func write(_ spans: [TextSpan], in area: Rect) {
        grid.write(spans, x: area.x, y: area.y, in: area)
    }

    /// Writes the pieces that fit into the first row of an area.
    mutating func write(_ pieces: [LinePiece], in area: Rect, gap: Int) {
        var x = area.x
        for piece in LinePiece.fitting(pieces, width: area.width, gap: gap) {
            x += grid.write(piece.spans, x: x, y: area.y, in: area) + gap
        }
    }

    /// Writes a sentence into the middle of an area, wrapped.
    mutating func explain(_ text: String, in area: Rect) {
        let lines = wrapped(text, width: min(area.width - 2, 56))
        let top = max(0, (area.height - lines.count) / 2)
        for (index, line) in lines.enumerated() where top + index < area.height {
            let left = max(0, (area.width - cellWidth(line)) / 2)
            write(line, in: area.row(top + index).dropping(left), style: .muted)
        }
    }

    /// Writes the keys of actions with their hints.
    mutating func writeKeys(_ actions: [Action], in row: Rect) {
        let spans = actions.flatMap { action in
            [
                TextSpan(key(action), Style(.keyHint)),
                TextSpan(" \(state.settings.keys[action]?.hint(in: state) ?? "")   "),
            ]
        }
        write(spans, in: row)
    }

    // MARK: - Drawing

    /// Draws a table and returns its first row in view and the area of its rows.
    @discardableResult
    mutating func draw(_ table: Table, in area: Rect) -> (offset: Int, rows: Rect) {
        table.draw(into: &grid, in: area, glyphs: glyphs)
    }

    /// Draws a line that is typed into.
    mutating func draw(
        _ line: EditLine, in area: Rect, style: Style = Style.text.underline, showsCursor: Bool = true
    ) {
        line.draw(into: &grid, in: area, style: style, showsCursor: showsCursor)
    }

    /// Draws an empty dialog in the middle and returns the area inside.
    mutating func drawDialog(_ title: String, _ size: (width: Int, height: Int)) -> Rect {
        grid.drawBox(layout.dialog(size), title: title, focused: true, glyphs: glyphs)
        return layout.dialogContent(size)
    }

    /// Draws a dialog with a question and its keys.
    mutating func drawQuestion(_ title: String, _ text: String, keys: [Action], width: Int, height: Int) {
        let body = drawDialog(title, (width, height)).rows([.fixed(1), .share(1), .fixed(1)])
        grid.writeWrapped(text, in: body[1])
        writeKeys(keys, in: body[2])
    }
}

/// A piece of a line; if the line is too narrow, pieces of the highest rank are left out first.
struct LinePiece {
    let spans: [TextSpan]
    let rank: Int

    init(_ spans: [TextSpan], rank: Int) {
        (self.spans, self.rank) = (spans, rank)
    }

    init(_ text: String, _ style: Style = .text, rank: Int) {
        self.init([TextSpan(text, style)], rank: rank)
    }

    var width: Int { spans.reduce(0) { $0 + cellWidth($1.text) } }

    /// The pieces that fit into a width with a gap between neighbours, in their order.
    static func fitting(_ pieces: [LinePiece], width: Int, gap: Int) -> [LinePiece] {
        var kept = pieces.filter { $0.width > 0 }
        func needed() -> Int { kept.reduce(-gap) { $0 + $1.width + gap } }
        while !kept.isEmpty, needed() > width {
            let last = kept.indices.max { kept[$0].rank < kept[$1].rank } ?? 0
            kept.remove(at: last)
        }
        return kept
    }
}

extension Table {
    /// The row of a table at a row of the screen, by the rule by which a table is drawn.
    static func row(at y: Int, in area: Rect, headings: Int, selected: Int, count: Int) -> Int? {
        let visible = area.height - headings
        let line = y - area.y - headings
        guard line >= 0, line < visible else { return nil }
        let index = offset(0, selected: selected, visible: visible, count: count) + line
        return index < count ? index : nil
    }
}

extension Rect {
    /// The part right of the first columns.
    func dropping(_ columns: Int) -> Rect {
        Rect(x: x + columns, y: y, width: width - columns, height: height)
    }

    /// The part below the first rows.
    func droppingRows(_ rows: Int) -> Rect { Rect(x: x, y: y + rows, width: width, height: height - rows) }
}

extension Term {
    /// The term's place among the series of a chart, from 0.
    var place: Int { Term.allCases.firstIndex(of: self) ?? 0 }
    var role: Role { Role.series[place] }
    func fill(_ glyphs: GlyphSet) -> Unicode.Scalar { glyphs.fills[place] }
}

extension String {
    /// A path without its middle if it is wider than there is room: its beginning and its last name count most.
    func middle(_ width: Int, _ ellipsis: String) -> String {
        guard cellWidth(self) > width, width > 4 else { return self }
        let last = split(separator: "/").last.map { cellWidth(String($0)) + 1 } ?? 0
        let tail = Swift.max(1, (width - 1) * 2 / 3, Swift.min(last, width - 3))
        return fitted(String(self), width: width - tail, ellipsis: ellipsis)
            + String(suffix(tail))
    }
}

extension GlyphSet {
    /// A text with an ellipsis if it is wider than there is room.
    func cut(_ text: String, _ width: Int) -> String {
        cellWidth(text) <= width ? text : fitted(text, width: max(0, width), ellipsis: ellipsis)
    }
}
