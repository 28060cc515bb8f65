internal import VisionTransformers

// The layouts of Hugging Face.
extension NameMap {
    /// The layout of one of Hugging Face's models with tokens of one width.
    static func huggingFace(_ family: String, prefix: String, names: Set<String>) -> NameMap {
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
                    ("\(prefix)encoder.layer.#.mlp.weights_in.*", "blocks.#.mlp.fc1.*"),
                    ("\(prefix)encoder.layer.#.mlp.weights_out.*", "blocks.#.mlp.fc2.*"),
                    ("\(prefix)encoder.layer.#.mlp.down_proj.*", "blocks.#.mlp.fc2.*"),
                ],
                gatedMLP(
                    "\(prefix)encoder.layer.#.mlp", first: "gate_proj", second: "up_proj", "blocks.#"))
            map.gateActivation = .silu
            map.epsilon = nil
            map.readsAnySize = true
            if family == "dinov2_with_registers" {
                map.classTokenAloneHasPosition = true
                map.positionFilter = .antialiased
            }
        case "beit", "data2vec_vision":
            // The second names are those in memory since transformers 5.
            let (layer, memory) = ("\(prefix)encoder.layer.#", "\(prefix)layers.#")
            let table = "relative_position_bias.relative_position_bias_table"
            map = huggingFaceViT(
                prefix, family == "beit" ? "Hugging Face BEiT" : "Hugging Face Data2Vec",
                [("classifier.*", "head.*"), ("\(prefix)pooler.layernorm.*", "fc_norm.*")]
                    + [layer, memory].flatMap {
                        [("\($0).lambda_1", "blocks.#.ls1.gamma"), ("\($0).lambda_2", "blocks.#.ls2.gamma")]
                    }
                    + ["\(layer).attention.attention.\(table)", "\(memory).\(table)"].map {
                        ($0, "blocks.#.attn.relative_position_bias_table")
                    })
        default:
            map = huggingFaceViT(prefix, "Hugging Face ViT", [("classifier.*", "head.*")])
        }
        if names.contains("decoder.mask_token") || names.contains("decoder.0.weight") {
            map.layout += ", without its decoder"
            map.leftOut = ["decoder."]
            map.lacksClassifier = true
        }
        return map
    }

    /// The names of a block's parts on disk, and those in memory since transformers 5, which some tools write.
    private static func block(_ source: String, _ classic: String, _ target: String) -> [NamePattern] {
        let others = [
            ("attention.output.dense", "attn.proj"), ("attention.o_proj", "attn.proj"),
            ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2"), ("mlp.fc1", "mlp.fc1"),
            ("mlp.fc2", "mlp.fc2"), ("layernorm_before", "norm1"), ("layernorm_after", "norm2"),
        ]
        return thirds("\(source).\(classic)", ["query", "key", "value"], target)
            + thirds("\(source).attention", ["q_proj", "k_proj", "v_proj"], target)
            + others.map { NamePattern("\(source).\($0.0).*", "\(target).\($0.1).*") }
    }

    /// Queries, keys and values apart.
    static func thirds(_ source: String, _ names: [String], _ target: String) -> [NamePattern] {
        names.enumerated().map { NamePattern("\(source).\($1).*", "\(target).attn.qkv.*", part: $0) }
    }

    private static func huggingFaceViT(
        _ prefix: String, _ layout: String, _ others: [(String, String)], _ parts: [NamePattern] = []
    ) -> NameMap {
        // ViTMSN's layers are written without the prefix that the rest has.
        let layers =
            ["\(prefix)encoder.layer.#", "\(prefix)layers.#"] + (prefix.isEmpty ? [] : ["encoder.layer.#"])
        var map = NameMap(
            layout: layout,
            patterns: others.map { NamePattern($0.0, $0.1) } + [
                NamePattern("\(prefix)embeddings.cls_token", "cls_token"),
                NamePattern("\(prefix)embeddings.position_embeddings", "pos_embed"),
                NamePattern("\(prefix)embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),
                NamePattern("\(prefix)layernorm.*", "norm.*"),
            ] + parts + layers.flatMap { block($0, "attention.attention", "blocks.#") },
            epsilon: 1e-12)
        map.positionFilter = .interpolated
        return map
    }

    /// DINOv3, whose MLPs are gated or plain; both have an `up_proj`.
    static func huggingFaceDINOv3(_ names: Set<String>) -> NameMap {
        let isGated = names.contains { $0.hasSuffix(".mlp.gate_proj.weight") }
        let layers = ["layer.#", "model.layer.#"].flatMap { layer in
            [
                ("layer_scale1.lambda1", "ls1.gamma"), ("layer_scale2.lambda1", "ls2.gamma"),
                ("norm1.*", "norm1.*"), ("norm2.*", "norm2.*"), ("attention.o_proj.*", "attn.proj.*"),
                ("mlp.down_proj.*", "mlp.fc2.*"),
            ].map { NamePattern("\(layer).\($0.0)", "blocks.#.\($0.1)") }
                + thirds("\(layer).attention", ["q_proj", "k_proj", "v_proj"], "blocks.#")
                + (isGated
                    ? gatedMLP("\(layer).mlp", first: "gate_proj", second: "up_proj", "blocks.#")
                    : [NamePattern("\(layer).mlp.up_proj.*", "blocks.#.mlp.fc1.*")])
        }
        var map = NameMap(
            layout: "Hugging Face DINOv3",
            patterns: [
                NamePattern("embeddings.cls_token", "cls_token"),
                NamePattern("embeddings.register_tokens", "reg_token"),
                NamePattern("embeddings.patch_embeddings.*", "patch_embed.proj.*"),
                NamePattern("classifier.*", "head.*"),
            ] + layers,
            epsilon: 1e-5)
        map.readsAnySize = true
        return map
    }

    /// What the vision halves of CLIP and SigLIP have in common.
    private static func visionHalf(_ prefix: String) -> [NamePattern] {
        let layer = "\(prefix)encoder.layers.#"
        return [
            NamePattern("\(prefix)embeddings.position_embedding.weight", "pos_embed"),
            NamePattern("\(prefix)embeddings.patch_embedding.*", "patch_embed.proj.*"),
            NamePattern("\(prefix)post_layernorm.*", "norm.*"),
            NamePattern("\(layer).self_attn.out_proj.*", "blocks.#.attn.proj.*"),
        ]
            + [
                ("layer_norm1", "norm1"), ("layer_norm2", "norm2"), ("mlp.fc1", "mlp.fc1"),
                ("mlp.fc2", "mlp.fc2"),
            ].map { NamePattern("\(layer).\($0.0).*", "blocks.#.\($0.1).*") }
            + thirds("\(layer).self_attn", ["q_proj", "k_proj", "v_proj"], "blocks.#")
    }

    /// The vision half of SigLIP; a classifier reads the mean of the tokens and not the pooling, whose tensors are in the
    /// file nevertheless.
    static func huggingFaceSigLIP(_ prefix: String, names: Set<String>) -> NameMap {
        let head = "\(prefix)head"
        let isClassifier = names.contains("classifier.weight")
        var map = NameMap(
            layout: "Hugging Face SigLIP, the vision half" + (isClassifier ? " with a classifier" : ""),
            patterns: visionHalf(prefix) + [
                NamePattern("classifier.*", "head.*"), NamePattern("\(head).probe", "attn_pool.latent"),
                NamePattern("\(head).attention.in_proj_weight", "attn_pool.qkv.weight"),
                NamePattern("\(head).attention.in_proj_bias", "attn_pool.qkv.bias"),
                NamePattern("\(head).attention.out_proj.*", "attn_pool.proj.*"),
                NamePattern("\(head).layernorm.*", "attn_pool.norm.*"),
                NamePattern("\(head).mlp.fc1.*", "attn_pool.mlp.fc1.*"),
                NamePattern("\(head).mlp.fc2.*", "attn_pool.mlp.fc2.*"),
            ],
            epsilon: 1e-6)
        map.positionFilter = .interpolated
        map.leftOut = ["text_model.", "logit_scale", "logit_bias"] + (isClassifier ? ["\(head)."] : [])
        return map
    }

    /// The vision half of CLIP; its projection is a classifier without a bias.
    static func huggingFaceCLIP(_ prefix: String) -> NameMap {
        var map = NameMap(
            layout: "Hugging Face CLIP, the vision half",
            patterns: visionHalf(prefix) + [
                NamePattern("\(prefix)embeddings.class_embedding", "cls_token"),
                NamePattern("\(prefix)pre_layrnorm.*", "norm_pre.*"),
                NamePattern("visual_projection.*", "head.*"),
            ],
            epsilon: 1e-5)
        map.positionFilter = .interpolated
        map.leftOut = ["text_model.", "text_projection.", "logit_scale"]
        map.zeroBiases = ["head"]
        return map
    }

    static func huggingFaceSwin(_ prefix: String, names: Set<String>) -> NameMap {
        let blocks = "\(prefix)encoder.layers.#.blocks.#"
        let isSecondVersion = names.contains { $0.hasSuffix(".logit_scale") }
        let ofSecondVersion = [blocks + ".attention.self", blocks + ".attention"].flatMap { source in
            [
                ("logit_scale", "logit_scale"), ("continuous_position_bias_mlp.0.*", "cpb_mlp.0.*"),
                ("continuous_position_bias_mlp.2.*", "cpb_mlp.2.*"),
            ].map { NamePattern("\(source).\($0.0)", "layers.#.blocks.#.attn.\($0.1)") }
        }
        var map = NameMap(
            layout: isSecondVersion ? "Hugging Face Swin V2" : "Hugging Face Swin",
            patterns: [
                NamePattern("classifier.*", "head.fc.*"),
                NamePattern("\(prefix)embeddings.patch_embeddings.projection.*", "patch_embed.proj.*"),
                NamePattern("\(prefix)embeddings.norm.*", "patch_embed.norm.*"),
                NamePattern("\(prefix)layernorm.*", "norm.*"),
                NamePattern("\(prefix)encoder.layers.#.downsample.norm.*", "layers.#+1.downsample.norm.*"),
                NamePattern(
                    "\(prefix)encoder.layers.#.downsample.reduction.*", "layers.#+1.downsample.reduction.*"),
                NamePattern(
                    "\(blocks).attention.self.relative_position_bias_table",
                    "layers.#.blocks.#.attn.relative_position_bias_table"),
                NamePattern(
                    "\(blocks).attention.relative_position_bias.relative_position_bias_table",
                    "layers.#.blocks.#.attn.relative_position_bias_table"),
            ] + ofSecondVersion + block(blocks, "attention.self", "layers.#.blocks.#"),
            epsilon: 1e-5)
        // The second version fills up and shifts a grid as torchvision does.
        map.windowRule = isSecondVersion ? .torchvision : .huggingFace
        return map
    }
}
