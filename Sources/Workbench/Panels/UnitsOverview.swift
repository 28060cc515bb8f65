internal import RunText
internal import Runs
internal import TerminalUI
internal import Vocabulary

/// Units × terms: each term's share of the gradient in every unit, and how far the unit's loss fell.
struct UnitsOverview {
    let run: RunProgress

    /// The widths of names, numbers, bars and ratios in a width; bars are left out where they would be short.
    private func widths(_ width: Int) -> (name: Int, numbers: [Int], bar: Int, ratio: Int) {
        let longest = run.units.map { cellWidth($0.name) }.max() ?? 0
        // Each is as wide as the name of its term, and a space before that.
        let numbers = Term.allCases.map { $0.rawValue.count + 1 }
        let ratio = width >= 56 ? 9 : 6
        let rest = width - numbers.reduce(0, +) - ratio
        let name = max(4, min(longest, rest))
        return (name, numbers, rest - name >= 8 ? rest - name : 0, ratio)
    }

    private func columns(_ row: Rect) -> (name: Rect, numbers: [Rect], bar: Rect, ratio: Rect) {
        let widths = widths(row.width)
        let all = row.columns(
            [.fixed(widths.name)] + widths.numbers.map(Length.fixed)
                + [.fixed(widths.bar), .fixed(widths.ratio)])
        return (all[0], Array(all[1..<all.count - 2]), all[all.count - 2].dropping(2), all[all.count - 1])
    }

    /// The first unit in view and the rows of units.
    private func rows(_ area: Rect, _ state: WorkbenchState) -> (first: Int, rows: Rect) {
        let rows = area.droppingRows(1)
        let selected = run.hasEnded ? state.chosenUnit ?? 0 : state.shownUnit
        return (
            Table.offset(0, selected: selected, visible: rows.height, count: run.units.count), rows
        )
    }

    /// The unit at a row of the screen.
    func unit(at y: Int, in area: Rect, _ state: WorkbenchState) -> Int? {
        let (first, rows) = rows(area, state)
        let index = first + y - rows.y
        return y >= rows.y && run.units.indices.contains(index) ? index : nil
    }

    func draw(in area: Rect, on canvas: inout Canvas) {
        let heading = columns(area.row(0))
        canvas.write("unit", in: heading.name, style: Style(.heading))
        for (term, place) in zip(Term.allCases, heading.numbers) {
            canvas.write(
                fitted(term.rawValue, width: place.width, alignment: .trailing), in: place,
                style: Style(term.role))
        }
        canvas.write(
            fitted("loss", width: heading.ratio.width, alignment: .trailing), in: heading.ratio,
            style: Style(.heading))
        let (first, list) = rows(area, canvas.state)
        for (line, unit) in run.units.dropFirst(first).prefix(list.height).enumerated() {
            draw(unit, in: list.row(line), on: &canvas)
        }
        let below = run.units.count - first - list.height
        if below > 0, !list.isEmpty {
            let mark = "\(canvas.glyphs.symbol(.moreBelow))"
            canvas.write(
                mark, in: Rect(x: list.endX - 1, y: list.endY - 1, width: 1, height: 1), style: .muted)
        }
    }

    private func draw(_ unit: UnitProgress, in row: Rect, on canvas: inout Canvas) {
        let (name, numbers, bar, last) = columns(row)
        let isShown = canvas.state.shownName == unit.name && !canvas.state.showsResult
        canvas.write(
            fitted(unit.name, width: name.width, cut: .start, ellipsis: canvas.glyphs.ellipsis),
            in: name, style: isShown ? Style.text.bold : unit.isFinished ? .text : .muted)
        if let ratio = unit.ratio {
            let text = unit.phase == .reverted && last.width > 8 ? "put back" : QuantityText.factor(ratio)
            canvas.write(
                fitted(text, width: last.width, alignment: .trailing), in: last,
                style: unit.phase == .reverted || ratio > 1 ? Style(.warn) : .text)
        }
        guard let shares = unit.curves?.gradientShares else { return }
        for (term, place) in zip(Term.allCases, numbers) {
            let text = shares[term].map(ContributionsPanel.percent) ?? "–"
            canvas.write(
                fitted(text, width: place.width, alignment: .trailing), in: place,
                style: shares[term] == nil ? .muted : .text)
        }
        drawBar(shares, in: bar, on: &canvas)
    }

    /// A bar of the shares; a share that is not 0 has at least a cell.
    private func drawBar(_ shares: Terms, in area: Rect, on canvas: inout Canvas) {
        guard area.width >= Term.allCases.count else { return }
        var cells = Term.allCases.map { term -> Int in
            let share = shares[term] ?? 0
            return share > 0 ? max(1, Int((share * Double(area.width)).rounded())) : 0
        }
        while cells.reduce(0, +) > area.width, let most = cells.indices.max(by: { cells[$0] < cells[$1] }) {
            cells[most] -= 1
        }
        var x = area.x
        for term in Term.allCases {
            for column in 0..<cells[term.place] {
                canvas.grid.put(
                    term.fill(canvas.glyphs), x: x + column, y: area.y, style: Style(term.role), in: area)
            }
            x += cells[term.place]
        }
    }
}
