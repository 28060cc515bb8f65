internal import Glibc

/// Reads a journal line by line, in constant memory however long it is.
///
/// A last line that was never finished is passed over.
///
/// - Parameters:
///   - path: The journal.
///   - body: Is given every whole line, in order; reading ends where it throws.
/// - Throws: `RunFailure`: `.missingInput` where there is no journal, `.badData` with file and line where a line is
///   damaged or missing, `.inputOutput` where it cannot be read; and what `body` throws.
package func readJournal(
    _ path: String, _ body: (JournalEntry) throws(RunFailure) -> Void
) throws(RunFailure) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        let kind: RunFailure.Kind = errno == ENOENT || errno == ENOTDIR ? .missingInput : .inputOutput
        throw RunFailure(kind, "\(path) cannot be opened: \(systemMessage(errno))")
    }
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var rest: [UInt8] = []
    var line = 0
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else {
            throw RunFailure(.inputOutput, "\(path) cannot be read: \(systemMessage(errno))")
        }
        if count == 0 { return }
        var start = 0
        while let end = buffer[start..<count].firstIndex(of: UInt8(ascii: "\n")) {
            line += 1
            try body(try entry(rest + buffer[start..<end], line: line, path: path))
            rest.removeAll(keepingCapacity: true)
            start = end + 1
        }
        rest += buffer[start..<count]
        guard rest.count <= greatestLineLength else {
            throw RunFailure(.badData, "\(path), line \(line + 1), is longer than a line of a journal can be")
        }
    }
}

/// No event is longer than this, in bytes.
private let greatestLineLength = 16 << 20

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
