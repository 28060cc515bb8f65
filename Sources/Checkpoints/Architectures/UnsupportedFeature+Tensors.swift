extension UnsupportedFeature {
    /// Parts of tensors' names that only a feature has; a mark that begins with `^` stands at the start.
    private static let tensorMarks: [(marks: [String], feature: UnsupportedFeature)] = [
        (["lora_A.", "lora_B.", "lora_embedding"], .adapters),
        ([".SCB", ".qweight", ".weight_packed", ".quant_state.", ".weight_scale"], .quantizedWeights),
        (["^blocks_token_only."], .classAttention),
        (["^cls_attn_blocks.", ".attn.temperature"], .crossCovariance),
        ([".attn.gating_param"], .gatedAttention), ([".attn.rel_pos_h"], .decomposedPositions),
        ([".lambda_q1", ".attn.lambda_q"], .differentialAttention),
        ([".attn.meta_mlp."], .cosineAttention), (["^storage_tokens"], .originalNames),
        (["rope.freqs", "^freqs_"], .learnedRotations),
        (["rope.", "rope_embeddings", ".rope_"], .rotaryPositions),
        ([".parallel_", ".attns.", ".ffns.", ".attn_out_proj.", ".mlp_out_proj."], .parallelBranches),
        ([".q_norm.", ".k_norm."], .queryKeyNorm),
        ([".attn.inner_attn_ln.", ".mlp.ffn_ln."], .innerNorm),
        (
            [
                ".mlp.w12.", ".mlp.w1.", ".mlp.weights_in.", ".mlp.weights_out.", ".mlp.gate_proj.",
                ".mlp.up_proj.", ".mlp.down_proj.",
            ], .gatedMLP
        ),
        (["^patch_embed.backbone.", "^patch_embed.conv", "^patch_embed.proj.0."], .convolutionalStem),
        (["^rel_pos_bias.", "^rel_pos.", "^shared_rel_pos."], .sharedPositions),
        ([".rel_pos."], .relativePositions),
        (["absolute_pos_embed"], .absoluteSwinPositions), (["^embeds."], .flexiblePatches),
        (["^layer1.0.conv1.", "^stages.0.blocks.0.conv_dw."], .convolutions),
    ]

    /// Why a checkpoint with some tensors cannot be run.
    ///
    /// - Parameter names: The tensors' names here.
    /// - Returns: One sentence that names every feature that is not supported with one of its tensors; nil if there is
    ///   none.
    static func refusal(of names: some Sequence<String>) -> String? {
        let names = names.sorted()
        var found: [(feature: UnsupportedFeature, tensor: String)] = tensorMarks.compactMap {
            marks, feature in
            let first = names.first { name in
                marks.contains { mark in
                    mark.hasPrefix("^") ? name.hasPrefix(mark.dropFirst()) : name.holds(mark)
                }
            }
            return first.map { (feature, $0) }
        }
        let norm = "blocks.0.norm1.weight"
        if names.contains(norm), !names.contains("blocks.0.norm1.bias") { found.append((.rmsNorm, norm)) }
        // Hugging Face's CLIP for classification has a last norm and does not use it.
        let classifier = "classifier.weight"
        if names.contains(classifier), names.contains("norm_pre.weight") {
            found.append((.noLastNorm, classifier))
        }
        guard !found.isEmpty else { return nil }
        return "it has " + found.map { "\($0.feature.words) (tensor “\($0.tensor)”)" }.joined(separator: ", ")
            + ", which \(found.count == 1 ? "is" : "are") not supported"
    }
}
