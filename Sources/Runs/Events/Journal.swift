internal import Glibc

/// The append-only file of everything that happened in a run and of every decision, as JSON Lines.
///
/// Used by one thread.
package final class Journal {
    /// The file.
    package let path: String
    private let descriptor: Int32
    private var sequence: Int
    /// The length of the file up to the end of its last whole line, in bytes.
    private var length: Int

    /// Makes the file; it must not be there.
    ///
    /// - Throws: `RunFailure(.cannotCreate)`.
    package convenience init(creating path: String) throws(RunFailure) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw RunFailure(.cannotCreate, "the journal \(path) cannot be made: \(systemMessage(errno))")
        }
        self.init(path: path, descriptor: descriptor, sequence: 0, length: 0)
    }

    /// Goes on with a journal; a torn last line is cut off.
    ///
    /// - Throws: What `JournalContents(path:)` throws, and `RunFailure(.inputOutput)`.
    package convenience init(continuing path: String) throws(RunFailure) {
        let contents = try JournalContents(path: path)
        let descriptor = unsafe open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0, ftruncate(descriptor, contents.length) == 0 else {
            let reason = systemMessage(errno)
            if descriptor >= 0 { close(descriptor) }
            throw RunFailure(.inputOutput, "the journal \(path) cannot be written: \(reason)")
        }
        self.init(
            path: path, descriptor: descriptor, sequence: contents.entries.count, length: contents.length)
    }

    /// Makes a journal over an open file, which the journal closes.
    ///
    /// - Parameters:
    ///   - path: The file's name, for errors.
    ///   - descriptor: The file, open for appending.
    ///   - sequence: The number of lines that it has.
    ///   - length: Its length in bytes.
    package init(path: String, descriptor: Int32, sequence: Int, length: Int) {
        self.path = path
        self.descriptor = descriptor
        self.sequence = sequence
        self.length = length
    }

    deinit {
        close(descriptor)
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
        do throws(RunFailure) {
            try writeAll(line, to: descriptor, path: path)
            if lasts { try synchronize(descriptor, path: path) }
        } catch {
            // If this fails too, the reader still finds a torn last line and passes over it.
            _ = ftruncate(descriptor, length)
            throw error
        }
        sequence += 1
        length += line.count
    }
}

@available(*, unavailable)
extension Journal: Sendable {}

/// What a journal tells.
package struct JournalContents: Equatable, Sendable {
    /// The greatest length that a journal is read with, in bytes.
    static let greatestLength = 1 << 30

    /// Every whole line.
    package var entries: [JournalEntry]
    /// Whether the file ends with a line that was never finished.
    package var isTorn: Bool
    /// The number of bytes up to the end of the last whole line.
    package var length: Int

    /// Every event, in order.
    package var events: [RunEvent] {
        entries.compactMap { if case .event(let event) = $0.content { event } else { nil } }
    }

    /// Reads a journal, passing over a last line that was never finished.
    ///
    /// - Throws: `RunFailure`: `.missingInput` where there is no journal, `.badData` with file and line where a
    ///   line is damaged or missing, `.inputOutput` where it cannot be read.
    package init(path: String) throws(RunFailure) {
        try self.init(try readFile(path, limit: Self.greatestLength), path: path)
    }

    init(_ bytes: [UInt8], path: String) throws(RunFailure) {
        entries = []
        length = 0
        while let end = bytes[length...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = entries.count + 1
            do throws(JSONError) {
                let entry = try JournalEntry(jsonLine: Array(bytes[length..<end]))
                guard entry.sequence == line else {
                    throw JSONError("“seq” is \(entry.sequence), where \(line) was expected")
                }
                entries.append(entry)
            } catch {
                throw RunFailure(.badData, "\(path), line \(line), is damaged: \(error)")
            }
            length = end + 1
        }
        isTorn = length < bytes.count
    }
}
