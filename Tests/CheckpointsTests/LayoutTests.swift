import Foundation
import Kernels
import Safetensors
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers
import TestSupport

@testable import Checkpoints
import Vocabulary

/// The goldens of this module's tests.
let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
    .path

/// The logits of a model, `[images, classes]`, on images `[images, channels · height · width]`.
func logits(of model: VisionTransformer, on images: Matrix) -> Matrix {
    var current = images
    for (unit, weights) in zip(model.units, model.weights) {
        let output = unit.output.matrix(images: images.rows)
        unit.forward(
            current, parameters: UnitParameters(weights, backward: false), transform: FullPrecision(),
            tape: Tape(shapes: unit.tapeShapes, images: images.rows), output: output)
        current = output
    }
    return current
}

/// The tensors of a file, renamed by `rename`.
func tensors(of path: String, rename: (String) -> String = { $0 }) throws -> [SafetensorsTensor] {
    let file = try SafetensorsFile(path: path)
    return try file.names.map {
        SafetensorsTensor(name: rename($0), shape: file.entry($0)?.shape ?? [], floats: try file.floats($0))
    }
}

/// The message of loading.
func loadingComplaint(_ path: String, heads: Int? = nil) -> String? {
    do {
        _ = try loadCheckpoint(path: path, heads: heads)
        return nil
    } catch {
        return error.description
    }
}

@Suite("Layouts of checkpoints")
struct LayoutTests {
    static let models = [
        "vit", "deit", "deit-two-heads", "swin", "dinov2", "dinov2-registers", "dinov2-features",
    ]

    private func check(_ path: String, model: String, resized side: Int? = nil) throws {
        let reference = try SafetensorsFile(path: "\(goldens)/\(model)/reference.safetensors")
        let input = try reference.floats(side == nil ? "input" : "resized_input")
        let expected = try reference.floats(side == nil ? "logits" : "resized_logits")
        let checkpoint = try loadCheckpoint(path: path, imageSize: side.map { ($0, $0) })
        let found = logits(
            of: checkpoint.model, on: Matrix(rows: 3, columns: input.count / 3, elements: input))
        #expect(
            relativeError(found, Matrix(rows: 3, columns: expected.count / 3, elements: expected)) < 1e-5)
    }

    @Test("logits are Hugging Face's within 1e-4 relative, by the names on disk", arguments: models)
    func disk(model: String) throws {
        try check("\(goldens)/\(model)", model: model)
    }

    @Test("logits are Hugging Face's within 1e-4 relative, by the names in memory", arguments: models)
    func memory(model: String) throws {
        let names = try JSONDecoder().decode(
            [String: String].self,
            from: Data(contentsOf: URL(fileURLWithPath: "\(goldens)/\(model)/in-memory-names.json")))
        let folder = try TemporaryFolder()
        try writeSafetensors(
            try tensors(of: "\(goldens)/\(model)/model.safetensors") { names[$0] ?? $0 },
            to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: "\(goldens)/\(model)/config.json", toPath: folder.path + "/config.json")
        try check(folder.path, model: model)
    }

    @Test("logits for images of another size are Hugging Face's within 1e-4 relative", arguments: models)
    func resized(model: String) throws {
        try check("\(goldens)/\(model)", model: model, resized: model.hasPrefix("dinov2") ? 40 : 24)
    }

    @Test("a wrapped file of torch.save with a prefix and a transposed tensor gives the same logits")
    func wrapped() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: goldens + "/wrapped.pth", toPath: folder.path + "/some.pth")
        try FileManager.default.copyItem(
            atPath: goldens + "/vit/config.json", toPath: folder.path + "/config.json")
        try check(folder.path, model: "vit")
    }

    @Test("shards give the same logits, and a shard elsewhere or with other tensors is refused")
    func shards() throws {
        let folder = try TemporaryFolder()
        let all = try tensors(of: goldens + "/vit/model.safetensors")
        try FileManager.default.copyItem(
            atPath: goldens + "/vit/config.json", toPath: folder.path + "/config.json")
        try writeSafetensors(Array(all[..<9]), to: folder.path + "/a.safetensors")
        try writeSafetensors(Array(all[9...]), to: folder.path + "/b.safetensors")
        var map: [String: String] = [:]
        for (index, tensor) in all.enumerated() {
            map[tensor.name] = index < 9 ? "a.safetensors" : "b.safetensors"
        }
        func index(_ map: [String: String]) throws {
            let data = try JSONEncoder().encode(["weight_map": map])
            try data.write(to: URL(fileURLWithPath: folder.path + "/model.safetensors.index.json"))
        }
        try index(map)
        try check(folder.path, model: "vit")
        for (shard, expected) in [
            ("../a.safetensors", "same folder"), ("model.safetensors.index.json", "same folder"),
            ("b.safetensors", "but the index says"), ("c.safetensors", "no such file"),
        ] {
            var wrong = map
            wrong[all[0].name] = shard
            try index(wrong)
            let text = try #require(loadingComplaint(folder.path))
            #expect(text.contains(expected), "\(text)")
        }
        map["another"] = "a.safetensors"
        try index(map)
        #expect(try #require(loadingComplaint(folder.path)).contains("'another'"))
    }

    @Test("Microsoft's Swin, merged at the end of stages, is timm's Swin")
    func microsoft() throws {
        let timm = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/swin").path
        let folder = try TemporaryFolder()
        var list = try tensors(of: timm + "/model.safetensors") { name in
            name.replacingOccurrences(of: "layers.1.downsample", with: "layers.0.downsample")
                .replacingOccurrences(of: "head.fc.", with: "head.")
        }
        list.append(
            SafetensorsTensor(name: "layers.0.blocks.1.attn_mask", shape: [1], floats: [.infinity]))
        try writeSafetensors(list, to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(atPath: timm + "/config.json", toPath: folder.path + "/config.json")
        let found = try loadCheckpoint(path: folder.path).model
        #expect(found.weights == (try loadCheckpoint(path: timm).model.weights))
        #expect(try inspectCheckpoint(path: folder.path).needless == ["layers.0.blocks.1.attn_mask"])
    }

    @Test("position embeddings are resampled as timm does", arguments: [(3, 2), (7, 4), (5, 5), (12, 9)])
    func positions(rows: Int, columns: Int) throws {
        let file = try SafetensorsFile(path: goldens + "/positions.safetensors")
        let found = resampledPositions(
            try file.floats("small"), leading: 1, grid: (5, 5), target: (rows, columns), width: 6,
            filter: .antialiased)
        let expected = try file.floats("\(rows)x\(columns)")
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("an unsupported model is refused with the name of the feature")
    func unsupported() throws {
        let folder = try TemporaryFolder()
        let list =
            try tensors(of: goldens + "/vit/model.safetensors")
            + [SafetensorsTensor(name: "blocks.0.attn.q_norm.weight", shape: [1], floats: [1])]
        try writeSafetensors(list, to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: goldens + "/vit/config.json", toPath: folder.path + "/config.json")
        #expect(try #require(loadingComplaint(folder.path)).contains("norms of queries and keys"))
    }

    @Test("the preparation of images comes from the files, and defaults are reported as such")
    func preparation() throws {
        let folder = try TemporaryFolder()
        for name in ["model.safetensors", "config.json"] {
            try FileManager.default.copyItem(
                atPath: "\(goldens)/vit/\(name)", toPath: "\(folder.path)/\(name)")
        }
        let usual = try loadCheckpoint(path: folder.path)
        #expect(usual.preparation.resize == .timm(cropFraction: 0.9, cropMode: .center))
        #expect(usual.preparation.source.contains("as usual for ViT"))
        #expect(usual.labels == ["ant", "bee", "cat"])
        try folder.write(
            #"{"size": {"shortest_edge": 20}, "crop_size": 16, "do_center_crop": true, "resample": 2, "#
                + #""image_mean": [0.25], "image_std": [2], "do_resize": true}"#,
            to: "preprocessor_config.json")
        let said = try loadCheckpoint(path: folder.path).preparation
        #expect(said.resize == .shortSide(20))
        #expect(said.interpolation == .bilinear)
        #expect(said.mean == [0.25])
        #expect(said.standardDeviation == [2])
        try folder.write(#"{"size": "large"}"#, to: "preprocessor_config.json")
        #expect(try #require(loadingComplaint(folder.path)).contains("“size”"))
    }
}
