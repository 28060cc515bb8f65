internal import Runs
internal import TerminalUI

extension WorkbenchState {
    /// What stands in the lines of the list that is searched.
    var searchedTexts: [String] {
        switch search?.panel {
        case .units: run?.units.map(\.name) ?? []
        case .parameters: HyperparameterField.all.map { "\($0.key) \($0.summary)" }
        default: []
        }
    }

    /// The selected line of a panel's list.
    private func selection(in panel: Panel) -> Int { panel == .units ? shownUnit ?? 0 : editor.selected }

    /// Selects a line of the list that is searched.
    mutating func select(_ index: Int) {
        switch search?.panel {
        case .units: choose(unit: index)
        case .parameters: editor.selected = index
        default: break
        }
    }

    mutating func beginSearch() {
        guard focus == .units || focus == .parameters else { return }
        search = ListSearch(panel: focus, origin: selection(in: focus))
    }

    /// Ends the typing of words: stays at the match, or goes back to where it began.
    mutating func endSearch(keeping: Bool) {
        guard let search else { return }
        if !keeping { select(search.origin) }
        let isFound = keeping && search.match(in: searchedTexts, from: 0) != nil
        if keeping, !isFound, !search.line.isEmpty {
            notify("nothing here has “\(search.line.text)”", .warning)
        }
        if isFound { self.search?.isTyping = false } else { self.search = nil }
    }

    mutating func goOnSearching(backwards: Bool) {
        let texts = searchedTexts
        guard let search, !texts.isEmpty else { return }
        let start = selection(in: search.panel) + (backwards ? texts.count - 1 : 1)
        if let match = search.match(in: texts, from: start, backwards: backwards) { select(match) }
    }
}
