internal import VisionTransformers

// What tensors of a ViT do not show.
extension CheckpointReading {
    /// Refuses a model whose names are those of models with rotary positions, which no tensor shows, where nothing says
    /// how they are.
    func checkRotations(hasTable: Bool) throws(Unfit) {
        guard files.configuration.facts == nil, !hasTable else { return }
        let isTimm = files.tensors.layout == "timm"
        guard isTimm || files.tensors.layout.hasPrefix("Hugging Face DINOv3") else { return }
        let names = files.tensors.source.names
        func has(_ ending: String) -> Bool { names.contains { $0.hasSuffix(ending) } }
        // timm's models with these names are EVA-02, DINOv3 and RoPE-ViT, and BEiT, which has tables.
        let mark = [
            "blocks.0.gamma_1", "blocks.0.attn.q_proj.weight", "blocks.0.mlp.fc1_g.weight",
            "blocks.0.mlp.w1.weight",
        ].first(where: has)
        let layers = (
            try shape("blocks.0.mlp.fc1.weight", rank: 2), try shape("blocks.0.mlp.fc2.weight", rank: 2)
        )
        let isEVA02 = has("blocks.0.attn.q_bias") && layers.0[0] == 2 * layers.1[1]
        guard mark != nil || isEVA02 || files.tensors.entries["pos_embed"] == nil else { return }
        let reason =
            files.tensors.entries["pos_embed"] == nil
            ? "it has no “pos_embed”" : "it has “\(mark ?? "blocks.0.attn.q_bias")”"
        throw Unfit(
            sentence:
                "\(reason), as with rotary positions, which tensors do not show; give "
                + (isTimm ? "config.json with timm's “architecture”" : "its config.json"))
    }

    /// What the first factor of gated MLPs goes through.
    func gateActivation() throws(Unfit) -> MLPActivation {
        let (said, facts) = (files.configuration, files.configuration.facts)
        if let found = files.tensors.map.gateActivation ?? said.activation { return found }
        if said.gatesBySiLU { return .silu }
        guard let found = facts?.activation else {
            let name = said.architecture.map { ", and “\($0)” has none by itself" } ?? ""
            throw Unfit(
                sentence:
                    "its MLPs are gated, as “blocks.0.mlp.fc1.weight” has twice the rows that “blocks.0.mlp.fc2.weight” has "
                    + "columns, and no tensor shows by which activation\(name); give config.json with timm's "
                    + "“swiglu_mlp”: true for SiLU, with “act_layer”, or with the “architecture” of a gated model"
            )
        }
        return found
    }

    /// Why parts that the tensors show do not go together in a model that is known; nil where they do.
    func clash(in shape: ViTConfiguration) -> String? {
        let (norm, token) = ("“fc_norm.weight”", "“dist_token”")
        if shape.normalizesAfterPooling, shape.pooling == .attention {
            return
                "it has a norm after pooling by attention (tensor \(norm)), which is not supported; “norm” before the "
                + "pooling would be"
        }
        if shape.normalizesAfterPooling, shape.pooling == .classTokenAndAverage {
            return
                "its head reads the class token and the mean of the patches behind a norm (tensor \(norm)), which is not "
                + "supported; without that norm it would be"
        }
        if shape.hasDistillationToken {
            let pooling: String? =
                shape.normalizesAfterPooling
                ? "a norm after pooling (tensor \(norm))"
                : shape.pooling == .classToken ? nil : "pooling of tokens"
            if let pooling {
                return
                    "it has a distillation token (tensor \(token)) and \(pooling), which is not supported together; "
                    + "“global_pool”: \"token\" without “fc_norm” would be"
            }
            if shape.classes == 0 {
                return
                    "it has a distillation token (tensor \(token)) and no classifier, which is not supported together; "
                    + "“head.weight” and “head_dist.weight” would be read"
            }
        }
        if shape.hasRelativePositions, !shape.hasClassToken || shape.prefixTokens != 1 {
            return
                "its tables of relative positions are for patches and \(shape.prefixTokens) tokens before them; only those "
                + "with one, the class token, are supported, as BEiT has them"
        }
        return nil
    }

    /// Refuses a model that has no positions of any kind that is known.
    func missingPositions() -> Unfit {
        let other = files.tensors.entries.keys.filter { $0.holds("relative_position") }.min()
        let sentence: String
        if let other, other.holds("layer.") {
            sentence =
                "it has tables of relative positions under names that are not known (tensor “\(other)”), as models of Hugging "
                + "Face's BEiT without a classifier have; those with one (BeitForImageClassification) are supported"
        } else if let other {
            sentence =
                "it has positions that all blocks share (tensor “\(other)”), which are not supported; “pos_embed”, or a "
                + "table of relative positions in each block, would be"
        } else {
            sentence =
                "it has no positions: there is neither “pos_embed” nor “blocks.0.attn.relative_position_bias_table” under any "
                + "known name, nor a config.json with an architecture that has rotary positions"
        }
        return Unfit(sentence: sentence)
    }

    /// Why a model without a classifier under its name cannot be used, with what may be the classifier.
    ///
    /// - Parameter name: What it is called here.
    /// - Returns: The sentence.
    func missingClassifier(_ name: String) -> Unfit {
        let width = files.tensors.entries["norm.weight"]?.shape.first
        let candidates = files.tensors.entries.filter { key, entry in
            entry.shape.count == 2 && (width == nil || entry.shape[1] == width) && key.hasSuffix(".weight")
                && !["blocks.", "layers.", "patch_embed.", "decoder", "attn_pool."].contains(
                    where: key.hasPrefix)
        }
        .keys.sorted()
        let rename =
            candidates.isEmpty
            ? ""
            : "; if \(candidates.map { "“\($0)”" }.joined(separator: " or ")) is the classifier, rename it to “\(name)”"
        return Unfit(
            sentence:
                "there is no classifier, “\(name)”\(rename); for a model without one, give config.json with "
                + "“num_classes”: 0")
    }

    /// The grid of patches of a model whose tensors do not depend on it.
    func imageGrid(patch: (height: Int, width: Int)) throws(Unfit) -> (rows: Int, columns: Int) {
        guard let size = files.imageSize ?? askedSize else {
            throw Unfit(
                sentence:
                    "the size of images is not known, as rotary positions fit any; give --image-size, or img_size in "
                    + "config.json")
        }
        return (size.height / patch.height, size.width / patch.width)
    }
}
