/// Where the user has put the edges between panels; those that were never moved are where the layout puts them.
package struct PanelSplits: Equatable, Sendable {
    /// An edge between panels; the name is the one that is remembered.
    enum Split: String, CaseIterable {
        /// Between the columns of a screen with every panel.
        case columns
        /// Between the units and the parameters.
        case units
        /// Between the reconstruction and what is below it.
        case charts
        /// Between contributions and sweep.
        case middle
        /// Between those two and the log.
        case log
        /// Between the units and the other panel of a screen with tabs.
        case list
        /// Between those two and the log.
        case tabbedLog = "tabbed-log"
    }

    /// The part of the screen before each edge that was moved, from 0 through 1.
    private(set) var shares: [Split: Double] = [:]

    /// Whether no edge was moved.
    var isEmpty: Bool { shares.isEmpty }

    /// Puts an edge somewhere; what is no number is passed over.
    mutating func move(_ split: Split, to share: Double) {
        guard share.isFinite else { return }
        // As exactly as it is written down.
        shares[split] = (min(max(share, 0), 1) * 10_000).rounded() / 10_000
    }

    /// The cells before an edge.
    ///
    /// - Parameters:
    ///   - split: The edge.
    ///   - usual: The cells before it if it was never moved.
    ///   - total: The cells that it divides.
    ///   - least: The cells that stay before and behind it, where there are so many.
    /// - Returns: At most `total`.
    func cells(before split: Split, usual: Int, of total: Int, leaving least: (before: Int, behind: Int))
        -> Int
    {
        guard let share = shares[split] else { return usual }
        let cells = Int((share * Double(total)).rounded())
        return max(min(max(cells, least.before), total - least.behind), min(least.before, total))
    }
}
