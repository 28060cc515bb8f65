import Foundation
import Safetensors
import TestSupport
import Testing
import VisionTransformers

@testable import Checkpoints

@Suite("Why tensors make no model")
struct UnfitTests {
    static let norm = [("fc_norm.weight", [4]), ("fc_norm.bias", [4])]
    static let gated = [("blocks.0.mlp.fc1.weight", [8, 4]), ("blocks.0.mlp.fc1.bias", [8])]

    @Test(
        "what does not go together, or is missing, is named with what would be accepted",
        arguments: [
            (
                #", "global_pool": "map""#,
                norm + [("attn_pool.latent", [1, 1, 4]), ("attn_pool.mlp.fc1.weight", [4, 4])],
                "a norm after pooling by attention (tensor “fc_norm.weight”)"
            ),
            (
                #", "global_pool": "token""#, norm + [("dist_token", [1, 1, 4]), ("pos_embed", [1, 3, 4])],
                "a distillation token (tensor “dist_token”) and a norm after pooling (tensor “fc_norm.weight”)"
            ),
            (
                #", "global_pool": "avg""#, [("dist_token", [1, 1, 4]), ("pos_embed", [1, 3, 4])],
                "a distillation token (tensor “dist_token”) and pooling of tokens"
            ),
            (
                "", norm + [("head.weight", [3, 8])],
                "the mean of the patches behind a norm (tensor “fc_norm.weight”)"
            ),
            (
                #", "architecture": "vit_base_patch16_224""#, [("pos_embed", [])],
                "it has no positions: there is neither “pos_embed” nor “blocks.0.attn.relative_position_bias_table”"
            ),
            (
                #", "model_type": "beit""#,
                [
                    ("pos_embed", []),
                    ("encoder.relative_position_bias.relative_position_bias_table", [4, 1]),
                ],
                "positions that all blocks share (tensor “encoder.relative_position_bias.relative_position_bias_table”)"
            ),
            (
                "", [("head.weight", []), ("fc.weight", [3, 4]), ("fc.bias", [3])],
                "there is no classifier, “head.weight”; if “fc.weight” is the classifier, rename it to “head.weight”"
            ),
            (
                "", [("head.weight", [])],
                "there is no classifier, “head.weight”; for a model without one, give config.json with “num_classes”: 0"
            ),
            ("", gated, "its MLPs are gated, as “blocks.0.mlp.fc1.weight” has twice the rows"),
            (
                #", "architecture": "vit_base_patch16_224""#, gated,
                "and “vit_base_patch16_224” has none by itself; give config.json with timm's “swiglu_mlp”: true"
            ),
            (
                "", [("pos_embed", [1, 7, 4])],
                "“pos_embed” has 7 positions, but images of 16 × 16 pixels (config.json) have 1 patches; 1 positions, or 2 with "
                    + "the 1 token before the patches"
            ),
        ] as [(String, [(String, [Int])], String)])
    func sentences(configuration: String, tensors: [(String, [Int])], words: String) throws {
        let folder = try oneBlockModel(height: 16, width: 16, configuration: configuration, extra: tensors)
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains(words), "\(text)")
        #expect(!text.contains("4096"), "\(text)")
    }

    @Test("positions that fit no image ask for the key of config.json that helps")
    func positions() throws {
        let folder = try oneBlockModel(height: 16, width: 16, extra: [("pos_embed", [1, 7, 4])])
        try folder.write(#"{"num_heads": 2}"#, to: "config.json")
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.hasSuffix("give config.json with “img_size”: [height, width]"), "\(text)")
    }

    @Test("one shard of several asks for the others")
    func shard() throws {
        let folder = try oneBlockModel(height: 16, width: 16, extra: [("patch_embed.proj.weight", [])])
        let shard = folder.file("model-00002-of-00002.safetensors")
        try FileManager.default.moveItem(atPath: folder.file("model.safetensors"), toPath: shard)
        let text = try #require(loadingComplaint(shard))
        #expect(text.hasSuffix("; of several shards give their folder or their index"), "\(text)")
    }

    @Test("timm's swiglu_mlp says that gated MLPs are gated by SiLU")
    func swiglu() throws {
        let folder = try oneBlockModel(
            height: 16, width: 16, configuration: #", "swiglu_mlp": true"#, extra: Self.gated)
        guard case .vit(let shape) = try loadCheckpoint(path: folder.path).model.configuration else {
            Issue.record("no ViT")
            return
        }
        #expect(shape.gatesMLP && shape.activation == .silu && shape.hiddenWidth == 4)
    }

    @Test("a Swin whose tables are of oblong windows is refused with their sides, not those of a square")
    func oblongWindows() throws {
        let folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/swin").path
        let list = try tensors(of: source + "/model.safetensors").map { tensor in
            guard tensor.name.hasSuffix("relative_position_bias_table") else { return tensor }
            return SafetensorsTensor(
                name: tensor.name, shape: [21, tensor.shape[1]],
                floats: Array(repeating: 0, count: 21 * tensor.shape[1]))
        }
        try writeSafetensors(list, to: folder.path + "/model.safetensors")
        let bare = try #require(loadingComplaint(folder.path))
        #expect(bare.contains("stage 1 has 21 rows, as oblong windows have (4 × 2, 11 × 1)"), "\(bare)")
        try folder.write(
            #"{"img_size": 16, "window_size": 4, "architecture": "SwinTransformer"}"#, to: "config.json")
        let asked = #expect(throws: CheckpointError.self) {
            try loadCheckpoint(path: folder.path, imageSize: (16, 16))
        }
        #expect(asked?.description.contains("has 21 rows, as oblong windows have (4 × 2, 11 × 1)") == true)
    }
}
