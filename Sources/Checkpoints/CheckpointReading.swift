internal import Safetensors
internal import TensorCore
internal import VisionTransformers

/// What a checkpoint's names and shapes say about its architecture, and everything that does not fit.
struct CheckpointReading {
    /// The architecture, as far as it could be told.
    private(set) var configuration: ModelConfiguration?
    /// Everything missing, unexpected or unsupported, one sentence each.
    private(set) var problems: [String] = []
    /// The grid of patches that “pos_embed” has positions for, where it is not the model's.
    private(set) var positionGrid: (rows: Int, columns: Int)?
    private let files: CheckpointFiles
    /// The image's size that is wanted: the caller's, or config.json's.
    private let imageSize: (height: Int, width: Int)?

    /// Tells the architecture.
    ///
    /// - Parameters:
    ///   - files: The checkpoint.
    ///   - imageSize: The image's height and width if they are to be others than the checkpoint says.
    init(_ files: CheckpointFiles, imageSize: (height: Int, width: Int)? = nil) {
        self.files = files
        self.imageSize = imageSize ?? files.configuration.imageSize
        problems = files.tensors.problems
        do throws(Unfit) {
            let configuration = try detect()
            self.configuration = configuration
            compare(with: configuration)
        } catch {
            problems += UnsupportedParts.explain(Array(files.tensors.entries.keys)).sentences
            problems.append(error.sentence)
        }
    }

    /// Why no architecture could be told.
    private struct Unfit: Error {
        let sentence: String
    }

    private func shape(_ name: String, rank: Int) throws(Unfit) -> [Int] {
        guard let entry = files.tensors.entries[name] else {
            throw Unfit(
                sentence:
                    "there is no tensor “\(name)”, so this is no vision transformer whose names are known (timm's, Hugging Face's or Microsoft's)"
            )
        }
        guard entry.shape.count == rank, entry.shape.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw Unfit(sentence: "“\(name)” has shape \(entry.shape); \(rank) extents from 1 were expected")
        }
        return entry.shape
    }

    private mutating func detect() throws(Unfit) -> ModelConfiguration {
        files.tensors.entries["layers.0.blocks.0.attn.relative_position_bias_table"] != nil
            ? .swin(try detectSwin()) : .vit(try detectViT())
    }

    private func count(prefix: String, suffix: String) -> Int {
        files.tensors.entries.keys.count { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
    }

    private mutating func detectViT() throws(Unfit) -> ViTConfiguration {
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        let position = try shape("pos_embed", rank: 3)
        let hidden = try shape("blocks.0.mlp.fc1.weight", rank: 2)
        let head = try shape("head.weight", rank: 2)
        let width = patch[0]
        var configuration = ViTConfiguration(
            imageHeight: patch[2], imageWidth: patch[3], patchHeight: patch[2], patchWidth: patch[3],
            channels: patch[1], width: width, depth: count(prefix: "blocks.", suffix: ".mlp.fc1.weight"),
            heads: try heads(width: width), hiddenWidth: hidden[0], classes: head[0])
        configuration.hasClassToken = files.tensors.entries["cls_token"] != nil
        configuration.hasDistillationToken = files.tensors.entries["dist_token"] != nil
        if files.tensors.entries["reg_token"] != nil {
            configuration.registerTokens = try shape("reg_token", rank: 3)[1]
        }
        let grid = try positionGrid(
            positions: position[1], prefixTokens: configuration.prefixTokens, patch: (patch[2], patch[3]))
        configuration.imageHeight = grid.rows * patch[2]
        configuration.imageWidth = grid.columns * patch[3]
        configuration.hasPrefixPositions =
            configuration.prefixTokens > 0 && position[1] != grid.rows * grid.columns
        if let size = imageSize, size != (configuration.imageHeight, configuration.imageWidth) {
            configuration.imageHeight = size.height
            configuration.imageWidth = size.width
            positionGrid = grid
        }
        configuration.normalizesAfterPooling = files.tensors.entries["fc_norm.weight"] != nil
        configuration.pooling =
            files.configuration.pooling
            ?? (configuration.hasClassToken && !configuration.normalizesAfterPooling ? .classToken : .average)
        if configuration.pooling == .classToken, !configuration.hasClassToken {
            throw Unfit(
                sentence: "config.json asks for the class token (global_pool), but there is no “cls_token”")
        }
        configuration.hasQkvBias = files.tensors.entries["blocks.0.attn.qkv.bias"] != nil
        configuration.hasLayerScale = files.tensors.entries["blocks.0.ls1.gamma"] != nil
        configuration.epsilon = files.configuration.epsilon ?? files.tensors.epsilon ?? 1e-6
        if hidden[0] == 2 * (try shape("blocks.0.mlp.fc2.weight", rank: 2)[1]) {
            throw Unfit(
                sentence:
                    "a SwiGLU MLP is not supported: “blocks.0.mlp.fc1.weight” gives twice what fc2 reads")
        }
        guard ModelConfiguration.vit(configuration).isPossible else {
            throw Unfit(
                sentence: "its tensors' shapes give no ViT that could be run (sides are at most 4096 pixels)")
        }
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
        let size = imageSize ?? (32 * window, 32 * window)
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
        configuration.hasQkvBias = files.tensors.entries["layers.0.blocks.0.attn.qkv.bias"] != nil
        configuration.epsilon = files.configuration.epsilon ?? files.tensors.epsilon ?? 1e-5
        guard ModelConfiguration.swin(configuration).isPossible else {
            throw Unfit(sentence: "its tensors' shapes give no Swin that could be run")
        }
        return configuration
    }

    /// The grid of patches that the checkpoint was made for: that of the wanted image if it has as many patches, or
    /// a square.
    ///
    /// - Parameters:
    ///   - positions: The rows of “pos_embed”, which may leave the tokens before the patches out.
    ///   - prefixTokens: The number of tokens before the patches.
    ///   - patch: The size of a patch.
    /// - Returns: Rows and columns of patches.
    /// - Throws: `Unfit` where the positions fit neither the wanted image nor a square.
    private func positionGrid(
        positions: Int, prefixTokens: Int, patch: (height: Int, width: Int)
    ) throws(Unfit) -> (rows: Int, columns: Int) {
        let candidates = [positions - prefixTokens, positions]
        if let size = imageSize {
            guard (1...4096).contains(size.height), (1...4096).contains(size.width),
                size.height % patch.height == 0, size.width % patch.width == 0
            else {
                throw Unfit(
                    sentence:
                        "images of \(size.height) × \(size.width) pixels are no whole number of patches of "
                        + "\(patch.height) × \(patch.width), or more than 4096 in a row")
            }
            let grid = (size.height / patch.height, size.width / patch.width)
            if candidates.contains(grid.0 * grid.1) { return grid }
        }
        for patches in candidates {
            let side = Int(Double(max(0, patches)).squareRoot().rounded())
            if side > 0, side * side == patches { return (side, side) }
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
            guard let entry = files.tensors.entries[name] else {
                problems.append("tensor “\(name)” is missing; shape \(shape) was expected")
                continue
            }
            var wanted = shape
            if name == "pos_embed", let positionGrid {
                wanted[1] += positionGrid.rows * positionGrid.columns - configuration.grid.patches
            }
            if entry.shape != wanted {
                problems.append("tensor “\(name)” has shape \(entry.shape); \(wanted) was expected")
            } else if ![.float32, .float16, .bfloat16, .float64].contains(entry.type) {
                problems.append(
                    "tensor “\(name)” has type \(entry.type.rawValue); F32, F16, BF16 or F64 was expected")
            }
        }
        let unexpected = UnsupportedParts.explain(files.tensors.entries.keys.filter { expected[$0] == nil })
        problems += unexpected.sentences
        problems += unexpected.rest.map { "tensor “\($0)” is not supported" }
    }

    /// The number of floats in all tensors that the model has.
    var parameterCount: Int {
        files.tensors.entries.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// A parameter of the model: finite, and resampled where the model reads other images than the checkpoint did.
    func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor {
        var elements = try files.tensors.finiteFloats(name)
        if name == "pos_embed", let positionGrid, let target = configuration?.grid {
            elements = resampledPositions(
                elements, leading: shape[1] - target.patches, grid: positionGrid,
                target: (target.rows, target.columns), width: shape[2])
        }
        return Tensor(shape: shape, elements: elements)
    }
}
