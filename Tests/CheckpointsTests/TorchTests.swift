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
            ("cbuiltins\neval\n.", "byte 0", "'builtins.eval'"), ("Ptext\n.", "byte 0", "0x50"),
            (".", "byte 0", "not there"), ("t.", "byte 0", "did not begin"), ("hA.", "byte 0", "never kept"),
            ("K", "byte 0", "without its last opcode"), ("NR.", "byte 1", "not there"),
            ("N)R.", "byte 2", "not a name"), ("N}b.", "byte 2", "attributes"),
            ("X\u{7F}\u{7F}\u{7F}\u{7F}.", "byte 0", "beyond"),
        ])
    func refused(pickle: String, place: String, reason: String) throws {
        let text = try #require(complaint(Array(pickle.utf8)))
        #expect(text.contains(place) && text.contains(reason), "\(text)")
    }

    /// A pickled text.
    private static func text(_ text: String) -> [UInt8] {
        [0x58, UInt8(text.utf8.count), 0, 0, 0] + text.utf8
    }

    /// A pickled tensor `[count]` over a storage of some floats.
    private static func tensor(
        _ count: UInt8, stride: UInt8, of floats: UInt8, _ metadata: [UInt8] = []
    ) -> [UInt8] {
        let storage =
            text("storage") + "ctorch\nFloatStorage\n".utf8 + text("0") + text("cpu") + [0x4B, floats]
        return "ctorch._utils\n_rebuild_tensor_v2\n((".utf8 + storage + "tQ".utf8
            + [0x4B, 0, 0x28, 0x4B, count, 0x74, 0x28, 0x4B, stride, 0x74, 0x89, 0x7D] + metadata + "tR.".utf8
    }

    @Test("a tensor whose values are the negatives of those that are stored is refused by name")
    func negative() throws {
        func tensor(_ metadata: [UInt8]) -> [UInt8] { Self.tensor(4, stride: 1, of: 4, metadata) }
        let text = Self.text
        let (empty, no, yes): ([UInt8], [UInt8], [UInt8]) = ([0x7D], [0x89, 0x73], [0x88, 0x73])
        for metadata in [[], [0x4E], empty, empty + text("neg") + no] {
            #expect(complaint(tensor(metadata)) == nil)
        }
        for key in ["neg", "conj"] {
            let refusal = try #require(complaint(tensor(empty + text(key) + yes)))
            #expect(refusal.contains("a tensor with '\(key)', whose values are not"), "\(refusal)")
        }
        #expect(try #require(complaint(tensor([0x88]))).contains("metadata"))
    }

    @Test("an expanded tensor is refused as what it is, with the way out")
    func expanded() throws {
        let text = try #require(complaint(Self.tensor(5, stride: 0, of: 1)))
        #expect(
            text.contains("a tensor of size [5] with strides [0] repeats the 1 elements of storage '0'")
                && text.hasSuffix("save it after .contiguous()"), "\(text)")
    }

    @Test("a file of torch.save whose name ends with .pth.tar is found in its folder")
    func tarName() throws {
        let folder = try TemporaryFolder()
        for (source, name) in [("net.pth", "checkpoint-3.pth.tar"), ("config.json", "config.json")] {
            try FileManager.default.copyItem(
                atPath: "\(goldens)/torch/\(source)", toPath: folder.file(name))
        }
        #expect(try logitError(folder.path, reference: goldens + "/torch/reference.safetensors") < 1e-5)
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

    @Test(
        "weights are found under any key, in the format from before PyTorch 1.6, in shards, and beside objects of any kind",
        arguments: [
            ("legacy.pth", nil), ("training.pth", "the weights at 'model'"),
            ("net.pth", "the weights at 'net'"),
            ("ema.pth", "the averaged (EMA) weights at 'model_ema', not those at 'model'"),
            ("ema-module.pth", "the averaged (EMA) weights at 'model_ema.module', not those at 'model'"),
            ("ema-model.pth", "the averaged (EMA) weights at 'ema_model', not those at 'model'"),
            ("lightning.ckpt", "the weights at 'state_dict'"), ("sharded", nil),
        ] as [(String, String?)])
    func wrapped(file: String, choice: String?) throws {
        let folder = goldens + "/torch"
        #expect(try logitError("\(folder)/\(file)", reference: folder + "/reference.safetensors") < 1e-5)
        #expect(try inspectCheckpoint(path: "\(folder)/\(file)").weights == choice)
        let notes = try loadCheckpoint(path: "\(folder)/\(file)").notes
        let hasLoss = file == "lightning.ckpt"
        #expect(notes.count == (choice == nil ? 0 : hasLoss ? 2 : 1), "\(notes)")
        #expect(
            !hasLoss
                || notes.last?.hasSuffix(
                    "passed over is “criterion.weight”, which by its name is no part of what is computed")
                    == true
        )
    }

    @Test(
        "what is not weights by name is refused as what it is",
        arguments: [
            ("students.pth", "holds several models, at 'a', 'b'"),
            ("several-averages.pth", "holds several models, at 'model', 'ema.a', 'ema.b'"),
            ("script.pt", "is a TorchScript program"),
            ("export.pt2", "is an exported program (.pt2)"),
            ("object.pth", "a Python object, 'timm.models.vision_transformer.VisionTransformer'"),
        ])
    func foreign(file: String, words: String) throws {
        let text = try #require(loadingComplaint("\(goldens)/torch/\(file)"))
        #expect(text.contains(words), "\(text)")
    }

    @Test(
        "another format is named with the way out",
        arguments: [
            ("model.onnx", [0x08, 0x08, 0x12, 0x07], "ONNX"), ("x.bin", [0x89, 0x48, 0x44, 0x46], "HDF5"),
            ("x.bin", Array("GGUF".utf8), "GGUF"), ("x.bin", Array("PAR1".utf8), "Parquet"),
            ("x.bin", [UInt8](repeating: 0, count: 257) + Array("ustar".utf8), "tar archive"),
            ("x.bin", [0x1F, 0x8B], "compressed"), ("x.pth", [0x28, 0xB5, 0x2F, 0xFD], "compressed"),
            ("data.mdb", [UInt8](repeating: 0, count: 16) + [0xDE, 0xC0, 0xEF, 0xBE, 0], "LMDB"),
            ("x.pth", [0x80, 4, 0x95], "did not write"), ("x.pth", Array("<!DOCTYPE html>".utf8), "web page"),
            ("model.safetensors", Array("version https://git-lfs.github.com".utf8), "git lfs pull"),
            ("x.safetensors", [], "is empty"), ("x.npy", [0x93] + Array("NUMPY".utf8), "NumPy array"),
            ("x.tflite", [28, 0, 0, 0] + Array("TFL3".utf8) + [0], "TensorFlow Lite"),
        ] as [(String, [UInt8], String)])
    func formats(name: String, bytes: [UInt8], words: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let text = try #require(loadingComplaint(path))
        #expect(text.hasPrefix(path) && text.contains(words), "\(text)")
    }

    @Test("a folder with one file of another format names it")
    func foreignFolder() throws {
        let folder = try TemporaryFolder()
        try Data([0x08, 0x08, 0x12, 0x07]).write(to: URL(fileURLWithPath: folder.path + "/model.onnx"))
        #expect(try #require(loadingComplaint(folder.path)).contains("is an ONNX graph"))
    }

    @Test("a folder with several files is refused")
    func others() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "a.pth")
        try folder.write("", to: "b.pth")
        let several = try #require(loadingComplaint(folder.path))
        #expect(several.contains("a.pth, b.pth"), "\(several)")
    }
}
