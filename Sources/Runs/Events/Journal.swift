package import Files

/// The append-only file of everything that happened in a run and of every decision, as JSON Lines.
///
/// Used by one thread.
package final class Journal {
    private let file: AppendedFile
    private var sequence: Int

    /// Makes the file; it must not be there.
    ///
    /// - Throws: `RunFailure(.cannotCreate)`.
    package convenience init(creating path: String) throws(RunFailure) {
        self.init(file: try RunFailure.wrapping(try AppendedFile(creating: path)), sequence: 0)
    }

    /// Opens a journal to continue it, after reading what it holds; a torn last line is cut off.
    ///
    /// - Parameters:
    ///   - path: The journal.
    ///   - body: Gets every entry, in order.
    /// - Throws: What `readJournal` throws, and `RunFailure(.inputOutput)`.
    package convenience init(
        continuing path: String, _ body: (JournalEntry) throws(RunFailure) -> Void = { _ in }
    ) throws(RunFailure) {
        let extent = try readJournal(path, body)
        let file = try RunFailure.wrapping(try AppendedFile(continuing: path, at: extent.length))
        self.init(file: file, sequence: extent.lines)
    }

    /// Makes a journal over a file.
    ///
    /// - Parameters:
    ///   - file: Takes the lines.
    ///   - sequence: The number of lines that it has.
    package init(file: AppendedFile, sequence: Int) {
        (self.file, self.sequence) = (file, sequence)
    }

    /// Writes an event.
    ///
    /// The line is on the disk when this returns, except for a step's sample or for progress, of which nothing
    /// depends; they reach it with the next line that does.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - seconds: When, since the run began.
    /// - Throws: `RunFailure(.inputOutput)`; then the journal ends with the line before.
    package func append(_ event: RunEvent, at seconds: Double) throws(RunFailure) {
        let lasts =
            switch event {
            case .stepped, .progressed: false
            default: true
            }
        try append(.event(event), at: seconds, lasts: lasts)
    }

    /// Writes a decision, which is on the disk when this returns.
    ///
    /// - Parameters:
    ///   - command: What was asked for.
    ///   - seconds: When, since the run began.
    /// - Throws: `RunFailure(.inputOutput)`; then the journal ends with the line before.
    package func append(_ command: RunCommand, at seconds: Double) throws(RunFailure) {
        try append(.command(command), at: seconds, lasts: true)
    }

    private func append(_ content: JournalEntry.Content, at seconds: Double, lasts: Bool) throws(RunFailure) {
        let entry = JournalEntry(sequence: sequence + 1, seconds: seconds, content: content)
        let line = Array("\(try entry.jsonLine)\n".utf8)
        try RunFailure.wrapping(try file.append(line, isSynchronized: lasts))
        sequence += 1
    }
}

@available(*, unavailable)
extension Journal: Sendable {}
