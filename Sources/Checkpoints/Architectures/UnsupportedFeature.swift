/// What some vision transformers have that this program does not compute.
enum UnsupportedFeature: String {
    case absoluteSwinPositions, adapters, attentionPooling, classAttention, convolutionalStem, convolutions
    case cosineAttention, crossCovariance
    case decomposedPositions, differentialAttention, flexiblePatches, gatedAttention, gatedMLP, innerNorm
    case learnedRotations, noLastNorm, noPositions, originalNames, otherActivation, ownArchitecture
    case parallelBranches, postNorm,
        quantizedWeights
    case queryKeyNorm, relativePositions, rmsNorm, rotaryPositions, sharedPositions, unequalWindows

    /// The feature in a few words, for people.
    var words: String {
        switch self {
        case .absoluteSwinPositions: "Swin's absolute positions"
        case .adapters: "LoRA adapters that are not merged into the weights (merge_and_unload merges them)"
        case .attentionPooling: "pooling by attention in the manner of EVA and perception encoders"
        case .classAttention: "class attention (CaiT)"
        case .convolutionalStem: "a convolutional stem"
        case .convolutions: "convolutions instead of attention"
        case .cosineAttention: "another scaled cosine attention than Swin V2's"
        case .crossCovariance: "cross-covariance attention (XCiT)"
        case .decomposedPositions: "decomposed relative positions (SAM)"
        case .differentialAttention: "differential attention"
        case .flexiblePatches: "patches of variable size (NaFlex)"
        case .gatedAttention: "gated positional attention (ConViT)"
        case .gatedMLP: "a gated MLP of another kind than SwiGLU"
        case .innerNorm: "a norm inside attention or the MLP, under another name than timm's"
        case .learnedRotations: "rotary positions with learned frequencies"
        case .noLastNorm: "no norm before the head"
        case .noPositions: "no position embeddings"
        case .otherActivation: "an activation other than GELU, its approximations and ReLU"
        case .originalNames:
            "the names of its original program, which keeps its rotary frequencies in bfloat16 (timm and Hugging Face have the same models)"
        case .ownArchitecture: "blocks that are neither a ViT's nor a Swin's"
        case .parallelBranches: "parallel branches in its blocks"
        case .postNorm: "norms after attention and MLP instead of before them (post-norm)"
        case .quantizedWeights: "weights that are quantized already"
        case .queryKeyNorm: "norms of queries and keys (qk-norm)"
        case .relativePositions: "relative positions"
        case .rmsNorm: "RMS norms"
        case .rotaryPositions: "rotary positions of another kind than EVA-02's, RoPE-ViT's and DINOv3's"
        case .sharedPositions: "relative positions that all blocks share"
        case .unequalWindows: "windows of another size in each stage"
        }
    }

    /// The feature that parts of an architecture's name stand for, where timm's table does not know the name; the first
    /// that is found counts.
    private static let nameMarks: [(marks: [String], feature: UnsupportedFeature)] = [
        (["relpos"], .relativePositions), (["_rpn"], .postNorm),
        (["rope", "eva02", "dinov3"], .rotaryPositions),
        (["_xp_", "parallel", "18x2", "_pwee"], .parallelBranches),
        (["swinv2", "swin_v2"], .cosineAttention),
        (["cait_"], .classAttention), (["xcit_"], .crossCovariance), (["samvit"], .decomposedPositions),
        (["naflex"], .flexiblePatches), (["convit"], .gatedAttention),
        (["diff"], .differentialAttention), (["aimv2", "vitamin"], .gatedMLP),
        (["qknorm", "qk_norm"], .queryKeyNorm),
        (
            [
                "levit", "pit_", "tnt_", "twins", "volo", "maxvit", "coatnet", "coat_", "crossvit", "davit",
                "hiera",
                "mvit", "nest", "pvt", "gcvit", "cvt", "t2t", "poolformer", "mobilevit", "efficientformer",
            ], .ownArchitecture
        ),
    ]

    /// The feature that an architecture's name stands for; nil for a name that says nothing of the kind.
    init?(inNameOf architecture: String) {
        guard let found = Self.nameMarks.first(where: { $0.marks.contains(where: architecture.contains) })
        else { return nil }
        self = found.feature
    }
}
