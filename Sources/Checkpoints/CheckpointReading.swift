internal import Safetensors
internal import TensorCore
internal import VisionTransformers

/// The architecture inferred from a checkpoint's names and shapes, and everything that does not fit it.
struct CheckpointReading {
    /// The architecture, if it could be inferred.
    private(set) var configuration: ModelConfiguration?
    /// Everything missing, unexpected or unsupported, one sentence each.
    private(set) var problems: [String] = []
    /// Why the caller's image size cannot be had; one of `problems`.
    private(set) var sizeRefusal: String?
    /// The image's height and width that the checkpoint was trained on, if known.
    var ownSize: (height: Int, width: Int)?
    /// The grid of patches that “pos_embed” has positions for, where it is not the model's.
    private(set) var positionGrid: (rows: Int, columns: Int)?
    /// Whether the first row of “pos_embed” is the class token's, while other tokens before the patches have none.
    private(set) var positionIsForClassToken = false
    let files: CheckpointFiles
    /// The image's size that the caller wants.
    let askedSize: (height: Int, width: Int)?
    /// The number of attention heads that the caller wants.
    private let askedHeads: Int?

    /// Infers the architecture.
    ///
    /// - Parameters:
    ///   - files: The checkpoint.
    ///   - imageSize: The image's height and width; nil takes the checkpoint's.
    ///   - heads: The number of a ViT's attention heads; nil takes config.json's, or what its architecture has.
    init(_ files: CheckpointFiles, imageSize: (height: Int, width: Int)? = nil, heads: Int? = nil) {
        self.files = files
        askedSize = imageSize
        askedHeads = heads
        if let refusal = files.configuration.refusal
            ?? UnsupportedFeature.refusal(of: files.tensors.entries.keys)
        {
            problems = [refusal]
            return
        }
        problems = files.tensors.problems
        do throws(Unfit) {
            let configuration = try detect()
            self.configuration = configuration
            problems += files.configuration.stated.contradictions(to: configuration, files.tensors)
            compare(with: configuration)
        } catch {
            problems.append(error.sentence)
            if error.isAboutAskedSize { sizeRefusal = error.sentence }
        }
    }

    /// Why no architecture could be inferred.
    struct Unfit: Error {
        let sentence: String
        var isAboutAskedSize = false
    }

    /// Why the model cannot read images of some size.
    func unfit(_ size: (height: Int, width: Int), _ reason: String) -> Unfit {
        Unfit(
            sentence: "images of \(size.height) × \(size.width) pixels cannot be read: \(reason)",
            isAboutAskedSize: askedSize != nil)
    }

    /// The size of images that the model is to read: the caller's, or the checkpoint's own.
    ///
    /// - Throws: `Unfit` where it is not a whole number of patches.
    func wantedSize(
        own: (height: Int, width: Int), patch: [Int]
    ) throws(Unfit) -> (height: Int, width: Int) {
        let size = askedSize ?? own
        guard (1...4096).contains(size.height), (1...4096).contains(size.width),
            size.height.isMultiple(of: patch[2]), size.width.isMultiple(of: patch[3])
        else {
            let sides =
                patch[2] == patch[3] ? "\(patch[2])" : "\(patch[2]) in height and \(patch[3]) in width"
            throw unfit(size, "a side must be a multiple of the patch size, \(sides), and at most 4096")
        }
        return size
    }

    func shape(_ name: String, rank: Int) throws(Unfit) -> [Int] {
        guard
            files.tensors.entries["patch_embed.proj.weight"] == nil || !name.hasPrefix("head")
                || files.tensors.entries[name] != nil
        else { throw missingClassifier(name) }
        guard let entry = files.tensors.entries[name] else {
            throw Unfit(
                sentence:
                    "there is no tensor “\(name)”, so this is not a vision transformer with known names (timm's, Hugging "
                    + "Face's or Microsoft's)"
                    + (files.tensors.source.path.split(separator: "/").last?.contains("-of-") == true
                        ? "; of several shards give their folder or their index" : "")
            )
        }
        guard entry.shape.count == rank, entry.shape.allSatisfy({ $0 > 0 && $0 <= 1 << 24 }) else {
            throw Unfit(sentence: "“\(name)” has shape \(entry.shape); \(rank) extents from 1 were expected")
        }
        return entry.shape
    }

    private mutating func detect() throws(Unfit) -> ModelConfiguration {
        files.tensors.entries["layers.0.blocks.0.attn.relative_position_bias_table"] != nil
            || isSecondSwin
            ? .swin(try detectSwin()) : .vit(try detectViT())
    }

    func count(prefix: String, suffix: String) -> Int {
        files.tensors.entries.keys.count { $0.hasPrefix(prefix) && $0.hasSuffix(suffix) }
    }

    private mutating func detectViT() throws(Unfit) -> ViTConfiguration {
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        let table = "blocks.0.attn.relative_position_bias_table"
        let hasTable = files.tensors.entries[table] != nil
        let rotary = files.configuration.rotary
        try checkRotations(hasTable: hasTable)
        let hasPositions = files.tensors.entries["pos_embed"] != nil
        guard hasPositions || hasTable || rotary != nil else { throw missingPositions() }
        let position = hasPositions ? try shape("pos_embed", rank: 3) : []
        let hidden = try shape("blocks.0.mlp.fc1.weight", rank: 2)
        let gated = try shape("blocks.0.mlp.fc2.weight", rank: 2)[1]
        let width = patch[0]
        let head = try classifier(width: width)
        var configuration = ViTConfiguration(
            imageHeight: patch[2], imageWidth: patch[3], patchHeight: patch[2], patchWidth: patch[3],
            channels: patch[1], width: width, depth: count(prefix: "blocks.", suffix: ".mlp.fc1.weight"),
            heads: try heads(width: width), hiddenWidth: hidden[0] == 2 * gated ? gated : hidden[0],
            classes: head.classes)
        configuration.rotary = rotary
        configuration.normalizesLast = files.configuration.facts?.normalizesLast == true
        configuration.hasClassToken = files.tensors.entries["cls_token"] != nil
        configuration.hasDistillationToken = files.tensors.entries["dist_token"] != nil
        if files.tensors.entries["reg_token"]?.shape.contains(0) == false {
            configuration.registerTokens = try shape("reg_token", rank: 3)[1]
        }
        (configuration.hasPositions, configuration.hasRelativePositions) = (hasPositions, hasTable)
        let grid =
            hasPositions || hasTable
            ? try patchGrid(
                of: configuration, positions: hasPositions ? position[1] : nil,
                tableRows: hasTable ? try shape(table, rank: 2)[0] : nil)
            : try imageGrid(patch: (patch[2], patch[3]))
        let leading = hasPositions ? position[1] - grid.rows * grid.columns : 0
        configuration.hasPrefixPositions = leading > 0 && leading == configuration.prefixTokens
        positionIsForClassToken = leading == 1 && !configuration.hasPrefixPositions
        let own = files.imageSize ?? (grid.rows * patch[2], grid.columns * patch[3])
        let size = try wantedSize(own: own, patch: patch)
        ownSize = own
        (configuration.imageHeight, configuration.imageWidth) = size
        if hasTable, files.tensors.layout.hasPrefix("Hugging Face"),
            configuration.grid.rows != configuration.grid.columns
        {
            throw unfit(
                size,
                "Transformers takes height for width in the tables of relative positions of BEiT and Data2Vec; only as "
                    + "many rows of patches as columns are supported")
        }
        if grid != (configuration.grid.rows, configuration.grid.columns) {
            positionGrid = grid
            if hasTable {
                throw unfit(
                    size,
                    "tables of relative positions are for \(grid.rows) × \(grid.columns) patches and "
                        + "cannot be resampled")
            }
        }
        configuration.normalizesAfterPooling = files.tensors.entries["fc_norm.weight"] != nil
        configuration.pooling =
            files.configuration.pooling ?? files.configuration.facts?.pooling
            ?? (hasAttentionPooling
                ? .attention
                : configuration.hasClassToken && !configuration.normalizesAfterPooling
                    ? .classToken : .average)
        if head.readsTwoFeatures { configuration.pooling = .classTokenAndAverage }
        if !configuration.poolsTokens, !configuration.hasClassToken {
            throw Unfit(
                sentence: "the class token is to be classified, but there is no “cls_token”")
        }
        configuration.hasPreNorm = files.tensors.entries["norm_pre.weight"] != nil
        configuration.hasQkvBias = files.tensors.entries["blocks.0.attn.qkv.bias"] != nil
        configuration.hasLayerScale = files.tensors.entries["blocks.0.ls1.gamma"] != nil
        configuration.poolsPrefix =
            configuration.poolsTokens
            && (files.configuration.poolsPrefix || files.configuration.facts?.poolsPrefix == true)
        configuration.normalizesMLP = files.tensors.entries["blocks.0.mlp.norm.weight"] != nil
        configuration.normalizesAttention = files.tensors.entries["blocks.0.attn.norm.weight"] != nil
        takeEpsilonAndActivation(&configuration.epsilon, &configuration.activation, usual: 1e-6)
        // timm's LayerNorm has this epsilon where no architecture sets another.
        if files.configuration.namesNorm, files.configuration.epsilon == nil { configuration.epsilon = 1e-6 }
        configuration.gatesMLP = hidden[0] == 2 * gated
        if configuration.gatesMLP { configuration.activation = try gateActivation() }
        if configuration.pooling == .attention {
            configuration.attentionPooling = try attentionPooling(of: configuration)
        }
        if rotary != nil, !(width / configuration.heads).isMultiple(of: 4) {
            throw Unfit(
                sentence:
                    "rotary positions need heads whose width is a multiple of 4, but \(configuration.heads) heads of "
                    + "\(width) features are \(width / configuration.heads) wide")
        }
        if let clash = clash(in: configuration) { throw Unfit(sentence: clash) }
        guard ModelConfiguration.vit(configuration).isPossible else {
            throw Unfit(
                sentence:
                    "its shapes (\(configuration.summary)) give no ViT that could be run; up to 4096 blocks and pixels a "
                    + "side, and a width that the heads divide, are accepted")
        }
        return configuration
    }

    /// Takes what no tensor shows from config.json, from what its architecture's name says, or as usual for the layout.
    func takeEpsilonAndActivation(
        _ epsilon: inout Float, _ activation: inout MLPActivation, usual: Float
    ) {
        let (said, facts) = (files.configuration, files.configuration.facts)
        epsilon = said.epsilon ?? facts?.epsilon ?? files.tensors.map.epsilon ?? usual
        // An architecture's SiLU gates its MLPs; those that are plain (timm's `swiglu_mlp: false`) have GELU.
        let named = facts?.activation == .silu ? nil : facts?.activation
        activation = said.activation ?? named ?? .gelu
    }

    /// The classes of a ViT's head, and whether it reads the class token and the mean of the patches side by side.
    private func classifier(width: Int) throws(Unfit) -> (classes: Int, readsTwoFeatures: Bool) {
        let lacksOne = files.configuration.lacksClassifier || files.tensors.map.lacksClassifier
        guard files.tensors.entries["head.weight"] != nil || !lacksOne else { return (0, false) }
        let head = try shape("head.weight", rank: 2)
        return (head[0], head[1] == 2 * width)
    }

    /// The grid of patches that the checkpoint was made for, by its positions or its tables of relative positions.
    private func patchGrid(
        of shape: ViTConfiguration, positions: Int?, tableRows: Int?
    ) throws(Unfit) -> (rows: Int, columns: Int) {
        let patch = (height: shape.patchHeight, width: shape.patchWidth)
        if let positions {
            return try positionGrid(positions: positions, prefixTokens: shape.prefixTokens, patch: patch)
        }
        func rows(_ grid: (rows: Int, columns: Int)) -> Int {
            (2 * grid.rows - 1) * (2 * grid.columns - 1) + 3
        }
        if let size = files.imageSize {
            let grid = (rows: size.height / patch.height, columns: size.width / patch.width)
            if rows(grid) == tableRows { return grid }
        }
        let side = (Int(Double(max(0, (tableRows ?? 0) - 3)).squareRoot().rounded()) + 1) / 2
        guard side > 0, rows((side, side)) == tableRows else {
            throw Unfit(
                sentence:
                    "tables of relative positions have \(tableRows ?? 0) rows, which fit "
                    + (files.imageSize.map { "neither images of \($0.height) × \($0.width) pixels nor " }
                        ?? "no ")
                    + "square ones; give config.json with “img_size”: [height, width]")
        }
        return (side, side)
    }

    /// The grid of patches that the checkpoint was made for: that of config.json's image if it has as many patches, or
    /// a square, or that of the caller's image.
    ///
    /// - Parameters:
    ///   - positions: The rows of “pos_embed”, which may leave the tokens before the patches out.
    ///   - prefixTokens: The number of tokens before the patches.
    ///   - patch: The size of a patch.
    /// - Returns: Rows and columns of patches.
    /// - Throws: `Unfit` where the positions fit none of these.
    private func positionGrid(
        positions: Int, prefixTokens: Int, patch: (height: Int, width: Int)
    ) throws(Unfit) -> (rows: Int, columns: Int) {
        let leading = files.tensors.map.classTokenAloneHasPosition ? 1 : prefixTokens
        let candidates = [positions - leading, positions]
        func fitting(_ size: (height: Int, width: Int)?) -> (rows: Int, columns: Int)? {
            guard let size else { return nil }
            let grid = (rows: size.height / patch.height, columns: size.width / patch.width)
            return candidates.contains(grid.rows * grid.columns) ? grid : nil
        }
        if let grid = fitting(files.imageSize) { return grid }
        for patches in candidates {
            let side = Int(Double(max(0, patches)).squareRoot().rounded())
            if side > 0, side * side == patches { return (side, side) }
        }
        if let grid = fitting(askedSize) { return grid }
        let tokens = leading == 1 ? "1 token" : "\(leading) tokens"
        guard let size = files.imageSize else {
            throw Unfit(
                sentence:
                    "“pos_embed” has \(positions) positions, which fit no square image, with or without the \(tokens) before "
                    + "the patches; give config.json with “img_size”: [height, width]")
        }
        let patches = (size.height / patch.height) * (size.width / patch.width)
        throw Unfit(
            sentence:
                "“pos_embed” has \(positions) positions, but images of \(size.height) × \(size.width) pixels (config.json) "
                + "have \(patches) patches; \(patches) positions, or \(patches + leading) with the \(tokens) before the "
                + "patches, were expected")
    }

    private func heads(width: Int) throws(Unfit) -> Int {
        let (asked, said, usual) = (askedHeads, files.configuration.heads, files.configuration.facts?.heads)
        guard let heads = asked ?? said ?? usual ?? files.tensors.map.heads[width] else {
            let name =
                files.configuration.architecture.map { " (“\($0)” is no architecture of timm's)" } ?? ""
            throw Unfit(
                sentence:
                    "the number of attention heads is not known, as tensors do not show it\(name); give --heads, or "
                    + "config.json with num_heads or with timm's “architecture”")
        }
        guard width % heads == 0 else {
            let source =
                asked != nil
                ? "--heads gives" : said != nil ? "config.json says" : "the architecture of config.json has"
            throw Unfit(sentence: "\(source) \(heads) heads, which do not divide the width \(width)")
        }
        return heads
    }

    /// Compares every tensor of the file with the architecture's.
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
        replacePoolingTensors(in: &expected)
        // The tables of a Swin V2 are computed.
        for (name, shape) in expected where isSecondSwin && name.hasSuffix(ContinuousPositions.tableName) {
            expected[name] = nil
            for part in ContinuousPositions.parts(of: name, heads: shape[1]) {
                expected[part.name] = part.shape
            }
        }
        for (name, shape) in expected.sorted(by: { $0.key < $1.key }) {
            guard let entry = files.tensors.entries[name] else {
                problems.append("tensor “\(name)” is missing; shape \(shape) was expected")
                continue
            }
            var wanted = shape
            if name == "pos_embed" {
                if let positionGrid {
                    wanted[1] += positionGrid.rows * positionGrid.columns - configuration.grid.patches
                }
                if positionIsForClassToken { wanted[1] += 1 }
            }
            if entry.shape != wanted {
                problems.append("tensor “\(name)” has shape \(entry.shape); \(wanted) was expected")
            } else if ![.float32, .float16, .bfloat16, .float64].contains(entry.type) {
                problems.append(
                    "tensor “\(name)” has type \(entry.type.rawValue); F32, F16, BF16 or F64 was expected")
            }
        }
        let surplus = files.tensors.entries.filter { expected[$0.key] == nil && !$0.value.shape.contains(0) }
        problems += surplus.keys.sorted().map { "tensor “\($0)” is not supported" }
    }

    /// The number of floats in all tensors that the model has.
    var parameterCount: Int {
        files.tensors.entries.values.reduce(0) { $0 + $1.shape.reduce(1, *) }
    }

    /// A parameter of the model: finite; positions are resampled where the model reads other images than the checkpoint
    /// did, one that is the class token's alone is added to it, and the tables of a Swin V2 and the query of a pooling by
    /// attention are computed.
    func tensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor {
        if isSecondSwin, name.hasSuffix(ContinuousPositions.tableName), case .swin(let swin)? = configuration
        {
            return try continuousTable(name, shape: shape, of: swin)
        }
        if let computed = try poolingTensor(name, shape: shape) { return computed }
        var elements = try files.tensors.finiteFloats(name)
        if files.tensors.map.dropsKeyBias, name.hasSuffix(".attn.qkv.bias") {
            let third = elements.count / 3
            for index in third..<2 * third { elements[index] = 0 }
        }
        if name == "pos_embed", let positionGrid, let target = configuration?.grid {
            elements = resampledPositions(
                elements, leading: elements.count / shape[2] - positionGrid.rows * positionGrid.columns,
                grid: positionGrid, target: (target.rows, target.columns), width: shape[2],
                filter: files.tensors.map.positionFilter)
        }
        if positionIsForClassToken {
            switch name {
            case "pos_embed": elements.removeFirst(shape[2])
            case "cls_token":
                elements = zip(elements, try files.tensors.finiteFloats("pos_embed")).map { $0 + $1 }
            default: break
            }
        }
        return Tensor(shape: shape, elements: elements)
    }
}
