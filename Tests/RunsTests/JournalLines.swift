import Runs

/// A journal, read whole.
struct JournalLines {
    var entries: [JournalEntry] = []
    let extent: JournalExtent

    init(path: String) throws {
        var entries: [JournalEntry] = []
        extent = try readJournal(path) { entries.append($0) }
        self.entries = entries
    }

    var events: [RunEvent] {
        entries.compactMap { if case .event(let event) = $0.content { event } else { nil } }
    }
}
