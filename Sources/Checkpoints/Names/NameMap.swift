internal import VisionTransformers

/// How the tensors of one layout are called here, which is as timm calls them.
struct NameMap {
    /// Whose layout it is, for people.
    var layout: String
    /// What becomes of the names; the first that fits counts, and a name that none knows stays as it is.
    let patterns: [NamePattern]
    /// The epsilon of LayerNorm unless config.json has another; nil for timm's value.
    var epsilon: Float?
    /// How the layout's own program resamples position embeddings.
    var positionFilter = PositionFilter.antialiased
    /// Whether that program resamples them for any image, so that the size of images is what its processor makes.
    var readsAnySize = false
    /// Whether of the tokens before the patches only the class token has a position.
    var classTokenAloneHasPosition = false
    /// Whose rule it is for a Swin's windows that do not fit the grid.
    var windowRule = WindowRule.timm
    /// Whether the names are those of a model without a classifier.
    var lacksClassifier = false
    /// The number of heads by width, where the layout's program makes models of these widths only.
    var heads: [Int: Int] = [:]
    /// Whether models with these names differ in what no tensor shows, such as the activation.
    var leavesChoices = true
    /// What the gated MLPs of the layout have for their first factor, where its program has one choice.
    var gateActivation: MLPActivation?
    /// Whether the layout's program takes the biases of keys for zero, whatever the file has.
    var dropsKeyBias = false
    /// The side of a Swin V2's windows, where the layout's program makes models of one side only.
    var window: Int?
    /// Starts of names of another half of what was trained, such as a decoder, which is left out.
    var leftOut: [String] = []
    /// Tensors whose missing biases are zero, by the name of the bias.
    var zeroBiases: [String] = []

    /// The layout of a checkpoint, inferred from its names.
    init(names: Set<String>) {
        let stem = "embeddings.patch_embeddings.projection.weight"
        let prefixes = [
            "vit.", "deit.", "beit.", "data2vec_vision.", "dinov2.", "dinov2_with_registers.", "swin.",
            "swinv2.",
        ]
        if names.contains(stem), names.contains(where: { $0.hasPrefix("encoder.layers.0.blocks.0.") }) {
            self = .huggingFaceSwin("", names: names)
            lacksClassifier = true
        } else if names.contains(stem), !names.contains(where: { $0.hasPrefix("encoder.layers.") }) {
            // Models without a classifier are written without a prefix.
            let isDinov2 = names.contains { $0.hasSuffix(".layer_scale1.lambda1") }
            let family =
                names.contains("embeddings.register_tokens")
                ? "dinov2_with_registers"
                : isDinov2 ? "dinov2" : names.contains("embeddings.distillation_token") ? "deit" : "vit"
            self = .huggingFace(family, prefix: "", names: names)
            lacksClassifier = true
        } else if let prefix = prefixes.first(where: { prefix in names.contains { $0.hasPrefix(prefix) } }) {
            let family = String(prefix.dropLast())
            self =
                family.hasPrefix("swin")
                ? .huggingFaceSwin(prefix, names: names)
                : .huggingFace(family, prefix: prefix, names: names)
        } else if names.contains("vision_model.embeddings.patch_embedding.weight") {
            let prefix = "vision_model."
            self =
                names.contains("\(prefix)embeddings.class_embedding")
                ? .huggingFaceCLIP(prefix) : .huggingFaceSigLIP(prefix, names: names)
            lacksClassifier =
                !names.contains("visual_projection.weight") && !names.contains("classifier.weight")
        } else if names.contains("embeddings.patch_embedding.weight") {
            self =
                names.contains("embeddings.class_embedding")
                ? .huggingFaceCLIP("") : .huggingFaceSigLIP("", names: names)
            lacksClassifier = true
        } else if names.contains("embeddings.patch_embeddings.weight") {
            self = .huggingFaceDINOv3(names)
            lacksClassifier = !names.contains("classifier.weight")
        } else if names.contains("conv_proj.weight"), names.contains("encoder.pos_embedding") {
            self = .torchvisionViT
        } else if names.contains("features.1.0.attn.relative_position_bias_table")
            || names.contains("features.1.0.attn.cpb_mlp.0.weight")
        {
            self = .torchvisionSwin(isSecondVersion: names.contains("features.1.0.attn.logit_scale"))
        } else if names.contains("layers.0.blocks.0.attn.relative_position_bias_table")
            || names.contains("layers.0.blocks.0.attn.cpb_mlp.0.weight"),
            names.contains("layers.0.downsample.reduction.weight") || names.contains("head.weight")
        {
            self = .microsoftSwin
        } else if names.contains("decoder_embed.weight"), names.contains("mask_token") {
            self = .maskedAutoencoder
        } else if names.contains("mask_token"), names.contains("blocks.0.ls1.gamma") {
            self = .metaDinov2(hasRegisters: names.contains("register_tokens"))
            lacksClassifier = !names.contains("head.weight")
        } else {
            self = .timm
        }
    }

    init(layout: String, patterns: [NamePattern], epsilon: Float? = nil) {
        self.layout = layout
        self.patterns = patterns
        self.epsilon = epsilon
    }

    /// What the layout's programs call a tensor, or a part of one.
    ///
    /// - Parameters:
    ///   - name: timm's name.
    ///   - part: Which part of a fused tensor; nil for a whole one.
    /// - Returns: The names, in the order of the patterns.
    func names(of name: String, part: Int?) -> [String] {
        let split = name.split(separator: ".", omittingEmptySubsequences: false)
        return patterns.compactMap { $0.part == part ? $0.source(of: split) : nil }
    }

    /// Tensors that can be computed, or that only training reads.
    func isNeedless(_ name: String) -> Bool {
        ["relative_position_index", "relative_coords_table", "attn_mask", "total_ops", "total_params"]
            .contains {
                name == $0 || name.hasSuffix("." + $0)
            }
            || name.hasSuffix("embeddings.mask_token") || name.hasSuffix("embeddings.position_ids")
            || name.hasSuffix("rope.freqs_cos") || name.hasSuffix("rope.freqs_sin") || name == "mask_token"
            || name.hasPrefix("pooler.dense.") || name.holds(".pooler.dense.")
            || leftOut.contains(where: name.hasPrefix)
    }
}

// MARK: - Layouts with timm's names, or nearly

extension NameMap {
    /// timm's own names.
    ///
    /// BEiT and EVA have biases of queries and values apart, and another name for layer scale; EVA-02's own program calls
    /// some layers differently.
    private static let timm = NameMap(
        layout: "timm",
        patterns: [
            NamePattern("blocks.#.attn.q_bias", "blocks.#.attn.qkv.bias", part: 0),
            NamePattern("blocks.#.attn.k_bias", "blocks.#.attn.qkv.bias", part: 1),
            NamePattern("blocks.#.attn.v_bias", "blocks.#.attn.qkv.bias", part: 2),
            NamePattern("blocks.#.gamma_1", "blocks.#.ls1.gamma"),
            NamePattern("blocks.#.gamma_2", "blocks.#.ls2.gamma"),
            NamePattern("layers.#.blocks.#.attn.q_bias", "layers.#.blocks.#.attn.qkv.bias", part: 0),
            NamePattern("layers.#.blocks.#.attn.v_bias", "layers.#.blocks.#.attn.qkv.bias", part: 2),
            NamePattern("blocks.#.mlp.w3.*", "blocks.#.mlp.fc2.*"),
            NamePattern("blocks.#.mlp.ffn_ln.*", "blocks.#.mlp.norm.*"),
            NamePattern("blocks.#.attn.inner_attn_ln.*", "blocks.#.attn.norm.*"),
        ] + gatedMLP("blocks.#.mlp", first: "fc1_g", second: "fc1_x", "blocks.#")
            + gatedMLP("blocks.#.mlp", first: "w1", second: "w2", "blocks.#")
            + thirds("blocks.#.attn", ["q_proj", "k_proj", "v_proj"], "blocks.#"))

    /// The two layers whose outputs are multiplied, as one.
    static func gatedMLP(
        _ source: String, first: String, second: String, _ target: String
    ) -> [NamePattern] {
        [first, second].enumerated().map {
            NamePattern("\(source).\($1).*", "\(target).mlp.fc1.*", part: $0)
        }
    }

    /// Original files have the merging at the end of a stage; timm has it at the start of the next.
    private static let microsoftSwin = NameMap(
        layout: "Microsoft Swin",
        patterns: [
            NamePattern("layers.#.downsample.norm.*", "layers.#+1.downsample.norm.*"),
            NamePattern("layers.#.downsample.reduction.*", "layers.#+1.downsample.reduction.*"),
            NamePattern("head.*", "head.fc.*"),
            NamePattern("layers.#.blocks.#.attn.q_bias", "layers.#.blocks.#.attn.qkv.bias", part: 0),
            NamePattern("layers.#.blocks.#.attn.v_bias", "layers.#.blocks.#.attn.qkv.bias", part: 2),
        ])

    /// The pretraining of MAE, whose widths are those of its three models.
    private static let maskedAutoencoder: NameMap = {
        var map = NameMap(layout: "the encoder of MAE, without its decoder", patterns: [])
        map.lacksClassifier = true
        map.leftOut = ["decoder_"]
        map.leavesChoices = false
        map.heads = [768: 12, 1024: 16, 1280: 16]
        return map
    }()

    /// The files that the authors of DINOv2 published, with the widths of their models.
    private static func metaDinov2(hasRegisters: Bool) -> NameMap {
        var map = NameMap(
            layout: hasRegisters ? "DINOv2 with registers" : "DINOv2",
            patterns: [
                NamePattern("register_tokens", "reg_token"),
                NamePattern("blocks.#.mlp.w12.*", "blocks.#.mlp.fc1.*"),
                NamePattern("blocks.#.mlp.w3.*", "blocks.#.mlp.fc2.*"),
            ])
        map.classTokenAloneHasPosition = hasRegisters
        map.heads = [384: 6, 768: 12, 1024: 16, 1536: 24]
        map.gateActivation = .silu
        map.leavesChoices = false
        return map
    }

    private static let torchvisionViT: NameMap = {
        let layer = "encoder.layers.encoder_layer_#"
        var map = NameMap(
            layout: "torchvision ViT",
            patterns: [
                NamePattern("class_token", "cls_token"), NamePattern("encoder.pos_embedding", "pos_embed"),
                NamePattern("conv_proj.*", "patch_embed.proj.*"), NamePattern("encoder.ln.*", "norm.*"),
                NamePattern("heads.head.*", "head.*"),
                NamePattern("\(layer).self_attention.in_proj_weight", "blocks.#.attn.qkv.weight"),
                NamePattern("\(layer).self_attention.in_proj_bias", "blocks.#.attn.qkv.bias"),
                NamePattern("\(layer).self_attention.out_proj.*", "blocks.#.attn.proj.*"),
            ]
                + [
                    ("ln_1", "norm1"), ("ln_2", "norm2"), ("mlp.0", "mlp.fc1"), ("mlp.3", "mlp.fc2"),
                    ("mlp.linear_1", "mlp.fc1"), ("mlp.linear_2", "mlp.fc2"),
                ].map { NamePattern("\(layer).\($0.0).*", "blocks.#.\($0.1).*") })
        map.leavesChoices = false
        map.heads = [768: 12, 1024: 16, 1280: 16]
        return map
    }()

    private static func torchvisionSwin(isSecondVersion: Bool) -> NameMap {
        // Blocks and mergings take turns in `features`, after the stem.
        let stages = (0..<4).flatMap { stage in
            let (source, target) = ("features.\(2 * stage + 1).#", "layers.\(stage).blocks.#")
            return [
                ("norm1", "norm1"), ("norm2", "norm2"), ("attn.qkv", "attn.qkv"), ("attn.proj", "attn.proj"),
                ("mlp.0", "mlp.fc1"), ("mlp.3", "mlp.fc2"),
            ].map { NamePattern("\(source).\($0.0).*", "\(target).\($0.1).*") }
                + [
                    NamePattern(
                        "\(source).attn.relative_position_bias_table",
                        "\(target).attn.relative_position_bias_table"),
                    NamePattern("\(source).attn.logit_scale", "\(target).attn.logit_scale"),
                    NamePattern("\(source).attn.cpb_mlp.0.*", "\(target).attn.cpb_mlp.0.*"),
                    NamePattern("\(source).attn.cpb_mlp.2.*", "\(target).attn.cpb_mlp.2.*"),
                    NamePattern("features.\(2 * stage + 2).norm.*", "layers.\(stage + 1).downsample.norm.*"),
                    NamePattern(
                        "features.\(2 * stage + 2).reduction.*", "layers.\(stage + 1).downsample.reduction.*"),
                ]
        }
        var map = NameMap(
            layout: isSecondVersion ? "torchvision Swin V2" : "torchvision Swin",
            patterns: [
                NamePattern("features.0.0.*", "patch_embed.proj.*"),
                NamePattern("features.0.2.*", "patch_embed.norm.*"), NamePattern("head.*", "head.fc.*"),
            ] + stages, epsilon: 1e-5)
        map.windowRule = .torchvision
        if isSecondVersion { (map.dropsKeyBias, map.window) = (true, 8) }
        return map
    }
}
