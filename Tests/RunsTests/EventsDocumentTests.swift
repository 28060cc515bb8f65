import Foundation
import Runs
import Testing

/// docs/events.md, against the lines that are really written.
@Suite("docs/events.md")
struct EventsDocumentTests {
    private let document: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
        document = try String(contentsOf: root.appending(path: "docs/events.md"), encoding: .utf8)
    }

    /// The text between two second-level headings.
    private func section(_ heading: String) throws -> Substring {
        let start = try #require(document.range(of: "\n## \(heading)\n")).upperBound
        let rest = document[start...]
        return rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)]
    }

    /// The names of the top-level members of a line after `seq`, `time` and the tag; `name` is the tag's value.
    private func members(_ content: JournalEntry.Content) throws -> (name: String, fields: Set<String>) {
        let line = try JournalEntry(sequence: 1, seconds: 0, content: content).jsonLine
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let name = try #require((object["event"] ?? object["command"]) as? String)
        return (name, Set(object.keys).subtracting(["seq", "time", "event", "command"]))
    }

    @Test("every event is documented with exactly the fields that it has")
    func events() throws {
        var documented: [String: Set<String>] = [:]
        for part in try section("Events").split(separator: "### ") {
            let lines = part.split(separator: "\n")
            guard let name = lines.first else { continue }
            let fields = lines.compactMap { $0.firstMatch(of: /^\| `(\w+)`/).map { String($0.1) } }
            documented[String(name)] = Set(fields)
        }
        var written: [String: Set<String>] = [:]
        for event in Samples.events {
            let (name, fields) = try members(.event(event))
            written[name] = fields
        }
        #expect(documented.keys.sorted() == written.keys.sorted())
        for (name, fields) in written {
            #expect(documented[name] == fields, "\(name)")
        }
    }

    @Test("every command of a journal is documented with exactly the fields that it has")
    func commands() throws {
        var documented: [String: Set<String>] = [:]
        for line in try section("Commands").split(separator: "\n") {
            guard let row = line.firstMatch(of: /^\| `(\w+)` \|([^|]*)\|/) else { continue }
            let fields = row.2.matches(of: /`(\w+)`/).map { String($0.1) }
            documented[String(row.1)] = Set(fields)
        }
        var written: [String: Set<String>] = [:]
        for command in Samples.commands where command.isRecorded {
            let (name, fields) = try members(.command(command))
            written[name] = fields
        }
        #expect(documented == written)
    }
}
