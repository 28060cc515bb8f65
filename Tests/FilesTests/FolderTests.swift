import TestSupport
import Files
import Testing

@Suite("Paths, folders and locks")
struct FolderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(
        "a path has a folder and a last name",
        arguments: [
            ("a/b", "a", "b"), ("a", ".", "a"), ("/a", "/", "a"), ("/", "/", ""), ("a/b/", "a", "b"),
            ("./a", ".", "a"), ("/a/b.c/d", "/a/b.c", "d"),
        ])
    func parts(path: String, folder: String, name: String) {
        #expect(parent(of: path) == folder)
        #expect(lastName(of: path) == name)
    }

    @Test(
        "a name is joined to a folder",
        arguments: [
            ("a", "b", "a/b"), ("a/", "b", "a/b"), ("", "b", "b"), ("/", "b/c", "/b/c"), (".", "b", "./b"),
        ])
    func joining(folder: String, name: String, path: String) {
        #expect(joined(folder, name) == path)
    }

    @Test("missing folders are made and removed again; those that hold something stay")
    func folders() throws {
        let made = try makeFolders(folder.file("a/b/c"))
        #expect(made == ["a", "a/b", "a/b/c"].map(folder.file))
        #expect(try makeFolders(folder.file("a/b")) == [])
        try folder.write("mine", to: "a/b/notes")
        removeFolders(made)
        #expect(isFolder(folder.file("a/b")) && !exists(folder.file("a/b/c")))
        let error = #expect(throws: FileError.self) { try makeFolders(folder.file("a/x/\0")) }
        #expect(error?.code == .cannotCreate)
        #expect(try names(in: folder.file("a")) == ["b"])
        let taken = #expect(throws: FileError.self) { try makeFolders(folder.file("a/b/notes/d")) }
        #expect(taken?.problem.contains("something that is not a folder is in its place") == true)
    }

    @Test("a folder that cannot be listed is an error, not an empty folder")
    func listing() throws {
        try folder.write("", to: "b")
        try folder.write("", to: ".a")
        #expect(try names(in: folder.path) == [".a", "b"])
        let missing = #expect(throws: FileError.self) { try names(in: folder.file("none")) }
        #expect(missing?.code == .missing)
        let file = #expect(throws: FileError.self) { try names(in: folder.file("b")) }
        #expect(file?.problem == "cannot be listed: Not a directory")
    }

    @Test("a lock is held once, and again after its holder or its file has gone")
    func lock() throws {
        let path = folder.file("lock")
        var first = try FileLock(path)
        #expect(first != nil)
        #expect(try FileLock(path) == nil)
        first = nil
        let second = try FileLock(path)
        #expect(second != nil)
        try removeFile(path)
        #expect(try FileLock(path) != nil)
        withExtendedLifetime(second) {}
        let error = #expect(throws: FileError.self) { try FileLock(folder.file("none/lock")) }
        #expect(error?.code == .cannotCreate)
    }

    @Test("an appended file is never overwritten, and continues after its last whole record")
    func appended() throws {
        let path = folder.file("file")
        let file = try AppendedFile(creating: path)
        try file.append(Array("one\n".utf8), isSynchronized: true)
        try file.append(Array("tw".utf8), isSynchronized: false)
        let error = #expect(throws: FileError.self) { try AppendedFile(creating: path) }
        #expect(error?.code == .cannotCreate)
        try AppendedFile(continuing: path, at: 4).append(Array("2\n".utf8), isSynchronized: true)
        #expect(try folder.text("file") == "one\n2\n")
    }
}
