/// The edges between panels that the user has moved; the layout places the others.
package struct PanelSplits: Equatable, Sendable {
    /// An edge between panels; the raw value is its name in the remembered state.
    enum Split: String, CaseIterable {
        /// Between the columns of a full screen.
        case columns
        /// Between the units and the parameters.
        case units
        /// Between the reconstruction and the panels below it.
        case charts
        /// Between contributions and sweep.
        case middle
        /// Between those two and the log.
        case log
        /// Between the units and the other panel of a tabbed screen.
        case list
        /// Between those two and the log.
        case tabbedLog = "tabbed-log"
    }

    /// The part of the screen before each moved edge, 0 through 1.
    private(set) var shares: [Split: Double] = [:]

    var isEmpty: Bool { shares.isEmpty }

    /// Moves an edge; NaN and infinities are ignored.
    mutating func move(_ split: Split, to share: Double) {
        guard share.isFinite else { return }
        // As precisely as it is written.
        shares[split] = (min(max(share, 0), 1) * 10_000).rounded() / 10_000
    }

    /// The cells before an edge.
    ///
    /// - Parameters:
    ///   - split: The edge.
    ///   - usual: The cells before an edge that was not moved.
    ///   - total: The cells that it divides.
    ///   - least: The cells that stay before and after it, if there are so many.
    /// - Returns: At most `total`.
    func cells(before split: Split, usual: Int, of total: Int, leaving least: (before: Int, after: Int))
        -> Int
    {
        guard let share = shares[split] else { return usual }
        let cells = Int((share * Double(total)).rounded())
        return max(min(max(cells, least.before), total - least.after), min(least.before, total))
    }
}
