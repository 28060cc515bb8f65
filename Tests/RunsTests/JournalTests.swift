import Files
import Foundation
import Runs
import Testing
import TestSupport

@Suite("Journal")
struct JournalTests {
    @Test("every event reads back as it was written", arguments: Samples.events.indices)
    func events(index: Int) throws {
        let entry = JournalEntry(sequence: 7, seconds: 1.25, content: .event(Samples.events[index]))
        #expect(try JournalEntry(jsonLine: Array(entry.jsonLine.utf8)) == entry)
        #expect(try !entry.jsonLine.contains("\n"))
    }

    @Test("every command reads back as it was written", arguments: Samples.commands.indices)
    func commands(index: Int) throws {
        let entry = JournalEntry(sequence: 1, seconds: 0, content: .command(Samples.commands[index]))
        #expect(try JournalEntry(jsonLine: Array(entry.jsonLine.utf8)) == entry)
    }

    @Test("a line has a number, a time, a name and flat fields")
    func form() throws {
        let event = JournalEntry(
            sequence: 3, seconds: 0.5, content: .event(.evaluated(.prefix(unit: 2), Samples.evaluation)))
        #expect(
            try event.jsonLine
                == #"{"seq":3,"time":0.5,"event":"evaluated","subject":"prefix","unit":2,"images":1000,"top1":88.8,"#
                + #""top5":null,"agreement":0.30000000000000004,"kl":5e-324,"sqnr_db":-12.5}"#)
        let command = JournalEntry(sequence: 4, seconds: 1, content: .command(.export(.packed, path: "a b")))
        #expect(
            try command.jsonLine == #"{"seq":4,"time":1.0,"command":"export","format":"packed","path":"a b"}"#
        )
    }

    @Test("unknown fields are ignored")
    func laterFields() throws {
        let line = #"{"seq":1,"time":0,"event":"waiting","unit":3,"reason":{"new":[1]}}"#
        #expect(try JournalEntry(jsonLine: Array(line.utf8)).content == .event(.waiting(unit: 3)))
    }

    private func write(_ folder: TemporaryFolder) throws -> String {
        let path = folder.file("journal.jsonl")
        let journal = try Journal(creating: path)
        try journal.append(.waiting(unit: 0), at: 1)
        try journal.append(.step, at: 2)
        try journal.append(.stepped(Samples.step), at: 3)
        return path
    }

    @Test("appended events are read in order")
    func append() throws {
        let folder = try TemporaryFolder()
        let contents = try JournalLines(path: write(folder))
        #expect(contents.entries.map(\.sequence) == [1, 2, 3])
        #expect(contents.entries.map(\.seconds) == [1, 2, 3])
        #expect(contents.events == [.waiting(unit: 0), .stepped(Samples.step)])
        #expect(!contents.extent.isTorn)
    }

    @Test("a journal is never overwritten")
    func existing() throws {
        let folder = try TemporaryFolder()
        let path = try write(folder)
        let error = #expect(throws: RunFailure.self) { try Journal(creating: path) }
        #expect(error?.kind == .cannotCreate)
        #expect(try JournalLines(path: path).entries.count == 3)
    }

    @Test(
        "a torn last line of any length is ignored, and cut off before the journal continues",
        arguments: [1, 9, 30])
    func torn(missing: Int) throws {
        let folder = try TemporaryFolder()
        let path = try write(folder)
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.dropLast(missing).write(to: URL(filePath: path))
        let contents = try JournalLines(path: path)
        #expect(contents.entries.count == 2)
        #expect(contents.extent.isTorn)
        try Journal(continuing: path).append(.pause, at: 4)
        let after = try JournalLines(path: path)
        #expect(after.entries.map(\.sequence) == [1, 2, 3])
        #expect(after.entries.last?.content == .command(.pause))
        #expect(!after.extent.isTorn)
    }

    @Test(
        "damage before the last line is refused with file and line",
        arguments: [
            (0, "{\"seq\":1,", "line 1"), (1, "", "line 2"),
            (1, #"{"seq":9,"time":0,"event":"pause_queued"}"#, "line 2"),
            (1, #"{"seq":2,"time":0,"event":"danced"}"#, "line 2"), (2, "\u{0}\u{0}", "line 3"),
            (1, #"{"seq":2,"time":0}"#, "line 2"),
        ])
    func damage(line: Int, replacement: String, place: String) throws {
        let folder = try TemporaryFolder()
        let path = try write(folder)
        var lines = try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n")
        lines[line] = replacement
        try lines.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
        let error = #expect(throws: RunFailure.self) { try JournalLines(path: path) }
        #expect(error?.kind == .badData)
        #expect(error?.message.contains("journal.jsonl, \(place),") == true)
    }

    @Test("a flipped bit is found wherever it is, except that one in the last line end makes a torn line")
    func flips() throws {
        let folder = try TemporaryFolder()
        let path = try write(folder)
        let bytes = try Data(contentsOf: URL(filePath: path))
        let entries = try JournalLines(path: path).entries
        var generator = TestGenerator(seed: 1)
        for _ in 0..<300 {
            let place = Int(generator.next() % UInt64(bytes.count))
            var damaged = bytes
            damaged[place] ^= 1 << UInt8(generator.next() % 8)
            try damaged.write(to: URL(filePath: path))
            if place == bytes.count - 1 {
                #expect(try JournalLines(path: path).entries == entries.dropLast())
            } else {
                #expect(throws: RunFailure.self, "byte \(place)") { try JournalLines(path: path) }
            }
        }
    }

    @Test("the chain is what docs/events.md says")
    func chain() throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOfFile: write(folder), encoding: .utf8)
        var before = ""
        for line in text.split(separator: "\n") {
            let match = try #require(line.wholeMatch(of: /(.*),"chain":"([0-9a-f]{64})"}/))
            let (members, digest) = (match.1, match.2)
            #expect(sha256(Array((before + members).utf8)) == digest)
            before = String(digest)
        }
        #expect(text.hasPrefix(#"{"schema":2,"seq":1,"#))
    }

    @Test(
        "a line that was removed, doubled, moved or taken from another journal is found",
        arguments: [[0, 2], [0, 0, 1, 2], [0, 2, 1], [1, 2], [0, 3, 2]])
    func order(of lines: [Int]) throws {
        let folder = try TemporaryFolder()
        let path = try write(folder)
        var all = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        // The same second line after another first one.
        let other = try Journal(creating: folder.file("other.jsonl"))
        try other.append(.waiting(unit: 1), at: 1)
        try other.append(.step, at: 2)
        all.append(
            try String(contentsOfFile: folder.file("other.jsonl"), encoding: .utf8).split(separator: "\n")[1])
        try folder.write(lines.map { all[$0] + "\n" }.joined(), to: "journal.jsonl")
        #expect(throws: RunFailure.self) { try JournalLines(path: path) }
    }

    @Test("a journal without digests is called one of schema 1")
    func oldSchema() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            #"{"seq":1,"time":0,"event":"waiting","unit":0}"# + "\n", to: "journal.jsonl")
        let error = #expect(throws: RunFailure.self) { try JournalLines(path: path) }
        #expect(error?.kind == .badData)
        #expect(error?.message.contains("is a journal of schema 1") == true)
    }

    @Test("a full disk is an error that names the file")
    func fullDisk() throws {
        let descriptor = unsafe open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        let file = AppendedFile(path: "run/journal.jsonl", descriptor: descriptor)
        let journal = Journal(file: file)
        let error = #expect(throws: RunFailure.self) { try journal.append(.pauseQueued, at: 0) }
        #expect(error?.kind == .inputOutput)
        #expect(error?.message.contains("run/journal.jsonl cannot be written: No space left") == true)
    }

    @Test("a journal that does not exist is a missing input")
    func missing() {
        let error = #expect(throws: RunFailure.self) { try JournalLines(path: "/nowhere/journal.jsonl") }
        #expect(error?.kind == .missingInput)
    }
}
