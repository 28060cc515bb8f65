import TestSupport
import Files
import Foundation
import Testing

@Suite("Reading files")
struct ReadingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a file of up to the limit is read whole, a longer one is refused", arguments: [0, 1, 70_000])
    func limit(size: Int) throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let path = folder.file("file")
        try Data(bytes).write(to: URL(filePath: path))
        #expect(try readFile(path, limit: size) == bytes)
        #expect(try readPrefix(of: path, count: 3) == Array(bytes.prefix(3)))
        let error = #expect(throws: FileError.self) { try readFile(path, limit: size - 1) }
        #expect(error?.code == .tooLarge)
        #expect(error?.problem == "has \(size) bytes; at most \(size - 1) are accepted")
    }

    @Test("a file whose length the system does not know is read to its end")
    func unknownLength() throws {
        let status = try readFile("/proc/self/status", limit: 1 << 20)
        #expect(String(decoding: status, as: UTF8.self).hasPrefix("Name:"))
        let error = #expect(throws: FileError.self) { try readFile("/proc/self/status", limit: 10) }
        #expect(error?.code == .tooLarge)
    }

    @Test(
        "a path that is not a file is refused at once", .timeLimit(.minutes(1)),
        arguments: [
            ("none", FileError.Code.missing), ("file/below", .missing), ("a\0b", .missing), ("", .notAFile),
            ("pipe", .notAFile), ("loop", .circularLink), (String(repeating: "n", count: 256), .unreadable),
        ])
    func refusal(name: String, code: FileError.Code) throws {
        try folder.write("text", to: "file")
        let isMade = unsafe mkfifo(folder.file("pipe"), 0o600) == 0
        #expect(isMade)
        try FileManager.default.createSymbolicLink(atPath: folder.file("loop"), withDestinationPath: "loop")
        let path = folder.file(name)
        let error = try #require(throws: FileError.self) { try readFile(path, limit: 100) }
        #expect(error.code == code, "\(error)")
        #expect(throws: error) { try FileMapping(path: path) }
        #expect(throws: error) { try readPrefix(of: path, count: 1) }
    }

    @Test("a mapped file lends its bytes, and is refused once it has changed")
    func mapping() throws {
        let path = try folder.write("0123456789", to: "file")
        let mapping = try FileMapping(path: path)
        let part = try mapping.withBytes(in: 3..<5) { bytes throws(FileError) in [bytes[0], bytes[1]] }
        #expect(part == Array("34".utf8))
        #expect(try mapping.withBytes { bytes throws(FileError) in bytes.count } == 10)
        let empty = try FileMapping(path: folder.write("", to: "empty"))
        #expect(try empty.withBytes { bytes throws(FileError) in bytes.count } == 0)
        let isCut = unsafe truncate(path, 4) == 0
        #expect(isCut)
        let error = #expect(throws: FileError.self) {
            try mapping.withBytes { bytes throws(FileError) in bytes.count }
        }
        #expect(error?.code == .unreadable)
    }

    @Test(
        "lines are read whole, wherever chunks end",
        arguments: [["a", "", "bcd"], [String(repeating: "x", count: 300_000), "y"], []], ["", "torn"])
    func lines(lines: [String], rest: String) throws {
        let whole = lines.map { $0 + "\n" }.joined()
        let path = try folder.write(whole + rest, to: "file")
        var found: [String] = []
        let extent = try forEachLine(of: path, limit: 300_000) { line, number throws(FileError) in
            found.append(String(decoding: line, as: UTF8.self))
            #expect(number == found.count)
        }
        #expect(found == lines)
        #expect(extent == LineExtent(lines: lines.count, length: whole.utf8.count, isTorn: !rest.isEmpty))
    }

    @Test("a line beyond the limit is refused with its number", arguments: ["", "\n"])
    func longLine(end: String) throws {
        let path = try folder.write("a\n" + String(repeating: "x", count: 300_000) + end, to: "file")
        let error = #expect(throws: FileError.self) {
            try forEachLine(of: path, limit: 299_999) { _, _ throws(FileError) in }
        }
        #expect(error?.code == .tooLarge && error?.problem == "has more than 299999 bytes in line 2")
    }
}
