/// How the tensors of one layout are called here, which is as timm calls them.
struct NameMap {
    /// Whose layout it is, for people.
    let layout: String
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
    /// Whether the names are those of a model without a classifier.
    var lacksClassifier = false

    /// The layout of a checkpoint, inferred from its names.
    init(names: Set<String>) {
        let stem = "embeddings.patch_embeddings.projection.weight"
        let prefixes = ["vit.", "deit.", "dinov2.", "dinov2_with_registers.", "swin."]
        if names.contains(stem), !names.contains(where: { $0.hasPrefix("encoder.layers.") }) {
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
            self = family == "swin" ? .huggingFaceSwin : .huggingFace(family, prefix: prefix, names: names)
        } else if names.contains("layers.0.blocks.0.attn.relative_position_bias_table"),
            names.contains("layers.0.downsample.reduction.weight") || names.contains("head.weight")
        {
            self = .microsoftSwin
        } else {
            self = NameMap(layout: "timm", patterns: [])
        }
    }

    /// The layout of one of Hugging Face's models with tokens of one width.
    private static func huggingFace(_ family: String, prefix: String, names: Set<String>) -> NameMap {
        let token = "\(prefix)embeddings.distillation_token"
        var map: NameMap
        switch family {
        case "deit" where names.contains("cls_classifier.weight"):
            map = huggingFaceViT(
                prefix, "Hugging Face DeiT with two classifiers",
                [
                    ("cls_classifier.*", "head.*"), ("distillation_classifier.*", "head_dist.*"),
                    (token, "dist_token"),
                ])
        case "deit":
            // Read by no classifier, the token is one more register.
            map = huggingFaceViT(
                prefix, "Hugging Face DeiT", [("classifier.*", "head.*"), (token, "reg_token")])
        case "dinov2", "dinov2_with_registers":
            map = huggingFaceViT(
                prefix, family == "dinov2" ? "Hugging Face Dinov2" : "Hugging Face Dinov2 with registers",
                [
                    ("classifier.*", "head.*"), ("\(prefix)embeddings.register_tokens", "reg_token"),
                    ("\(prefix)encoder.layer.#.layer_scale1.lambda1", "blocks.#.ls1.gamma"),
                    ("\(prefix)encoder.layer.#.layer_scale2.lambda1", "blocks.#.ls2.gamma"),
                    ("\(prefix)encoder.layer.#.norm1.*", "blocks.#.norm1.*"),
                    ("\(prefix)encoder.layer.#.norm2.*", "blocks.#.norm2.*"),
                ])
            map.epsilon = nil
            map.readsAnySize = true
            if family == "dinov2_with_registers" {
                map.classTokenAloneHasPosition = true
                map.positionFilter = .antialiased
            }
        default:
            map = huggingFaceViT(prefix, "Hugging Face ViT", [("classifier.*", "head.*")])
        }
        return map
    }

    private init(layout: String, patterns: [NamePattern], epsilon: Float? = nil) {
        self.layout = layout
        self.patterns = patterns
        self.epsilon = epsilon
    }

    /// Original files have the merging at the end of a stage; timm has it at the start of the next.
    private static let microsoftSwin = NameMap(
        layout: "Microsoft Swin",
        patterns: [
            NamePattern("layers.#.downsample.norm.*", "layers.#+1.downsample.norm.*"),
            NamePattern("layers.#.downsample.reduction.*", "layers.#+1.downsample.reduction.*"),
            NamePattern("head.*", "head.fc.*"),
        ])

    /// The names of a block's parts on disk, and those in memory since transformers 5, which some tools write.
    private static func block(_ source: String, _ classic: String, _ target: String) -> [NamePattern] {
        var patterns: [NamePattern] = []
        for (third, name) in ["query", "key", "value"].enumerated() {
            patterns.append(
                NamePattern("\(source).\(classic).\(name).*", "\(target).attn.qkv.*", third: third))
        }
        for (third, name) in ["q_proj", "k_proj", "v_proj"].enumerated() {
            patterns.append(
                NamePattern("\(source).attention.\(name).*", "\(target).attn.qkv.*", third: third))
        }
        let others = [
            ("attention.output.dense", "attn.proj"), ("attention.o_proj", "attn.proj"),
            ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2"), ("mlp.fc1", "mlp.fc1"),
            ("mlp.fc2", "mlp.fc2"), ("layernorm_before", "norm1"), ("layernorm_after", "norm2"),
        ]
        return patterns + others.map { NamePattern("\(source).\($0.0).*", "\(target).\($0.1).*") }
    }

    private static func huggingFaceViT(
        _ prefix: String, _ layout: String, _ others: [(String, String)]
    ) -> NameMap {
        var map = NameMap(
            layout: layout,
            patterns: others.map { NamePattern($0.0, $0.1) } + [
                NamePattern("\(prefix)embeddings.cls_token", "cls_token"),
                NamePattern("\(prefix)embeddings.position_embeddings", "pos_embed"),
                NamePattern("\(prefix)embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),
                NamePattern("\(prefix)layernorm.*", "norm.*"),
            ] + block("\(prefix)encoder.layer.#", "attention.attention", "blocks.#")
                + block("\(prefix)layers.#", "attention.attention", "blocks.#"),
            epsilon: 1e-12)
        map.positionFilter = .interpolated
        return map
    }

    private static let huggingFaceSwin = NameMap(
        layout: "Hugging Face Swin",
        patterns: [
            NamePattern("classifier.*", "head.fc.*"),
            NamePattern("swin.embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),
            NamePattern("swin.embeddings.norm.*", "patch_embed.norm.*"),
            NamePattern("swin.layernorm.*", "norm.*"),
            NamePattern("swin.encoder.layers.#.downsample.norm.*", "layers.#+1.downsample.norm.*"),
            NamePattern("swin.encoder.layers.#.downsample.reduction.*", "layers.#+1.downsample.reduction.*"),
            NamePattern(
                "swin.encoder.layers.#.blocks.#.attention.self.relative_position_bias_table",
                "layers.#.blocks.#.attn.relative_position_bias_table"),
            NamePattern(
                "swin.encoder.layers.#.blocks.#.attention.relative_position_bias.relative_position_bias_table",
                "layers.#.blocks.#.attn.relative_position_bias_table"),
        ] + block("swin.encoder.layers.#.blocks.#", "attention.self", "layers.#.blocks.#"),
        epsilon: 1e-5)

    /// Tensors that can be computed, or that only training reads.
    static func isNeedless(_ name: String) -> Bool {
        ["relative_position_index", "attn_mask"].contains { name.hasSuffix("." + $0) }
            || name.hasSuffix("embeddings.mask_token") || name == "mask_token"
            || name.hasPrefix("pooler.dense.") || name.contains(".pooler.dense.")
    }
}
