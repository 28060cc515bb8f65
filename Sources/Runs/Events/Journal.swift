package import Files

/// The append-only file of everything that happened in a run and of every decision, as JSON Lines.
///
/// Each line ends with a digest of itself and of all lines before it (`JournalChain`). Used by one thread.
package final class Journal {
    private let file: AppendedFile
    private var chain: JournalChain

    /// Makes the file; it must not be there.
    ///
    /// - Throws: `RunFailure(.cannotCreate)`.
    package convenience init(creating path: String) throws(RunFailure) {
        self.init(file: try RunFailure.wrapping(try AppendedFile(creating: path)), chain: JournalChain())
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
        try self.init(continuing: path, extent)
    }

    private convenience init(continuing path: String, _ extent: JournalExtent) throws(RunFailure) {
        let file = try RunFailure.wrapping(try AppendedFile(continuing: path, at: extent.length))
        self.init(file: file, chain: extent.chain)
    }

    /// Opens a journal as `init(continuing:)` does.
    ///
    /// - Parameters:
    ///   - path: The journal.
    ///   - digest: The digest of a line that is sought, if there is one.
    ///   - body: Gets every entry, in order.
    /// - Returns: The journal, and whether it has the line that was sought.
    /// - Throws: As `init(continuing:)`.
    static func continuing(
        _ path: String, seeking digest: String?, _ body: (JournalEntry) throws(RunFailure) -> Void
    ) throws(RunFailure) -> (journal: Journal, hasSought: Bool) {
        let extent = try readJournal(path, seeking: digest, body)
        return (try Journal(continuing: path, extent), extent.hasSought)
    }

    /// Makes a journal over a file.
    ///
    /// - Parameters:
    ///   - file: Takes the lines.
    ///   - chain: The lines that it has.
    package init(file: AppendedFile, chain: JournalChain = JournalChain()) {
        (self.file, self.chain) = (file, chain)
    }

    /// The digest of the last line; empty without lines.
    var digest: String { chain.digest }

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
        let entry = JournalEntry(sequence: chain.lines + 1, seconds: seconds, content: content)
        let (line, next) = chain.appending(try entry.jsonLine)
        try RunFailure.wrapping(try file.append(line + Array("\n".utf8), isSynchronized: lasts))
        chain = next
    }
}

@available(*, unavailable)
extension Journal: Sendable {}
