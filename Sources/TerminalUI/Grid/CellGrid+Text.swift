extension CellGrid {
    /// The glyphs of every row, top to bottom; a row's text has the grid's width in columns.
    package var glyphRows: [String] {
        (0..<height).map { y in
            var text = String.UnicodeScalarView()
            for cell in row(y) where cell.glyph != 0 {
                text.append(Unicode.Scalar(cell.glyph) ?? "?")
            }
            return String(text)
        }
    }

    /// The styles of every row that has any but the background's: `row: first-last name, …`.
    ///
    /// Rows that follow each other with the same runs share a line: `3-7: 0-19 border`.
    package var styleRuns: [String] {
        var lines: [(rows: ClosedRange<Int>, runs: String)] = []
        for y in 0..<height {
            let runs = styleRuns(ofRow: y)
            if let last = lines.last, last.runs == runs {
                lines[lines.count - 1].rows = last.rows.lowerBound...y
            } else {
                lines.append((y...y, runs))
            }
        }
        return lines.filter { !$0.runs.isEmpty }.map { "\(Self.name(of: $0.rows)): \($0.runs)" }
    }

    /// The frame as text for goldens: its size, glyph rows between bars, then style runs.
    package var goldenText: String {
        let rows = glyphRows.map { "|\($0)|" }
        return (["\(width)x\(height)"] + rows + ["styles"] + styleRuns).joined(separator: "\n") + "\n"
    }

    private func styleRuns(ofRow y: Int) -> String {
        var runs: [(columns: ClosedRange<Int>, style: Style)] = []
        for (x, cell) in row(y).enumerated() {
            if let last = runs.last, last.style == cell.style {
                runs[runs.count - 1].columns = last.columns.lowerBound...x
            } else {
                runs.append((x...x, cell.style))
            }
        }
        return runs.filter { $0.style != .background }
            .map { "\(Self.name(of: $0.columns)) \($0.style.name)" }
            .joined(separator: ", ")
    }

    private static func name(of range: ClosedRange<Int>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
}
