import Files
import Runs

/// A journal, read whole.
struct JournalLines {
    var entries: [JournalEntry] = []
    let extent: LineExtent

    init(path: String) throws {
        var entries: [JournalEntry] = []
        extent = try readJournal(path) { entries.append($0) }
        self.entries = entries
    }

    var events: [RunEvent] {
        entries.compactMap { if case .event(let event) = $0.content { event } else { nil } }
    }
}
