import Checkpoints
import Foundation
import Safetensors
import Testing
import VisionTransformers

/// A copy of a golden checkpoint in a temporary folder, removed with the value.
private final class Copy {
    let path: String

    init() throws {
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/no-qkv-bias").path
        path = FileManager.default.temporaryDirectory.appendingPathComponent("mgrq-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in ["model.safetensors", "config.json"] {
            try FileManager.default.copyItem(atPath: "\(golden)/\(name)", toPath: "\(path)/\(name)")
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Replaces a text in config.json.
    func edit(_ old: String, _ new: String) throws {
        let url = URL(fileURLWithPath: path + "/config.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        #expect(text.contains(old), "config.json has no \(old)")
        try text.replacingOccurrences(of: old, with: new).write(to: url, atomically: true, encoding: .utf8)
    }

    /// The message of loading.
    func complaint() -> String? {
        do {
            _ = try loadCheckpoint(path: path)
            return nil
        } catch {
            return error.description
        }
    }
}

@Suite("Loading checkpoints")
struct LoadingTests {
    @Test("the configuration follows from shapes and config.json")
    func configuration() throws {
        let copy = try Copy()
        let checkpoint = try loadCheckpoint(path: copy.path)
        guard case .vit(let shape) = checkpoint.model.configuration else {
            Issue.record("\(checkpoint.model.configuration) is not a ViT")
            return
        }
        #expect(shape.imageHeight == 24)
        #expect(shape.patchHeight == 8)
        #expect(shape.channels == 3)
        #expect(shape.width == 32)
        #expect(shape.depth == 2)
        #expect(shape.heads == 4)
        #expect(!shape.hasQkvBias)
        #expect(shape.hasClassToken)
        #expect(checkpoint.mean.count == 3)
    }

    @Test(
        "a wrong value in config.json is refused and named",
        arguments: [
            (#""num_heads": 4"#, #""num_heads": 5"#, "5 heads"),
            (#""num_heads": 4"#, #""num_heads": "four""#, "num_heads"),
            (#""global_pool": "token""#, #""global_pool": "max""#, "global_pool"),
            (#""img_size": 24"#, #""img_size": 30"#, "30"), ("{", "[", "JSON"),
        ])
    func badConfiguration(old: String, new: String, expected: String) throws {
        let copy = try Copy()
        try copy.edit(old, new)
        let complaint = try #require(copy.complaint())
        #expect(complaint.contains(expected), "\(complaint)")
    }

    @Test(
        "a missing file and a missing folder are reported as missing",
        arguments: ["", "/nothing", "/model.safetensor"])
    func missing(suffix: String) throws {
        let copy = try Copy()
        if suffix.isEmpty {
            try FileManager.default.removeItem(atPath: copy.path + "/model.safetensors")
        }
        #expect {
            _ = try loadCheckpoint(path: copy.path + suffix)
        } throws: { error in
            if case .some(.missing) = error as? CheckpointError { true } else { false }
        }
    }

    @Test(
        "a path that cannot be opened is refused with the system's reason",
        arguments: [
            ("links", "Too many levels of symbolic links"), ("long name", "File name too long"),
            ("no folder", "does not exist"), ("dangling configuration", "config.json: there is no such file"),
            ("circular weights", "Too many levels of symbolic links"),
            ("folder of weights", "not a regular file"),
        ])
    func unreadable(kind: String, words: String) throws {
        let copy = try Copy()
        let files = FileManager.default
        var path = copy.path
        switch kind {
        case "links":
            try files.createSymbolicLink(atPath: copy.path + "/a", withDestinationPath: "a")
            path += "/a"
        case "long name": path += "/" + String(repeating: "n", count: 256)
        case "no folder": path += "/model.safetensors/model.safetensors"
        case "dangling configuration":
            try files.removeItem(atPath: path + "/config.json")
            try files.createSymbolicLink(atPath: path + "/config.json", withDestinationPath: "blobs/1")
        default:
            try files.removeItem(atPath: path + "/model.safetensors")
            if kind == "circular weights" {
                try files.createSymbolicLink(
                    atPath: path + "/model.safetensors", withDestinationPath: "model.safetensors")
            } else {
                try files.createDirectory(
                    atPath: path + "/model.safetensors", withIntermediateDirectories: false)
            }
        }
        let error = try #require(throws: CheckpointError.self) { _ = try loadCheckpoint(path: path) }
        #expect(error.description.hasPrefix(copy.path) && error.description.contains(words), "\(error)")
    }

    @Test("a file cut anywhere is refused", arguments: Array(stride(from: 0, to: 130_000, by: 8_111)))
    func truncated(length: Int) throws {
        let copy = try Copy()
        let url = URL(fileURLWithPath: copy.path + "/model.safetensors")
        let data = try Data(contentsOf: url)
        try data.prefix(min(length, data.count - 1)).write(to: url)
        #expect(copy.complaint() != nil)
    }

    @Test("a weight that is not finite is found by loading, not by inspection")
    func notFinite() throws {
        let copy = try Copy()
        let list = try tensors(of: copy.path + "/model.safetensors").map { tensor in
            guard tensor.name == "blocks.1.norm1.bias" else { return tensor }
            return SafetensorsTensor(
                name: tensor.name, shape: tensor.shape,
                floats: (0..<tensor.shape[0]).map { $0 == 3 ? .infinity : 0 })
        }
        try writeSafetensors(list, to: copy.path + "/model.safetensors")
        #expect(try inspectCheckpoint(path: copy.path).problems.isEmpty)
        #expect(
            copy.complaint()
                == "\(copy.path)/model.safetensors, tensor “blocks.1.norm1.bias”: element 3 is inf; every weight must be "
                + "finite")
    }

    @Test("a checkpoint of 4 GB is inspected without being read", .timeLimit(.minutes(1)))
    func large() throws {
        let copy = try Copy()
        let path = copy.path + "/model.safetensors"
        var (header, offset) = ("{", 0)
        let all = try tensors(of: path)
        // Enough blocks for 4 GB, with the most features between fc1 and fc2 that are accepted.
        let names =
            all.filter { !$0.name.hasPrefix("blocks.") }.map { ($0.name, $0.shape) }
            + (0..<32).flatMap { block in
                all.filter { $0.name.hasPrefix("blocks.0.") }.map { tensor in
                    (
                        "blocks.\(block)." + tensor.name.dropFirst(9),
                        tensor.shape.map { $0 == 128 ? 1 << 20 : $0 }
                    )
                }
            }
        for (name, shape) in names {
            let size = 2 * shape.reduce(1, *)
            header += offset == 0 ? "" : ","
            header +=
                "\"\(name)\":{\"dtype\":\"F16\",\"shape\":\(shape),\"data_offsets\":[\(offset),\(offset + size)]}"
            offset += size
        }
        header += "}"
        try Data(
            (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8)
        )
        .write(to: URL(fileURLWithPath: path))
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.truncate(atOffset: UInt64(8 + header.utf8.count + offset))
        try file.close()
        #expect(offset > 4_000_000_000)
        let configuration = URL(fileURLWithPath: copy.path + "/config.json")
        let text = try String(contentsOf: configuration, encoding: .utf8)
        try text.replacing(/"depth": \d+/, with: "\"depth\": 32").write(
            to: configuration, atomically: true, encoding: .utf8)
        let inspection = try inspectCheckpoint(path: copy.path)
        #expect(inspection.parameters == offset / 2)
        #expect(inspection.problems.isEmpty)
        #expect(inspection.architecture?.contains("32 blocks") == true)
    }

    @Test("inspection lists every problem instead of stopping at the first")
    func inspection() throws {
        let copy = try Copy()
        let whole = try inspectCheckpoint(path: copy.path)
        #expect(whole.problems.isEmpty)
        #expect(whole.architecture?.contains("2 blocks of width 32") == true)
        let file = try SafetensorsFile(path: copy.path + "/model.safetensors")
        var tensors: [SafetensorsTensor] = []
        for name in file.names where name != "norm.bias" {
            let shape = file.entry(name)?.shape ?? []
            tensors.append(SafetensorsTensor(name: name, shape: shape, floats: try file.floats(name)))
        }
        tensors.append(SafetensorsTensor(name: "extra", shape: [1], floats: [1]))
        try writeSafetensors(tensors, to: copy.path + "/model.safetensors")
        let damaged = try inspectCheckpoint(path: copy.path)
        #expect(damaged.problems.count == 2)
        #expect(damaged.problems.contains { $0.contains("norm.bias") && $0.contains("missing") })
        #expect(damaged.problems.contains { $0.contains("extra") && $0.contains("not supported") })
    }
}
