internal import TensorCore
internal import VisionTransformers

// Pooling by attention: its query is here what the layer of queries makes of the latent token, and some layouts have
// that layer and the one of keys and values in one tensor.
extension CheckpointReading {
    private static let latent = "attn_pool.latent"

    /// Whether the tensors are those of a model that pools by attention.
    var hasAttentionPooling: Bool { files.tensors.entries[Self.latent] != nil }

    /// Whether queries, keys and values of the pooling are one layer.
    private var isPoolingFused: Bool { files.tensors.entries["attn_pool.qkv.weight"] != nil }

    /// What a model has for pooling by attention.
    ///
    /// - Throws: `Unfit` for a model whose program pools in another way than timm's VisionTransformer and SigLIP.
    func attentionPooling(of shape: ViTConfiguration) throws(Unfit) -> AttentionPoolingShape {
        guard hasAttentionPooling else {
            throw Unfit(sentence: "pooling is by attention (“map”), but there is no tensor “\(Self.latent)”")
        }
        guard !files.configuration.skipsPooling else {
            throw Unfit(
                sentence:
                    "config.json says vision_use_head false, but there is the head “\(Self.latent)”; take one away"
            )
        }
        let name = files.configuration.architecture ?? ""
        let isEVA = shape.rotary != nil || ["eva", "beit3"].contains(where: name.lowercased().hasPrefix)
        // Perception encoders have a norm before their blocks, and of all that pool by attention only they.
        guard !isEVA, files.configuration.facts != nil || !shape.hasPreNorm else {
            throw Unfit(
                sentence: "it has \(UnsupportedFeature.attentionPooling.words), which is not supported")
        }
        return AttentionPoolingShape(
            heads: shape.heads, hiddenWidth: try self.shape("attn_pool.mlp.fc1.weight", rank: 2)[0],
            activation: shape.activation)
    }

    /// Puts the tensors that a checkpoint has in the place of those that are computed from them.
    func replacePoolingTensors(in expected: inout [String: [Int]]) {
        guard let width = expected.removeValue(forKey: AttentionPooling.queryName)?.last else { return }
        expected[Self.latent] = [1, 1, width]
        if isPoolingFused {
            for ending in ["weight", "bias"] { expected["attn_pool.kv.\(ending)"] = nil }
        }
        let (layer, parts) = isPoolingFused ? ("qkv", 3) : ("q", 1)
        expected["attn_pool.\(layer).weight"] = [parts * width, width]
        expected["attn_pool.\(layer).bias"] = [parts * width]
    }

    /// A parameter of the pooling that is computed; nil for one that the checkpoint has.
    func poolingTensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor? {
        switch name {
        case AttentionPooling.queryName:
            return Tensor(shape: shape, elements: try latentQuery(width: shape.last ?? 0))
        case "attn_pool.kv.weight" where isPoolingFused, "attn_pool.kv.bias" where isPoolingFused:
            let whole = try files.tensors.finiteFloats(name.replacing(".kv.", with: ".qkv."))
            return Tensor(shape: shape, elements: Array(whole[(whole.count / 3)...]))
        default: return nil
        }
    }

    /// `[width]`: the layer of queries applied to the latent token, in float64.
    private func latentQuery(width: Int) throws(CheckpointError) -> [Float] {
        let layer = isPoolingFused ? "attn_pool.qkv" : "attn_pool.q"
        let latent = try files.tensors.finiteFloats(Self.latent)
        let weight = try files.tensors.finiteFloats("\(layer).weight")
        let bias = try files.tensors.finiteFloats("\(layer).bias")
        return (0..<width).map { output in
            Float(
                latent.indices.reduce(Double(bias[output])) {
                    $0 + Double(weight[output * width + $1]) * Double(latent[$1])
                })
        }
    }
}
