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
        guard let found = files.tensors.map.gateActivation ?? said.activation ?? facts?.activation else {
            throw Unfit(
                sentence:
                    "its MLPs are gated, and their activation is not known, as tensors do not show it; give config.json "
                    + "with act_layer or with timm's “architecture”")
        }
        return found
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
