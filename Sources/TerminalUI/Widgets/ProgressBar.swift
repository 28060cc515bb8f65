/// A line that fills from the left: a label, a bar, a percentage.
package struct ProgressBar: Hashable, Sendable {
    /// The label.
    package var label: String
    /// The part that is done, 0 to 1; a number that is not finite counts as 0.
    package var fraction: Double
    /// How the done part looks.
    package var style: Style

    package init(label: String = "", fraction: Double, style: Style = Style(.running)) {
        (self.label, self.fraction, self.style) = (label, fraction, style)
    }

    /// Draws the bar into the first row of `area`; where there is no room for it, the percentage remains.
    package func draw(into grid: inout CellGrid, in area: Rect, glyphs: GlyphSet) {
        guard !area.isEmpty else { return }
        let done = fraction.isFinite ? min(1, max(0, fraction)) : 0
        let percent = "\(Int(done * 100))%"
        let head = label.isEmpty ? "" : label + " "
        let bar = area.width - cellWidth(head) - percent.count - 1
        guard bar >= 3 else {
            grid.write(percent, x: area.x, y: area.y, in: area)
            return
        }
        let filled = Int(done * Double(bar))
        let (full, empty): (Unicode.Scalar, Unicode.Scalar) = glyphs == .ascii ? ("#", ".") : ("█", "░")
        var x = area.x + grid.write(head, x: area.x, y: area.y, in: area)
        for column in 0..<bar {
            grid.put(
                column < filled ? full : empty, x: x + column, y: area.y,
                style: column < filled ? style : .muted, in: area)
        }
        x += bar
        grid.write(" " + percent, x: x, y: area.y, in: area)
    }
}
