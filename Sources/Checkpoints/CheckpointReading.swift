internal import Safetensors
internal import VisionTransformers

/// What a checkpoint's names and shapes say about its architecture, and everything that does not fit.
struct CheckpointReading {
    /// The architecture, as far as it could be told.
    private(set) var configuration: ModelConfiguration?
    /// Everything missing, unexpected or unsupported, one sentence each.
    private(set) var problems: [String] = []
    private let files: CheckpointFiles

    init(_ files: CheckpointFiles) {
        self.files = files
        do throws(Unfit) {
            let configuration = try detect()
            self.configuration = configuration
            compare(with: configuration)
        } catch {
            problems.append(error.sentence)
        }
    }

    /// Why no architecture could be told.
    private struct Unfit: Error {
        let sentence: String
    }

    private func shape(_ name: String, rank: Int) throws(Unfit) -> [Int] {
        guard let entry = files.tensors.entry(name) else {
            throw Unfit(
                sentence: "there is no tensor “\(name)”, so it is not a vision transformer with timm's names")
        }
        guard entry.shape.count == rank, entry.shape.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw Unfit(sentence: "“\(name)” has shape \(entry.shape); \(rank) extents from 1 were expected")
        }
        return entry.shape
    }

    private func detect() throws(Unfit) -> ModelConfiguration {
        files.tensors.entry("layers.0.blocks.0.attn.relative_position_bias_table") != nil
            ? .swin(try detectSwin()) : .vit(try detectViT())
    }

    private func count(prefix: String, suffix: String) -> Int {
        files.tensors.names.count { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
    }

    private func detectViT() throws(Unfit) -> ViTConfiguration {
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        let position = try shape("pos_embed", rank: 3)
        let hidden = try shape("blocks.0.mlp.fc1.weight", rank: 2)
        let head = try shape("head.weight", rank: 2)
        let width = patch[0]
        var configuration = ViTConfiguration(
            imageHeight: patch[2], imageWidth: patch[3], patchHeight: patch[2], patchWidth: patch[3],
            channels: patch[1], width: width, depth: count(prefix: "blocks.", suffix: ".mlp.fc1.weight"),
            heads: try heads(width: width), hiddenWidth: hidden[0], classes: head[0])
        configuration.hasClassToken = files.tensors.entry("cls_token") != nil
        configuration.hasDistillationToken = files.tensors.entry("dist_token") != nil
        if files.tensors.entry("reg_token") != nil {
            configuration.registerTokens = try shape("reg_token", rank: 3)[1]
        }
        let size = try imageSize(
            positions: position[1], prefixTokens: configuration.prefixTokens, patch: (patch[2], patch[3]))
        configuration.imageHeight = size.height
        configuration.imageWidth = size.width
        configuration.hasPrefixPositions = position[1] != configuration.patches
        configuration.normalizesAfterPooling = files.tensors.entry("fc_norm.weight") != nil
        configuration.pooling =
            files.configuration.pooling
            ?? (configuration.hasClassToken && !configuration.normalizesAfterPooling ? .classToken : .average)
        if configuration.pooling == .classToken, !configuration.hasClassToken {
            throw Unfit(
                sentence: "config.json asks for the class token (global_pool), but there is no “cls_token”")
        }
        configuration.hasQkvBias = files.tensors.entry("blocks.0.attn.qkv.bias") != nil
        configuration.hasLayerScale = files.tensors.entry("blocks.0.ls1.gamma") != nil
        configuration.epsilon = files.configuration.epsilon ?? 1e-6
        return configuration
    }

    private func detectSwin() throws(Unfit) -> SwinConfiguration {
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        let head = try shape("head.fc.weight", rank: 2)
        var stages: [SwinConfiguration.Stage] = []
        var window = 0
        while true {
            let prefix = "layers.\(stages.count).blocks."
            let depth = count(prefix: prefix, suffix: ".mlp.fc1.weight")
            guard depth > 0 else { break }
            let table = try shape("\(prefix)0.attn.relative_position_bias_table", rank: 2)
            let hidden = try shape("\(prefix)0.mlp.fc1.weight", rank: 2)
            stages.append(.init(depth: depth, heads: table[1], hiddenWidth: hidden[0]))
            window = max(window, (Int(Double(table[0]).squareRoot().rounded()) + 1) / 2)
        }
        window = files.configuration.window ?? window
        let size = files.configuration.imageSize ?? (32 * window, 32 * window)
        var configuration = SwinConfiguration(
            imageHeight: size.height, imageWidth: size.width, patchHeight: patch[2], patchWidth: patch[3],
            channels: patch[1], width: patch[0], stages: stages, window: window, classes: head[0])
        guard configuration.imageHeight.isMultiple(of: patch[2]),
            configuration.imageWidth.isMultiple(of: patch[3])
        else {
            throw Unfit(
                sentence: "images of \(size.height) × \(size.width) pixels are no whole number of patches of "
                    + "\(patch[2]) × \(patch[3]); give img_size in config.json")
        }
        configuration.hasQkvBias = files.tensors.entry("layers.0.blocks.0.attn.qkv.bias") != nil
        configuration.epsilon = files.configuration.epsilon ?? 1e-5
        guard ModelConfiguration.swin(configuration).isPossible else {
            throw Unfit(sentence: "its tensors' shapes give no Swin that could be run")
        }
        return configuration
    }

    /// The image's size: what config.json says if it fits, or a square.
    ///
    /// - Parameters:
    ///   - positions: The rows of “pos_embed”, which may leave the tokens before the patches out.
    ///   - prefixTokens: The number of tokens before the patches.
    ///   - patch: The size of a patch.
    private func imageSize(
        positions: Int, prefixTokens: Int, patch: (height: Int, width: Int)
    ) throws(Unfit) -> (height: Int, width: Int) {
        let candidates = [positions - prefixTokens, positions]
        if let size = files.configuration.imageSize {
            guard size.height % patch.height == 0, size.width % patch.width == 0,
                candidates.contains(size.height / patch.height * (size.width / patch.width))
            else {
                throw Unfit(
                    sentence:
                        "config.json says images of \(size.height) × \(size.width) pixels, but “pos_embed” has "
                        + "\(positions) positions for \(prefixTokens) tokens and patches of "
                        + "\(patch.height) × \(patch.width)")
            }
            return size
        }
        for patches in candidates {
            let side = Int(Double(max(0, patches)).squareRoot().rounded())
            if side > 0, side * side == patches { return (side * patch.height, side * patch.width) }
        }
        throw Unfit(
            sentence:
                "“pos_embed” has \(positions) positions, which fit no square image; give img_size in config.json"
        )
    }

    private func heads(width: Int) throws(Unfit) -> Int {
        if let heads = files.configuration.heads {
            guard width % heads == 0 else {
                throw Unfit(
                    sentence: "config.json says \(heads) heads, which do not divide the width \(width)")
            }
            return heads
        }
        guard width % 64 == 0 else {
            throw Unfit(
                sentence:
                    "the number of heads is not known: the width \(width) is no multiple of 64; give num_heads in "
                    + "config.json")
        }
        return width / 64
    }

    /// Compares every tensor of the file with what the architecture needs.
    private mutating func compare(with configuration: ModelConfiguration) {
        var expected: [String: [Int]] = [:]
        for unit in configuration.units {
            for linear in unit.linears {
                expected["\(linear.name).weight"] = linear.weightShape
                expected["\(linear.name).bias"] = linear.hasBias ? [linear.outputs] : nil
            }
            for vector in unit.vectors {
                expected[vector.name] = vector.shape
            }
        }
        for (name, shape) in expected.sorted(by: { $0.key < $1.key }) {
            guard let entry = files.tensors.entry(name) else {
                problems.append("tensor “\(name)” is missing; shape \(shape) was expected")
                continue
            }
            if entry.shape != shape {
                problems.append("tensor “\(name)” has shape \(entry.shape); \(shape) was expected")
            } else if ![.float32, .float16, .bfloat16, .float64].contains(entry.type) {
                problems.append(
                    "tensor “\(name)” has type \(entry.type.rawValue); F32, F16, BF16 or F64 was expected")
            }
        }
        for name in files.tensors.names.sorted() where expected[name] == nil {
            problems.append("tensor “\(name)” is not supported")
        }
    }

    /// The number of floats in all tensors of the file.
    var parameterCount: Int {
        files.tensors.names.reduce(0) { $0 + (files.tensors.entry($1)?.count ?? 0) }
    }

    /// How pixels become the model's input.
    func preprocessing(
        channels: Int
    ) throws(CheckpointError) -> (mean: [Float], standardDeviation: [Float], source: String) {
        func spread(_ values: [Float]?, _ key: String) throws(CheckpointError) -> [Float] {
            guard let values else { return Array(repeating: 0.5, count: channels) }
            guard values.count == channels || values.count == 1 else {
                throw .unusable(
                    "\(files.configurationPath ?? "config.json"): “\(key)” has \(values.count) numbers for \(channels) channels"
                )
            }
            return values.count == channels ? values : Array(repeating: values[0], count: channels)
        }
        let known = files.configuration.mean != nil && files.configuration.standardDeviation != nil
        return (
            try spread(files.configuration.mean, "mean"),
            try spread(files.configuration.standardDeviation, "std"),
            known ? "config.json" : "timm's default for ViT, as config.json does not say"
        )
    }
}
