package import TerminalUI

/// Words that are looked for in the list of a panel.
package struct ListSearch: Equatable, Sendable {
    /// The panel: the units or the parameters.
    let panel: Panel
    /// What was selected before.
    let origin: Int
    /// The words that a line must have, in any order, whatever the case.
    package internal(set) var line = EditLine()
    /// Whether the words are being typed.
    package internal(set) var isTyping = true

    init(panel: Panel, origin: Int) {
        (self.panel, self.origin) = (panel, origin)
    }

    /// The first line with every word from a place on, going on at the other end; nil where there is none.
    func match(in texts: [String], from start: Int, backwards: Bool = false) -> Int? {
        let words = SearchedWords(line.text)
        guard !words.isEmpty, !texts.isEmpty else { return nil }
        let order = texts.indices.map { (backwards ? start - $0 + texts.count : start + $0) % texts.count }
        return order.first { words.areAll(in: texts[$0]) }
    }
}
