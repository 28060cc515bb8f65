import TestSupport
import Files
import Foundation
import Synchronization
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a file is replaced whole, and no temporary file is left")
    func replacement() throws {
        let path = try folder.write("old", to: "file")
        let file = try AtomicFile(path)
        try file.write(Array("ne".utf8))
        try file.write(Array("w".utf8))
        #expect(try folder.text("file") == "old")
        #expect(try String(contentsOfFile: file.temporaryPath, encoding: .utf8) == "new")
        try file.commit()
        #expect(file.count == 3)
        #expect(try folder.text("file") == "new")
        #expect(try folder.contents() == ["file"])
    }

    @Test("without a commit the target stays, and the temporary file goes")
    func abandoned() throws {
        let path = try folder.write("old", to: "file")
        do {
            let file = try AtomicFile(path)
            try file.write([1])
            let names = try folder.contents()
            #expect(names.count == 2 && AtomicFile.isTemporary(names[0]))
        }
        #expect(try folder.contents() == ["file"])
        #expect(try folder.text("file") == "old")
    }

    @Test("files that are written into one folder at once do not take each other for leftovers")
    func atOnce() {
        let place = folder.path
        let failures = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 8) { writer in
            for round in 0..<100 {
                do {
                    try writeFile([1, 2, 3], to: "\(place)/\(writer)-\(round)")
                } catch {
                    failures.withLock { $0.append("\(error)") }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
    }

    @Test("what a killed process left goes with the next file in the folder; the files of the living stay")
    func leftovers() throws {
        try folder.write("half", to: ".mgrq-unfinished-12-1")
        for name in [
            ".mgrq-unfinished-", ".mgrq-unfinished-1-x", ".mgrq-unfinished-1-2-3", ".unfinished-1-2",
        ] {
            try folder.write("mine", to: name)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder.file(".mgrq-unfinished-12-2"), withDestinationPath: "file")
        let first = try AtomicFile(folder.file("file"))
        try first.write([1])
        let second = try AtomicFile(folder.file("file"))
        try second.write([2])
        try second.commit()
        try first.commit()
        #expect(try Array(Data(contentsOf: URL(filePath: folder.file("file")))) == [1])
        #expect(
            try folder.contents() == [
                ".mgrq-unfinished-", ".mgrq-unfinished-1-2-3", ".mgrq-unfinished-1-x",
                ".mgrq-unfinished-12-2", ".unfinished-1-2", "file",
            ])
    }

    @Test("a link stays, and the file that it leads to is replaced")
    func link() throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("real"), withIntermediateDirectories: false)
        try folder.write("old", to: "real/file")
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: "real/file")
        try writeFile(Array("new".utf8), to: folder.file("link"))
        #expect(try folder.text("real/file") == "new")
        #expect(try FileStatus(folder.file("link"), followsLinks: false).kind == .link)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("real")) == ["file"])
    }

    @Test(
        "a read-only file stays, for root too, and the file behind a link as well",
        arguments: ["file", "link"])
    func readOnly(name: String) throws {
        try folder.write("old", to: "file")
        let files = FileManager.default
        try files.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "file")
        try files.setAttributes([.posixPermissions: 0o444], ofItemAtPath: folder.file("file"))
        let error = try #require(throws: FileError.self) { try writeFile([1], to: folder.file(name)) }
        #expect(error.code == .cannotCreate && error.path == folder.file(name))
        #expect(error.problem.hasPrefix("is read-only"), "\(error)")
        #expect(try folder.contents() == ["file", "link"])
        #expect(try folder.text("file") == "old")
        try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder.file("file"))
        try writeFile(Array("new".utf8), to: folder.file(name))
        #expect(try folder.text("file") == "new")
    }

    @Test(
        "a target that is not a regular file is refused in one sentence and stays",
        arguments: [
            ("folder", "is a folder; give the name of a file in it"),
            ("none/file", "No such file or directory"),
            ("file/", "names no file that can be written"), ("file/below", "Not a directory"),
            ("file\0", "names no file that can be written"), ("", "names no file that can be written"),
            ("dangling", "is a link that leads nowhere"), ("pipe", "is a device, a pipe or a socket"),
            ("null", "is a device, a pipe or a socket"), ("loop", "is a link that leads nowhere"),
        ])
    func refusal(name: String, words: String) throws {
        let files = FileManager.default
        try folder.write("old", to: "file")
        try files.createDirectory(atPath: folder.file("folder"), withIntermediateDirectories: false)
        for (link, target) in [("dangling", "nowhere"), ("null", "/dev/null"), ("loop", "loop")] {
            try files.createSymbolicLink(atPath: folder.file(link), withDestinationPath: target)
        }
        let isMade = unsafe mkfifo(folder.file("pipe"), 0o600) == 0
        #expect(isMade)
        let before = try folder.contents()
        let error = try #require(throws: FileError.self) {
            try writeFile([1], to: name.isEmpty ? "" : folder.file(name))
        }
        #expect(error.code == .cannotCreate && error.description.contains(words), "\(error)")
        #expect(try folder.contents() == before)
        #expect(try folder.text("file") == "old")
        let device = try FileStatus("/dev/null")
        #expect(device.kind == .other)
    }
}
