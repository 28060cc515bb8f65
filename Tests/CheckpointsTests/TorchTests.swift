import Foundation
import Testing
import TestSupport

@testable import Checkpoints

@Suite("Files of torch.save")
struct TorchTests {
    /// The error of reading a pickle; nil if it is read.
    private func complaint(_ bytes: [UInt8]) -> String? {
        var machine = PickleMachine(file: "x")
        do {
            _ = try machine.read(bytes.span)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("pickled data of every form is read")
    func data() {
        #expect(complaint([0x80, 2, 0x7D, 0x28, 0x58, 1, 0, 0, 0, 0x61, 0x4B, 1, 0x75, 0x2E]) == nil)
    }

    @Test(
        "an object, an opcode or a stack that is not data is refused with its place",
        arguments: [
            ("cos\nsystem\n(S'ls'\ntR.", "byte 0", "'os.system'"),
            ("cbuiltins\neval\n.", "byte 0", "'builtins.eval'"), ("S'text'\n.", "byte 0", "0x53"),
            (".", "byte 0", "not there"), ("t.", "byte 0", "did not begin"), ("hA.", "byte 0", "never kept"),
            ("K", "byte 0", "without its last opcode"), ("NR.", "byte 1", "not there"),
            ("N)R.", "byte 2", "not a name"), ("N}b.", "byte 2", "attributes"),
            ("X\u{7F}\u{7F}\u{7F}\u{7F}.", "byte 0", "beyond"),
        ])
    func refused(pickle: String, place: String, reason: String) throws {
        let text = try #require(complaint(Array(pickle.utf8)))
        #expect(text.contains(place) && text.contains(reason), "\(text)")
    }

    @Test("tuples nested a hundred thousand times are read")
    func nested() {
        #expect(complaint([0x4E] + [UInt8](repeating: 0x85, count: 100_000) + [0x2E]) == nil)
    }

    @Test("a file cut anywhere is refused", arguments: Array(stride(from: 0, to: 30_000, by: 997)))
    func truncated(length: Int) throws {
        let folder = try TemporaryFolder()
        let data = try Data(contentsOf: URL(fileURLWithPath: goldens + "/wrapped.pth"))
        try data.prefix(min(length, data.count - 1)).write(to: URL(fileURLWithPath: folder.path + "/x.pth"))
        #expect(throws: CheckpointError.self) { _ = try TensorSource(path: folder.path + "/x.pth") }
    }

    @Test("damage of single bytes is refused or harmless", arguments: 0..<8)
    func damaged(seed: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.pth"
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: goldens + "/wrapped.pth")))
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0..<3 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            do throws(CheckpointError) {
                let source = try TensorSource(path: path)
                for name in source.names { _ = try source.floats(name) }
            } catch {
                #expect(error.description.hasPrefix(path), "\(error)")
            }
        }
    }

    @Test("the format from before PyTorch 1.6 and a folder with several files are refused")
    func others() throws {
        let folder = try TemporaryFolder()
        try Data([0x80, 2, 0x8A]).write(to: URL(fileURLWithPath: folder.path + "/a.pth"))
        let old = try #require(loadingComplaint(folder.path))
        #expect(old.contains("1.6"), "\(old)")
        try folder.write("", to: "b.pth")
        let several = try #require(loadingComplaint(folder.path))
        #expect(several.contains("a.pth, b.pth"), "\(several)")
    }
}
