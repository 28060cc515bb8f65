package import Files

/// The longest event that is read, in bytes.
private let greatestLineLength = 16 << 20

/// Reads a journal line by line, in constant memory however long it is.
///
/// A last line that was never finished is ignored.
///
/// - Parameters:
///   - path: The journal.
///   - body: Gets every entry, in order; reading ends where it throws.
/// - Returns: The number of entries, where the last one ends, and whether bytes follow it.
/// - Throws: `RunFailure`: `.missingInput` where there is no journal, `.badData` with file and line where a line is
///   damaged or missing, `.inputOutput` where it cannot be read; and the errors of `body`.
@discardableResult
package func readJournal(
    _ path: String, _ body: (JournalEntry) throws(RunFailure) -> Void
) throws(RunFailure) -> LineExtent {
    try forEachLine(of: path, limit: greatestLineLength) { (line, number) throws(RunFailure) in
        try body(try entry(line, line: number, path: path))
    }
}

private func entry(_ bytes: [UInt8], line: Int, path: String) throws(RunFailure) -> JournalEntry {
    do throws(JSONError) {
        let entry = try JournalEntry(jsonLine: bytes)
        guard entry.sequence == line else {
            throw JSONError("“seq” is \(entry.sequence), where \(line) was expected")
        }
        return entry
    } catch {
        throw RunFailure(.badData, "\(path), line \(line), is damaged: \(error)")
    }
}
