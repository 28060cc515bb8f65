internal import TerminalUI

/// A list of parameters under headings, with their values, defaults and ranges.
struct ParameterTable {
    /// A parameter.
    struct Item: Equatable {
        let key: String
        let value: TextSpan
        /// The preset's value.
        let standard: String
        let range: String
        /// What stands in place of the range: the applied value, or the one at the start.
        var note: TextSpan?
        let summary: String
        let affects: String
        var style = Style.text
    }

    /// Parameters under a heading.
    struct Section: Equatable {
        let heading: String
        let items: [Item]
    }

    let sections: [Section]
    let selected: String
    let isFocused: Bool

    /// The rows: a heading, or a parameter.
    private var rows: [(heading: String?, item: Item?)] {
        sections.flatMap { section in
            [(section.heading, nil)] + section.items.map { (nil, $0) }
        }
    }

    /// Whether there is room for what parameters are, beside their values.
    static func isWide(_ area: Rect) -> Bool { area.width >= 100 }

    /// The key of the parameter at a row of the screen.
    func key(at y: Int, in area: Rect) -> String? {
        let rows = rows
        let row = Table.row(
            at: y, in: area, headings: 1, selected: selectedRow ?? 0, count: rows.count)
        return row.flatMap { rows[$0].item?.key }
    }

    var selectedRow: Int? { rows.firstIndex { $0.item?.key == selected } }

    /// The key at each row; nil for a heading.
    var rowKeys: [String?] { rows.map { $0.item?.key } }

    /// Draws the list; a text that is typed replaces the selected value.
    func draw(in area: Rect, typing: EditLine?, on canvas: inout Canvas) {
        let items = sections.flatMap(\.items)
        func width(_ title: String, _ texts: [String]) -> Int {
            texts.reduce(cellWidth(title)) { max($0, cellWidth($1)) }
        }
        let keys = width("parameter", items.map(\.key))
        let values = width("value", items.map(\.value.text))
        let standards = width("default", items.map(\.standard))
        // The effects have a column of their own where it cuts nothing.
        let isWide = Self.isWide(area)
        let showsEffects = area.width >= 150
        // Two columns for the pointer, one for the marks of hidden rows, one between neighbours.
        let rest = area.width - 3 - keys - values - 2
        var columns = [
            TableColumn("parameter", width: .fixed(keys)), TableColumn("value", width: .fixed(values)),
        ]
        let showsRange = rest >= standards + 12
        columns.append(TableColumn("default", width: .fixed(showsRange ? standards : max(0, rest))))
        // Columns are as wide as they need, so that they stay near one another on wide screens.
        let ranges = min(30, width("range", items.map { $0.note?.text ?? $0.range }))
        if showsRange { columns.append(TableColumn("range", width: isWide ? .fixed(ranges) : .share(1))) }
        if isWide {
            let summaries = width("what it is", items.map(\.summary))
            columns.append(TableColumn("what it is", width: showsEffects ? .fixed(summaries) : .share(1)))
            if showsEffects { columns.append(TableColumn("affects", width: .share(1))) }
        }
        let rows = rows
        let spans = rows.map { _, item -> [TextSpan] in
            guard let item else { return [] }
            let standard = TextSpan(item.standard, .muted)
            let cells = [TextSpan(item.key, item.style), item.value]
            guard showsRange else { return cells + [standard] }
            return cells
                + [
                    standard, item.note ?? TextSpan(item.range, .muted), TextSpan(item.summary, .muted),
                    TextSpan(item.affects, .muted),
                ].prefix(showsEffects ? 4 : isWide ? 3 : 2)
        }
        // A heading may be wider than the column of names.
        let (offset, body) = canvas.draw(
            Table(columns: columns, rows: spans, selected: selectedRow, isFocused: isFocused), in: area)
        for (index, row) in rows.enumerated() where row.heading != nil {
            let line = index - offset
            guard (0..<body.height).contains(line) else { continue }
            canvas.write(row.heading ?? "", in: body.row(line).dropping(1), style: Style(.heading))
        }
        if let typing, let selectedRow {
            let row = body.row(selectedRow - offset).dropping(2 + keys + 1)
            canvas.grid.fill(row)
            canvas.draw(typing, in: row)
        }
    }
}
