/// Parts of vision transformers that are not supported, by their tensors' names.
enum UnsupportedParts {
    private static let marks: [(mark: String, what: String)] = [
        ("norm_pre.", "a norm before the blocks (CLIP's norm_pre)"),
        (".attn.q_norm.", "norms of queries and keys (q_norm, k_norm)"),
        (".attn.k_norm.", "norms of queries and keys (q_norm, k_norm)"),
        (".attn.norm.", "a norm inside attention"), (".mlp.norm.", "a norm inside the MLP"),
        (".mlp.w12.", "a SwiGLU MLP"), (".mlp.fc1_g.", "a SwiGLU MLP"), (".mlp.fc1_x.", "a SwiGLU MLP"),
        (".mlp.weights_in.", "a SwiGLU MLP"), (".mlp.weights_out.", "a SwiGLU MLP"),
        (".mlp.gate_proj.", "a SwiGLU MLP"), (".mlp.up_proj.", "a SwiGLU MLP"),
        (".mlp.down_proj.", "a SwiGLU MLP"),
        ("attn_pool.", "pooling by attention (global_pool “map”)"),
        ("patch_embed.backbone.", "a convolutional stem"), ("patch_embed.conv", "a convolutional stem"),
        ("patch_embed.proj.0.", "a convolutional stem"), (".gamma_1", "BEiT's layer scale"),
        (".gamma_2", "BEiT's layer scale"), (".attn.q_bias", "BEiT's attention biases"),
        (".attn.v_bias", "BEiT's attention biases"), ("rel_pos_bias", "shared relative positions"),
        (".logit_scale", "Swin V2's cosine attention"), (".cpb_mlp.", "Swin V2's continuous position bias"),
        ("absolute_pos_embed", "Swin's absolute positions"), ("rope", "rotary positions"),
        (".parallel_", "parallel branches"),
    ]

    /// The sentences for some names, and the names that none of them explains.
    static func explain(_ names: [String]) -> (sentences: [String], rest: [String]) {
        var found: [(what: String, first: String, count: Int)] = []
        var rest: [String] = []
        for name in names.sorted() {
            guard let what = marks.first(where: { name.hasPrefix($0.mark) || name.contains($0.mark) })?.what
            else {
                rest.append(name)
                continue
            }
            if let index = found.firstIndex(where: { $0.what == what }) {
                found[index].count += 1
            } else {
                found.append((what, name, 1))
            }
        }
        return (
            found.map { part in
                "\(part.what) is not supported: tensor “\(part.first)”"
                    + (part.count > 1 ? " and \(part.count - 1) more" : "")
            }, rest
        )
    }
}
