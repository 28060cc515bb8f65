import Foundation
import Safetensors
import TestSupport
import Testing
import VisionTransformers

@testable import Checkpoints

/// A golden checkpoint with another config.json.
func checkpoint(_ golden: String, configuration: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.copyItem(
        atPath: "\(goldens)/\(golden)/model.safetensors", toPath: folder.path + "/model.safetensors")
    try folder.write(configuration, to: "config.json")
    return folder
}

@Suite("What architectures' names say")
struct ArchitectureTests {
    @Test(
        "heads, activation, epsilon and pooling are timm's",
        arguments: [
            ("vit_huge_patch14_224", 16, MLPActivation.gelu, Float(1e-6), nil),
            ("vit_giant_patch14_224", 16, .gelu, 1e-6, nil),
            ("vit_base_patch16_gap_224", 16, .gelu, 1e-6, ViTConfiguration.Pooling.average),
            ("vit_base_patch16_224.augreg_in21k", 12, .gelu, 1e-6, nil),
            ("deit_tiny_distilled_patch16_224", 3, .gelu, 1e-6, nil),
            ("vit_large_patch14_clip_quickgelu_336", 16, .quickGELU, 1e-5, nil),
            ("vit_base_patch32_siglip_gap_256", 12, .geluTanh, 1e-6, .average),
            ("vit_wee_patch16_reg1_gap_256", 4, .gelu, 1e-6, .average),
            ("vit_base_patch32_siglip_256.v2_webli", 12, .geluTanh, 1e-6, .attention),
            ("vit_so400m_patch14_siglip_384", 16, .gelu, 1e-6, .attention),
        ] as [(String, Int, MLPActivation, Float, ViTConfiguration.Pooling?)])
    func facts(
        name: String, heads: Int, activation: MLPActivation, epsilon: Float,
        pooling: ViTConfiguration.Pooling?
    ) throws {
        let facts = try #require(ArchitectureFacts(timm: name))
        #expect(facts.heads == heads)
        #expect(facts.activation ?? .gelu == activation)
        #expect(facts.epsilon ?? 1e-6 == epsilon)
        #expect(facts.pooling == pooling)
        #expect(facts.unsupported == nil)
    }

    @Test(
        "rotary positions and the windows of a Swin V2 are timm's",
        arguments: [
            (
                "eva02_tiny_patch14_336",
                RotaryPositions(
                    coordinate: .index, pairing: .neighbours, temperature: 10_000, referenceSide: 16), nil,
                nil
            ),
            (
                "vit_small_patch16_rope_224",
                RotaryPositions(
                    coordinate: .index, pairing: .neighbours, temperature: 100, columnsFirst: true), nil, nil
            ),
            (
                "vit_base_patch16_dinov3.lvd1689m",
                RotaryPositions(coordinate: .centre, pairing: .halves, temperature: 100), nil, nil
            ),
            ("swinv2_tiny_window16_256", nil, 16, nil),
            ("swinv2_base_window12to24_192to384", nil, 24, [12, 12, 12, 6]),
        ] as [(String, RotaryPositions?, Int?, [Int]?)])
    func positions(name: String, rotary: RotaryPositions?, window: Int?, pretrained: [Int]?) throws {
        let facts = try #require(ArchitectureFacts(timm: name))
        #expect(facts.rotary == rotary && facts.window == window && facts.pretrainedWindows == pretrained)
    }

    @Test(
        "what tensors do not show is not guessed: rotary positions, what gates an MLP, the side of windows",
        arguments: [
            ("eva02", "rotary positions", "“blocks.0.attn.q_bias”"),
            ("eva02-norms", "rotary positions", "“blocks.0.attn.q_proj.weight”"),
            ("dinov3", "rotary positions", "“pos_embed”"), ("rope-columns", "rotary positions", "gamma_1"),
            ("swin-v2", "side of windows", "window_size"),
        ])
    func unknown(golden: String, words: String, more: String) throws {
        let folder = try TemporaryFolder()
        let source = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/\(golden)").path
        try FileManager.default.copyItem(
            atPath: source + "/model.safetensors", toPath: folder.path + "/model.safetensors")
        for configuration in [nil, #"{"num_heads": 2, "architecture": "my_own"}"#] {
            if let configuration { try folder.write(configuration, to: "config.json") }
            let text = try #require(loadingComplaint(folder.path, heads: 2))
            #expect(text.contains(words) && text.contains(more) && text.contains("architecture"), "\(text)")
        }
    }

    @Test("the names of EVA-02's own program are timm's, and its tables of angles are passed over")
    func ownNames() throws {
        let source = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/eva02-norms").path
        let folder = try TemporaryFolder()
        let own = [
            "mlp.fc1_g.": "mlp.w1.", "mlp.fc1_x.": "mlp.w2.", "mlp.fc2.": "mlp.w3.",
            "mlp.norm.": "mlp.ffn_ln.",
            "attn.norm.": "attn.inner_attn_ln.",
        ]
        let renamed = try tensors(of: source + "/model.safetensors") { name in
            own.reduce(name) { $0.replacingOccurrences(of: $1.key, with: $1.value) }
        }
        let angles = ["rope.freqs_cos", "blocks.0.attn.rope.freqs_sin"].map {
            SafetensorsTensor(name: $0, shape: [1], floats: [1])
        }
        try writeSafetensors(renamed + angles, to: folder.path + "/model.safetensors")
        try FileManager.default.copyItem(
            atPath: source + "/config.json", toPath: folder.path + "/config.json")
        #expect(try inspectCheckpoint(path: folder.path).needless.count == 2)
        #expect(
            try loadCheckpoint(path: folder.path).model.weights == loadCheckpoint(path: source).model.weights)
    }

    @Test("a plain MLP has GELU where the architecture's are gated by SiLU, or what config.json says")
    func plainMLP() throws {
        let source = URL(fileURLWithPath: goldens).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("VisionTransformersTests/Goldens/eva02").path
        let folder = try TemporaryFolder()
        let file = try SafetensorsFile(path: source + "/model.safetensors")
        let plain = try file.names.map { name in
            var (shape, floats) = (file.entry(name)?.shape ?? [], try file.floats(name))
            if name.contains(".mlp.fc1.") {
                shape[0] /= 2
                floats = Array(floats.prefix(floats.count / 2))
            }
            return SafetensorsTensor(name: name, shape: shape, floats: floats)
        }
        try writeSafetensors(plain, to: folder.path + "/model.safetensors")
        for (extra, expected) in [("", MLPActivation.gelu), (#", "act_layer": "silu""#, .silu)] {
            try folder.write(
                """
                {"architecture": "eva02_tiny_patch14_224",
                "model_args": {"num_heads": 2, "img_size": [16, 24], "swiglu_mlp": false\(extra)}}
                """, to: "config.json")
            guard case .vit(let shape) = try loadCheckpoint(path: folder.path).model.configuration else {
                Issue.record("no ViT")
                continue
            }
            #expect(!shape.gatesMLP && shape.activation == expected)
        }
    }

    @Test("Hugging Face's DINOv3 is refused without its config.json")
    func withoutConfiguration() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: goldens + "/layouts/huggingface-dinov3/model.safetensors",
            toPath: folder.path + "/model.safetensors")
        let text = try #require(loadingComplaint(folder.path, heads: 2))
        #expect(text.contains("rotary positions") && text.hasSuffix("give its config.json"), "\(text)")
    }

    @Test("every line of the table is understood")
    func table() throws {
        for line in TimmArchitectures.table.split(separator: "\n") where line.contains(":") {
            let name = try #require(line.split(separator: ":")[1].split(separator: " ").first)
            let facts = try #require(ArchitectureFacts(timm: String(name)), "\(line)")
            #expect(
                facts != ArchitectureFacts(timm: "swin_tiny_patch4_window7_224") || line.hasPrefix("swin"))
        }
        #expect(ArchitectureFacts(timm: "swin_tiny_patch4_window7_224") != nil)
        #expect(ArchitectureFacts(timm: "my_own_vit") == nil)
    }

    @Test(
        "an architecture that is something else than its tensors look like is refused with its feature, in one sentence",
        arguments: [
            ("vit_base_patch16_rpn_448", "post-norm"),
            ("vit_small_patch16_rope_mixed_ape_224", "learned frequencies"),
            ("my_eva02_huge", "rotary positions"),
            ("vit_small_patch16_18x2_224", "parallel branches"),
            ("vit_base_patch16_xp_224", "parallel branches"),
            ("vit_pwee_patch16_reg1_gap_256", "parallel branches"),
            ("vit_dwee_patch16_reg1_gap_256", "differential attention"),
            ("cait_xxs24_224", "class attention"),
            ("xcit_nano_12_p16_224", "cross-covariance"),
            ("vit_relpos_small_patch16_224", "relative positions"),
            ("vit_srelpos_small_patch16_224", "relative positions"),
            ("swinv2_cr_tiny_224", "cosine attention"),
            ("vit_pe_core_base_patch16_224", "pooling by attention"),
            ("vit_pe_spatial_base_patch16_512", "no norm before the head"),
            ("vit_base_patch16_sapiens2", "norms of queries and keys"),
            ("aimv2_large_patch14_224", "RMS norms"), ("test_vit4", "RMS norms"), ("convit_base", "ConViT"),
            ("samvit_base_patch16", "SAM"), ("vit_base_r50_s16_224", "convolutional stem"),
            ("maxvit_tiny_tf_224", "neither a ViT's nor a Swin's"), ("naflexvit_base_patch16_gap", "NaFlex"),
            ("swin_s3_tiny_224", "in each stage"),
        ])
    func refused(name: String, words: String) throws {
        let folder = try checkpoint(
            "vit",
            configuration: #"{"architecture": "\#(name)", "num_classes": 3, "model_args": {"surprise": 1}}"#)
        let inspection = try inspectCheckpoint(path: folder.path)
        #expect(inspection.problems.count == 1)
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains(words) && text.contains(name) && text.contains("not supported"), "\(text)")
    }

    @Test(
        "a family of Hugging Face that is not read is refused by its name",
        arguments: [
            ("pe_vision", "pooling by attention"), ("siglip2_vision_model", "NaFlex"),
            ("convnext", "“convnext” (model_type)"), ("ijepa", "“ijepa” (model_type)"),
        ])
    func families(name: String, words: String) throws {
        let folder = try checkpoint("vit", configuration: #"{"model_type": "\#(name)", "odd": 1}"#)
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains(words) && text.contains("not supported"), "\(text)")
    }

    @Test(
        "tensors that only an unsupported feature has are refused in one sentence that names it",
        arguments: [
            ("blocks.0.attn.q_norm.weight", "norms of queries and keys"),
            ("blocks.0.mlp.w12.weight", "SwiGLU"),
            ("attn_pool.q_norm.weight", "norms of queries and keys"),
            ("blocks.0.attns.0.qkv.weight", "parallel branches"),
            ("blocks_token_only.0.gamma_1", "class attention"), ("rope.freqs", "rotary positions"),
            ("blocks.0.attn.rel_pos.mlp.fc1.weight", "relative positions"),
            ("layers.0.blocks.0.attn.meta_mlp.fc1.weight", "scaled cosine attention"),
            ("storage_tokens", "its original program"), ("blocks.0.mlp.ffn_ln.weight", "a norm inside"),
            ("patch_embed.backbone.stem.conv.weight", "a convolutional stem"),
            ("blocks.0.attn.lambda_q1", "differential attention"),
            ("blocks.0.attn.qkv.lora_A.default.weight", "merge_and_unload"),
            ("blocks.0.attn.qkv.SCB", "quantized already"),
        ])
    func marks(name: String, words: String) throws {
        let text = try #require(UnsupportedFeature.refusal(of: [name, "norm.weight"]))
        #expect(text.contains(words) && text.contains(name) && text.hasSuffix("not supported"), "\(text)")
        #expect(UnsupportedFeature.refusal(of: ["norm.weight", "blocks.0.mlp.fc1.weight"]) == nil)
    }
}

@Suite("The number of attention heads")
struct HeadsTests {
    private func heads(_ path: String, asked: Int? = nil) throws -> Int? {
        try loadCheckpoint(path: path, heads: asked).model.configuration.heads
    }

    @Test("comes from config.json, or from the caller")
    func said() throws {
        let folder = try checkpoint("layouts/timm-clip", configuration: #"{"model_args": {"num_heads": 4}}"#)
        #expect(try heads(folder.path) == 4)
        #expect(try heads(folder.path, asked: 8) == 8)
    }

    @Test("comes from timm's architecture, or the family of Hugging Face, and must divide the width")
    func architecture() throws {
        let timm = try checkpoint(
            "layouts/timm-clip", configuration: #"{"architecture": "vit_huge_patch14_224"}"#)
        #expect(try heads(timm.path) == 16)
        let other = try checkpoint(
            "layouts/timm-clip", configuration: #"{"architecture": "deit_tiny_patch16_224"}"#)
        #expect(
            try #require(loadingComplaint(other.path)).hasSuffix(
                "the architecture of config.json has 3 heads, which do not divide the width 16"))
        let hub = try checkpoint("vit", configuration: #"{"model_type": "vit"}"#)
        #expect(try #require(loadingComplaint(hub.path)).contains("12 heads"))
    }

    @Test(
        "is never guessed",
        arguments: [#"{}"#, #"{"architecture": "my_own_vit"}"#, #"{"architecture": "vision_transformer"}"#])
    func unknown(configuration: String) throws {
        let folder = try checkpoint("layouts/timm-clip", configuration: configuration)
        let text = try #require(loadingComplaint(folder.path))
        #expect(
            text.contains("the number of attention heads is not known") && text.contains("--heads"), "\(text)"
        )
    }
}

@Suite("Keys of config.json")
struct ConfigurationKeysTests {
    @Test(
        "an unknown key, and a value that changes the result, are refused by name",
        arguments: [
            (#"{"model_args": {"num_heads": 2, "surprise": 1}}"#, "“surprise” in model_args"),
            (#"{"model_args": {"num_heads": 2, "block_fn": "ResPostBlock"}}"#, "“block_fn” in model_args"),
            (#"{"model_args": {"num_heads": 2, "final_norm": false}}"#, "“final_norm”"),
            (#"{"model_args": {"num_heads": 2, "attn_layer": "diff"}}"#, "“attn_layer”"),
            (#"{"model_args": {"num_heads": 2, "pos_embed": "none"}}"#, "“pos_embed”"),
            (#"{"model_args": {"num_heads": 2, "norm_layer": "rmsnorm"}}"#, "“norm_layer”"),
            (#"{"num_heads": 2, "token_dropping": true}"#, "“token_dropping” in config.json"),
            (#"{"num_heads": 2, "pretrained_cfg": {"whitening": 3}}"#, "“whitening” in pretrained_cfg"),
            (#"{"model_type": "vit", "num_attention_heads": 2, "auto_map": {}}"#, "“auto_map”"),
            (
                #"{"model_type": "vit", "num_attention_heads": 2, "pruned_heads": {"0": [1]}}"#,
                "“pruned_heads”"
            ),
            (#"{"num_heads": 2, "act_layer": "mish"}"#, "mish"),
            (#"{"num_heads": 2, "model_args": {"use_rot_pos_emb": true}}"#, "“use_rot_pos_emb”"),
            (#"{"model_type": "dinov3_vit", "num_attention_heads": 2, "rope_theta": 0}"#, "“rope_theta”"),
            (#"{"model_type": "swinv2", "pretrained_window_sizes": 8}"#, "“pretrained_window_sizes”"),
            (#"{"num_heads": 2, "window_size": [7, 7, 14, 7]}"#, "“window_size”"),
            (#"{"num_heads": 2, "global_pool": "prr"}"#, "“token”, “avg” or “map” is accepted"),
            (#"{"num_heads": 2, "global_pool": "avgmax"}"#, "“global_pool” is \"avgmax\""),
            (#"{"num_heads": 2, "global_pool": ""}"#, "“global_pool” is \"\""),
        ])
    func refused(configuration: String, words: String) throws {
        let folder = try checkpoint("vit", configuration: configuration)
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains(words), "\(text)")
    }

    @Test("keys that change nothing are passed over, and no key is of two kinds")
    func harmless() throws {
        let folder = try checkpoint(
            "vit",
            configuration: """
                {"num_classes": 3, "num_features": 16, "model_args": {"num_heads": 2, "drop_path_rate": 0.1, "depth": 2,
                "final_norm": true, "norm_layer": "LayerNorm", "device": null}, "pretrained_cfg": {"url": "x",
                "fixed_input_size": true, "pool_size": null, "license": "mit"}}
                """)
        #expect(loadingComplaint(folder.path) == nil)
        for place in [ConfigurationKeys.Place.top, .arguments, .pretrained, .huggingFace] {
            let (read, fixed) = (ConfigurationKeys.honoured(place), Set(ConfigurationKeys.fixed(place).keys))
            #expect(read.isDisjoint(with: fixed))
            #expect(ConfigurationKeys.withoutEffect(place).isDisjoint(with: fixed))
        }
    }

    @Test("a norm that model_args name has timm's epsilon, not the architecture's")
    func namedNorm() throws {
        let cases: [(String, Float)] = [
            ("", 1e-5), (#", "norm_layer": "layernorm""#, 1e-6), (#", "norm_layer": null"#, 1e-6),
            (#", "norm_layer": "layernorm", "norm_eps": 0.001"#, 1e-3),
        ]
        for (extra, expected) in cases {
            let folder = try checkpoint(
                "layouts/timm-clip",
                configuration: """
                    {"architecture": "vit_base_patch16_clip_224", "model_args": {"num_heads": 2\(extra)}}
                    """)
            guard case .vit(let shape) = try loadCheckpoint(path: folder.path).model.configuration else {
                Issue.record("no ViT")
                continue
            }
            #expect(shape.epsilon == expected, "\(extra)")
        }
    }

    @Test(
        "what config.json says and tensors show otherwise is refused with both",
        arguments: [
            (#""num_hidden_layers": 1"#, "“num_hidden_layers” in config.json is 1, but the tensors show 2"),
            (#""depth": 3"#, "“depth” in config.json is 3, but the tensors show 2"),
            (#""patch_size": [8, 4]"#, "“patch_size” in config.json is [8, 4], but the tensors show 8"),
            (#""num_classes": 5"#, "“num_classes” in config.json is 5, but the tensors show 3"),
            (#""qkv_bias": false"#, "“qkv_bias” in config.json is false, but there is a tensor"),
            (#""class_token": false"#, "is false, but there is a tensor “cls_token”"),
            (#""fc_norm": true"#, "is true, but there is no tensor “fc_norm.weight”"),
            (#""qk_norm": true"#, "is true, but there is no tensor “blocks.0.attn.q_norm.weight”"),
        ])
    func contradicts(key: String, words: String) throws {
        let model = #""model_type": "vit", "num_attention_heads": 2, "image_size": 16, "#
        let folder = try checkpoint("vit", configuration: "{\(model)\(key)}")
        let text = try #require(loadingComplaint(folder.path))
        #expect(text.contains(words), "\(text)")
        try folder.write(
            "{\(model)\"num_hidden_layers\": 2, \"patch_size\": 8, \"qkv_bias\": true, \"num_classes\": 3}",
            to: "config.json")
        #expect(loadingComplaint(folder.path) == nil)
    }

    @Test("three means for one channel are averaged")
    func channels() throws {
        let folder = try checkpoint(
            "vit",
            configuration: """
                {"num_heads": 2, "pretrained_cfg": {"mean": [0.2, 0.3, 0.4], "std": [0.1, 0.2, 0.6]}}
                """)
        let checkpoint = try loadCheckpoint(path: folder.path)
        #expect(
            zip(checkpoint.mean + checkpoint.standardDeviation, [0.3, 0.3]).allSatisfy { abs($0 - $1) < 1e-6 }
        )
    }

    @Test("without a classifier, no pooling is the class token's")
    func features() throws {
        let folder = try checkpoint(
            "layouts/timm-clip",
            configuration: #"{"num_classes": 0, "global_pool": "", "model_args": {"num_heads": 2}}"#)
        // The golden has a classifier, which is one tensor more than such a model has.
        let inspection = try inspectCheckpoint(path: folder.path)
        #expect(inspection.problems.isEmpty)
    }
}
