/// The purpose of a cell.
///
/// Drawing names roles only; a ``Theme`` says which colours they have. The raw value is the key in a
/// theme file.
package enum Role: String, CaseIterable, Hashable, Sendable {
    /// The empty screen.
    case background
    /// Ordinary text.
    case text
    /// Less prominent text: units, hints, unavailable items.
    case muted
    /// A heading inside a panel, a table's column titles.
    case heading
    /// The title of a panel.
    case title
    /// The frame of a panel.
    case border
    /// The frame of the panel that has the focus.
    case borderFocus = "border_focus"
    /// The selected row of a list.
    case selection
    /// A key in the footer or in help.
    case keyHint = "key_hint"
    /// The line at the top of the screen.
    case header
    /// Success.
    case ok
    /// A warning.
    case warn
    /// Failure.
    case error
    /// Work in progress.
    case running
    /// Axes and ticks of charts.
    case axis
    /// The first of three series shown together.
    case series1
    /// The second of three series.
    case series2
    /// The third of three series.
    case series3
    /// The selected curve.
    case curve
    /// A curve shown for comparison.
    case comparison
    /// Points of a Pareto front and the line that joins them.
    case front
    /// Points that another point dominates.
    case dominated
    /// The lowest of five steps of a gradient.
    case heat0
    /// The second of five steps of a gradient.
    case heat1
    /// The middle of five steps of a gradient.
    case heat2
    /// The fourth of five steps of a gradient.
    case heat3
    /// The highest of five steps of a gradient.
    case heat4

    /// The series of a chart of shares; a fourth one has the colour of a comparison.
    package static let series: [Role] = [.series1, .series2, .series3, .comparison]

    /// The five steps of a gradient, from the lowest.
    package static let heatSteps: [Role] = [.heat0, .heat1, .heat2, .heat3, .heat4]

    /// The gradient step for a fraction of 0 to 1; other numbers are moved to the nearest end.
    package static func heat(_ fraction: Double) -> Role {
        guard fraction > 0 else { return .heat0 }
        return heatSteps[min(4, Int(min(fraction, 1) * 5))]
    }
}
