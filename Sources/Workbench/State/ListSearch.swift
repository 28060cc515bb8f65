package import TerminalUI

/// A search in the lines of a panel; in the log, a filter.
package struct ListSearch: Equatable, Sendable {
    /// The panel: units, parameters or the log.
    let panel: Panel
    /// The line selected before the search.
    let origin: Int
    /// The words that a line must contain.
    package internal(set) var line = EditLine()
    package internal(set) var isTyping = true

    init(panel: Panel, origin: Int) {
        (self.panel, self.origin) = (panel, origin)
    }

    /// The first line with every word from a place on, wrapping around at the end; nil if there is none.
    func match(in texts: [String], from start: Int, backwards: Bool = false) -> Int? {
        let words = SearchedWords(line.text)
        guard !words.isEmpty, !texts.isEmpty else { return nil }
        let order = texts.indices.map { (backwards ? start - $0 + texts.count : start + $0) % texts.count }
        return order.first { words.areAll(in: texts[$0]) }
    }
}
