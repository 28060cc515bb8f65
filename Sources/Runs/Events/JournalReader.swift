internal import Files

/// The longest event that is read, in bytes.
private let greatestLineLength = 16 << 20

/// How far a journal reaches.
package struct JournalExtent: Equatable, Sendable {
    /// Its lines and the digest of the last.
    package fileprivate(set) var chain = JournalChain()
    /// The number of bytes up to the end of its last whole line.
    package fileprivate(set) var length = 0
    /// Whether bytes follow that no newline ends.
    package fileprivate(set) var isTorn = false
    /// Whether the digest that was sought is one of a line's.
    package fileprivate(set) var hasSought = false
}

/// Reads a journal line by line, in constant memory however long it is; every line is checked against the chain.
///
/// A last line that was never finished is ignored.
///
/// - Parameters:
///   - path: The journal.
///   - digest: The digest of a line that is sought, empty for the start; nil for none.
///   - body: Gets every entry, in order; reading ends where it throws.
/// - Returns: The number of entries, where the last one ends, and whether bytes follow it.
/// - Throws: `RunFailure`: `.missingInput` where there is no journal, `.badData` with file and line where a line is
///   damaged or missing, `.inputOutput` where it cannot be read; and the errors of `body`.
@discardableResult
package func readJournal(
    _ path: String, seeking digest: String? = nil, _ body: (JournalEntry) throws(RunFailure) -> Void
) throws(RunFailure) -> JournalExtent {
    var result = JournalExtent()
    result.hasSought = result.chain.digest == digest
    let extent = try forEachLine(of: path, limit: greatestLineLength) { (line, number) throws(RunFailure) in
        guard result.chain.follow(line) else { throw damage(line, line: number, path: path) }
        if result.chain.digest == digest { result.hasSought = true }
        try body(try entry(line, line: number, path: path))
    }
    (result.length, result.isTorn) = (extent.length, extent.isTorn)
    return result
}

/// Why a line is not the next of its chain.
private func damage(_ bytes: [UInt8], line: Int, path: String) -> RunFailure {
    let old = line == 1 ? try? decodeJSON(bytes, as: FirstLine.self) : nil
    if let old, old.schema == nil, old.chain == nil {
        return RunFailure(
            .badData,
            "\(path) is a journal of schema 1, which had no digests; this version reads schema \(JournalChain.schema): make "
                + "the run again")
    }
    return RunFailure(
        .badData,
        "\(path), line \(line), is damaged: it does not match its digest; put the file back from a copy, or make the run "
            + "again")
}

/// What tells a journal of another schema from a damaged one.
private struct FirstLine: Decodable {
    var seq: Int
    var schema: Int?
    var chain: String?
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
