import Foundation
import Safetensors
import Testing

/// Writes valid and damaged ZIP archives.
private struct Archive {
    var members: [(name: String, content: [UInt8])]
    /// Whether sizes and offsets, also the directory's, are in the 64-bit records.
    var isLong = false
    /// The bytes after the end record.
    var comment: [UInt8] = []
    /// Changes the bytes of the directory's record with this number.
    var damage: (inout [UInt8], Int) -> Void = { _, _ in }

    private func little(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    var bytes: [UInt8] {
        var (file, directory): ([UInt8], [UInt8]) = ([], [])
        for (number, member) in members.enumerated() {
            let (name, size) = (Array(member.name.utf8), member.content.count)
            let extra =
                isLong
                ? little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(file.count, 8)
                : []
            let sizes = isLong ? Array(repeating: UInt8(0xFF), count: 8) : little(size, 4) + little(size, 4)
            var record: [UInt8] = [0x50, 0x4B, 1, 2] + little(0, 12) + sizes + little(name.count, 2)
            record.insert(contentsOf: little(0x1234_5678, 4), at: 16)
            record +=
                little(extra.count, 2) + little(0, 10)
                + (isLong ? little(0xFFFF_FFFF, 4) : little(file.count, 4))
            record += name + extra
            damage(&record, number)
            directory += record
            file +=
                [0x50, 0x4B, 3, 4] + little(0, 22) + little(name.count, 2) + little(0, 2) + name
                + member.content
        }
        let start = file.count
        file += directory
        let count = members.count
        if isLong {
            let record = file.count
            file += [0x50, 0x4B, 6, 6] + little(44, 8) + little(0, 12) + little(count, 8) + little(count, 8)
            file += little(directory.count, 8) + little(start, 8)
            file += [0x50, 0x4B, 6, 7] + little(0, 4) + little(record, 8) + little(1, 4)
        }
        file += [0x50, 0x4B, 5, 6] + little(0, 4) + little(isLong ? 0xFFFF : count, 2)
        file += little(isLong ? 0xFFFF : count, 2) + little(directory.count, 4)
        return file + little(isLong ? 0xFFFF_FFFF : start, 4) + little(comment.count, 2) + comment
    }

    func read() throws(ZIPDirectory.Problem) -> [ZIPDirectory.Member] {
        let bytes = bytes
        return try ZIPDirectory(parsing: bytes.span).members
    }

    /// The message about the archive.
    func complaint() -> String {
        do throws(ZIPDirectory.Problem) {
            _ = try read()
            return ""
        } catch {
            return "\(error)"
        }
    }
}

@Suite("Directories of ZIP archives")
struct ZIPDirectoryTests {
    private let members = [(name: "a/data.pkl", content: [UInt8](1...9)), (name: "ü", content: [])]

    @Test(
        "members are found with 32-bit and with 64-bit sizes, and before a comment", arguments: [false, true])
    func found(isLong: Bool) throws {
        var archive = Archive(members: members, isLong: isLong)
        // A comment may look like the end of another archive.
        archive.comment = [0x50, 0x4B, 5, 6] + Array(repeating: 7, count: 40)
        let found = try archive.read()
        #expect(found.map(\.name) == ["a/data.pkl", "ü"])
        #expect(found.map(\.length) == [9, 0] && found.map(\.method) == [0, 0])
        #expect(found[0].checksum == 0x1234_5678)
        #expect(Array(archive.bytes[found[0].bytes]) == members[0].content)
        let file = archive.bytes
        for length in 0..<file.count {
            let part = Array(file.prefix(length))
            #expect(throws: ZIPDirectory.Problem.self, "\(length)") { try ZIPDirectory(parsing: part.span) }
        }
    }

    @Test(
        "a directory with wrong entries is refused",
        arguments: [
            (0, [0x51], "a record of a member was expected"), (8, [1, 0], "'ü' is encrypted"),
            (24, [1], "two lengths of 'ü', which is stored as it is"),
            (20, [0, 0, 0, 1], "reaches beyond the end of the file"),
            (42, [0xFE, 0xFF, 0xFF, 0xFF], "'ü' is not where the archive's directory says"),
            (42, [1], "'ü' is not where the archive's directory says"),
            (42, [0xFF, 0xFF, 0xFF, 0xFF], "'ü' has no 64-bit sizes"),
            (28, [0xFF, 0xFF], "ends in the middle of a record"),
        ])
    func lies(place: Int, bytes: [UInt8], words: String) {
        var archive = Archive(members: members)
        archive.damage = { record, number in
            if number == 1 { record.replaceSubrange(place..<place + bytes.count, with: bytes) }
        }
        #expect(archive.complaint().contains(words), "\(archive.complaint())")
        #expect(archive.complaint().hasPrefix("byte "))
    }

    @Test("64-bit sizes that lie beyond the file, or beyond 63 bits, are refused", arguments: [0x7F, 0xFF])
    func longSizes(last: UInt8) {
        var archive = Archive(members: members, isLong: true)
        archive.damage = { record, number in
            if number == 0 { record.replaceSubrange(record.count - 17..<record.count - 16, with: [last]) }
        }
        #expect(
            archive.complaint().contains(last == 0x7F ? "two lengths" : "not a length that a file can have"))
        archive.damage = { record, _ in
            let extra = record.count - 28
            record.replaceSubrange(extra + 2..<extra + 3, with: [16])
        }
        #expect(archive.complaint().contains("'a/data.pkl' has no 64-bit sizes"))
    }

    @Test("two members of one name are refused, and so is a directory without an end")
    func names() {
        #expect(Archive(members: members + [members[0]]).complaint().contains("two members 'a/data.pkl'"))
        #expect(Archive(members: [], comment: [1]).complaint() == "")
        let long = Array(Archive(members: members, isLong: true).bytes)
        // The 64-bit locator's mark.
        var wrong = long
        wrong[long.count - 42] = 0
        #expect(throws: ZIPDirectory.Problem.self) { try ZIPDirectory(parsing: wrong.span) }
        wrong = long
        // The number of members.
        wrong.replaceSubrange(long.count - 66..<long.count - 62, with: [0xFF, 0xFF, 0xFF, 0])
        #expect(throws: ZIPDirectory.Problem.self) { try ZIPDirectory(parsing: wrong.span) }
    }
}
