import Foundation
import Safetensors
import TensorCore
import TensorTestSupport
import TestSupport
import Testing
import VisionTransformers

@testable import Checkpoints

/// The error of a checkpoint's logits against a reference, relative to the reference.
func logitError(
    _ path: String, reference: String, heads: Int? = nil, size: (Int, Int)? = nil
) throws -> Double {
    let file = try SafetensorsFile(path: reference)
    let (input, expected) = (try file.floats("input"), try file.floats("logits"))
    let checkpoint = try loadCheckpoint(path: path, imageSize: size, heads: heads)
    let found = logits(
        of: checkpoint.model, on: Matrix(rows: 2, columns: input.count / 2, elements: input))
    return relativeError(found, Matrix(rows: 2, columns: expected.count / 2, elements: expected))
}

@Suite("Goldens of other programs")
struct LayoutGoldensTests {
    @Test(
        "logits, or features, are the layout's own program's",
        arguments: [
            ("timm-clip", nil), ("timm-gelu-tanh", nil), ("timm-quick-gelu", nil), ("timm-pool-prefix", nil),
            ("timm-gap", nil), ("huggingface-swin", nil), ("huggingface-swin-features", nil),
            ("huggingface-clip", nil), ("huggingface-clip-features", nil), ("huggingface-msn", nil),
            ("huggingface-mae", nil), ("huggingface-gelu-new", nil), ("torchvision-vit", 2),
            ("torchvision-swin", nil), ("huggingface-beit", nil), ("timm-eva", nil),
            ("huggingface-dinov3", nil), ("huggingface-dinov3-gated", nil),
            ("huggingface-dinov2-swiglu", nil),
            ("huggingface-swin-v2", nil), ("torchvision-swin-v2", nil), ("huggingface-siglip", nil),
            ("huggingface-siglip-classifier", nil),
        ] as [(String, Int?)])
    func logits(model: String, heads: Int?) throws {
        let folder = "\(goldens)/layouts/\(model)"
        // Nothing beside torchvision's tensors says what size of images they are for.
        let size = ["torchvision-swin": (20, 20), "torchvision-swin-v2": (36, 36)][model]
        #expect(
            try logitError(folder, reference: folder + "/reference.safetensors", heads: heads, size: size)
                < 1e-5)
    }

    @Test("CLIP for classification is refused, as it does not use its last norm")
    func clipClassifier() throws {
        let folder = try TemporaryFolder()
        let source = goldens + "/layouts/huggingface-clip-features"
        let classifier = SafetensorsTensor(
            name: "classifier.weight", shape: [3, 16], floats: [Float](repeating: 0.1, count: 48))
        try writeSafetensors(
            try tensors(of: source + "/model.safetensors") { "vision_model." + $0 } + [classifier],
            to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: source + "/config.json", toPath: folder.path + "/config.json")
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains("no norm before the head (tensor “classifier.weight”)"), "\(text)")
    }

    @Test("SigLIP's names with the prefix of earlier versions, or beside a text half, give the same")
    func siglipPrefix() throws {
        let folder = try TemporaryFolder()
        let source = goldens + "/layouts/huggingface-siglip"
        let more = ["text_model.head.weight", "logit_scale", "logit_bias"].map {
            SafetensorsTensor(name: $0, shape: [1], floats: [1])
        }
        try writeSafetensors(
            try tensors(of: source + "/model.safetensors") { "vision_model." + $0 } + more,
            to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: source + "/config.json", toPath: folder.path + "/config.json")
        #expect(try logitError(folder.path, reference: source + "/reference.safetensors") < 1e-5)
        #expect(try inspectCheckpoint(path: folder.path).needless.count == 3)
    }

    @Test(
        "what pooling by attention cannot be is refused",
        arguments: [
            (
                "attention-pool", ["architecture": "eva02_base_patch14_224", "global_pool": "map"],
                "perception encoders"
            ),
            ("attention-pool", ["architecture": "EVA-large"], "perception encoders"),
            ("attention-pool", ["global_pool": "avg"], "“attn_pool.kv.bias” is not supported"),
            ("class-token", ["global_pool": "map"], "there is no tensor “attn_pool.latent”"),
        ])
    func otherPoolings(model: String, change: [String: String], words: String) throws {
        let folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/\(model)").path
        try FileManager.default.copyItem(
            atPath: source + "/model.safetensors", toPath: folder.path + "/model.safetensors")
        var configuration: [String: Any] = ["num_heads": 2, "num_classes": 4]
        if model == "attention-pool" { configuration["img_size"] = [16, 24] }
        configuration.merge(change) { $1 }
        try JSONSerialization.data(withJSONObject: configuration).write(
            to: URL(fileURLWithPath: folder.path + "/config.json"))
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains(words), "\(text)")
    }

    @Test("a norm before the blocks beside pooling by attention is a perception encoder's, and refused")
    func perceptionEncoder() throws {
        let folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/attention-pool").path
        let norm = ["weight", "bias"].map {
            SafetensorsTensor(name: "norm_pre.\($0)", shape: [24], floats: [Float](repeating: 1, count: 24))
        }
        try writeSafetensors(
            try tensors(of: source + "/model.safetensors") { $0 } + norm,
            to: folder.path + "/model.safetensors")
        let text = try #require(
            inspectCheckpoint(path: folder.path, imageSize: (16, 24), heads: 2).problems.first)
        #expect(text.contains("perception encoders") && text.contains("not supported"), "\(text)")
    }

    @Test("a decoder is left out, and that is said")
    func decoder() throws {
        let folder = goldens + "/layouts/huggingface-mae"
        let inspection = try inspectCheckpoint(path: folder)
        #expect(inspection.layout == "Hugging Face ViT, without its decoder" && inspection.problems.isEmpty)
        #expect(inspection.needless.contains("decoder.decoder_pred.weight"))
        #expect(try loadCheckpoint(path: folder).notes.count == 1)
    }

    @Test(
        "the names of a layout without a file of its own are those of timm's golden, renamed",
        arguments: [
            ("DINOv2 with registers", ["reg_token": "register_tokens"], ["mask_token"]),
            (
                "the encoder of MAE, without its decoder", [:],
                ["mask_token", "decoder_embed.weight", "decoder_pred.bias"]
            ),
        ])
    func renamed(layout: String, names: [String: String], more: [String]) throws {
        let folder = try TemporaryFolder()
        let isDinov2 = layout.hasPrefix("DINOv2")
        let source = "VisionTransformersTests/Goldens/" + (isDinov2 ? "registers" : "class-token")
        let timm = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(source).path
        var list = try tensors(of: timm + "/model.safetensors") { names[$0] ?? $0 }
        list.removeAll { $0.name.hasPrefix("head") || isDinov2 && $0.name == "pos_embed" }
        // Registers have no positions there: those of the class token and of 16 patches are left.
        if isDinov2 {
            list.append(
                SafetensorsTensor(
                    name: "pos_embed", shape: [1, 17, 24], floats: [Float](repeating: 0.5, count: 17 * 24)))
        }
        list += more.map { SafetensorsTensor(name: $0, shape: [1], floats: [1]) }
        try writeSafetensors(list, to: folder.path + "/model.safetensors")
        let inspection = try inspectCheckpoint(path: folder.path, heads: 2)
        #expect(inspection.problems.isEmpty, "\(inspection.problems)")
        #expect(inspection.layout == layout && Set(inspection.needless) == Set(more))
    }
}

@Suite("What is said about a choice")
struct NotesTests {
    @Test("without config.json, what is taken as usual is said")
    func usual() throws {
        let folder = try TemporaryFolder()
        let source = goldens + "/layouts/timm-gelu-tanh"
        try FileManager.default.copyItem(
            atPath: source + "/model.safetensors", toPath: folder.path + "/model.safetensors")
        let notes = try loadCheckpoint(path: folder.path, heads: 2).notes
        #expect(notes.count == 1 && notes[0].contains("no config.json") && notes[0].contains("activation"))
        #expect(try loadCheckpoint(path: source).notes.isEmpty)
    }
}

@Suite("Names of a model within another")
struct ModelPrefixTests {
    private let reference = goldens + "/layouts/timm-clip/reference.safetensors"

    private func folder(
        _ prefix: String, _ more: [SafetensorsTensor] = [], rename: (String) -> String = { $0 }
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let list = try tensors(of: goldens + "/layouts/timm-clip/model.safetensors") { prefix + rename($0) }
        try writeSafetensors(list + more, to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: goldens + "/layouts/timm-clip/config.json", toPath: folder.path + "/config.json")
        return folder
    }

    private func tensor(_ name: String) -> SafetensorsTensor {
        SafetensorsTensor(name: name, shape: [2, 2], floats: [1, 2, 3, 4])
    }

    @Test(
        "any prefix before one model is stripped, and what belongs to its training is passed over",
        arguments: [
            "model.", "backbone.", "timm_model.", "visual.trunk.", "module.base_encoder.",
            "base_model.model.",
            "_orig_mod.", "module._orig_mod.encoder.", "anything.at.all.",
        ])
    func stripped(prefix: String) throws {
        let folder = try folder(
            prefix, [tensor("n_averaged"), tensor("logit_scale"), tensor("criterion.weight")])
        #expect(try logitError(folder.path, reference: reference) < 1e-5)
        #expect(try inspectCheckpoint(path: folder.path).needless.count == 3)
    }

    @Test("wrappers within names and counters of thop are passed over")
    func wrappers() throws {
        let folder = try folder("", [tensor("total_ops"), tensor("blocks.0.total_params")]) {
            $0.replacingOccurrences(of: "blocks.0.", with: "blocks.0._orig_mod.")
        }
        #expect(try logitError(folder.path, reference: reference) < 1e-5)
    }

    @Test("a classifier beside a backbone is the model's; another layer beside it is refused")
    func outside() throws {
        let folder = try TemporaryFolder()
        func write(_ more: [SafetensorsTensor]) throws {
            let list = try tensors(of: goldens + "/layouts/timm-clip/model.safetensors") {
                $0.hasPrefix("head") ? $0 : "backbone." + $0
            }
            try writeSafetensors(list + more, to: folder.path + "/model.safetensors")
        }
        try FileManager.default.copyItem(
            atPath: goldens + "/layouts/timm-clip/config.json", toPath: folder.path + "/config.json")
        try write([])
        #expect(try logitError(folder.path, reference: reference) < 1e-5)
        try write([tensor("fc.weight")])
        #expect(try #require(loadingComplaint(folder.path)).contains("“fc.weight” is not supported"))
    }

    @Test("two models are refused with both prefixes")
    func two() throws {
        let folder = try folder("module.base_encoder.", [])
        let list =
            try tensors(of: folder.path + "/model.safetensors")
            + (try tensors(of: goldens + "/layouts/timm-clip/model.safetensors") {
                "module.momentum_encoder." + $0
            })
        try writeSafetensors(list, to: folder.path + "/model.safetensors")
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains("“module.base_encoder.”, “module.momentum_encoder.”"), "\(text)")
    }
}
