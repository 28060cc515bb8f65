/// What stands before a model's own names where it is a part of something else, such as `module.` or `backbone.`.
struct ModelPrefix {
    /// The tensors that each layout has exactly once, the longer of two that end alike first.
    private static let anchors =
        ["vit", "deit", "dinov2", "dinov2_with_registers", "swin", "swinv2", "beit", "data2vec_vision"].map {
            "\($0).embeddings.patch_embeddings.projection.weight"
        } + [
            "vision_model.embeddings.patch_embedding.weight", "embeddings.patch_embeddings.projection.weight",
            "embeddings.patch_embedding.weight", "embeddings.patch_embeddings.weight",
            "features.1.0.attn.relative_position_bias_table", "features.1.0.attn.cpb_mlp.0.weight",
            "patch_embed.proj.weight", "conv_proj.weight",
        ]

    /// The names of modules that wrap another one without adding a tensor of their own.
    private static let wrappers: Set<Substring> = [
        "_orig_mod", "_checkpoint_wrapped_module", "_fsdp_wrapped_module",
    ]

    /// A name without the modules that wrap others.
    static func unwrapped(_ name: String) -> String {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let kept = parts.filter { !wrappers.contains($0) }
        return kept.count == parts.count ? name : kept.joined(separator: ".")
    }

    /// Everything that stands before a tensor that only a vision transformer has.
    ///
    /// - Parameter names: Names without wrappers.
    /// - Returns: The prefixes in order; `""` for a model with its own names.
    static func all(in names: some Sequence<String>) -> [String] {
        var found: Set<String> = []
        for name in names where name.hasSuffix("weight") || name.hasSuffix("table") {
            guard let anchor = anchors.first(where: { name == $0 || name.hasSuffix("." + $0) }) else {
                continue
            }
            found.insert(String(name.dropLast(anchor.count)))
        }
        return found.sorted()
    }

    /// Parts of names beside a model that it does not read: losses, averages, and the other halves of what it was
    /// trained in.
    private static let strangers = [
        "criterion", "loss", "metric", "n_averaged", "logit_scale", "logit_bias", "text", "transformer.",
        "token_embedding", "positional_embedding", "ln_final", "queue", "predictor", "projector", "normalize",
        "mean", "std", "pixel_mean", "pixel_std", "decoder", "mask_token", "text_projection",
    ]

    /// The strangers that never are layers of a model.
    private static let harmless = [
        "n_averaged", "logit_scale", "logit_bias", "normalize", "mean", "std", "pixel_mean", "pixel_std",
        "mask_token",
    ]

    /// Whether a tensor that is left out is told from a layer of the model by the start of its name alone.
    static func isToldByName(_ name: String) -> Bool {
        let parts = name.split(separator: ".")
        return !harmless.contains { name == $0 || parts.first.map(String.init) == $0 }
    }

    /// Whether a tensor outside of the prefix can be left out without a change of what the model computes.
    static func isStranger(_ name: String) -> Bool { strangers.contains { name.hasPrefix($0) } }
}
