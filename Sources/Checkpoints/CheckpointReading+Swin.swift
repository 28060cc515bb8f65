internal import TensorCore
internal import VisionTransformers

extension CheckpointReading {
    /// Whether the tensors are those of a Swin V2.
    var isSecondSwin: Bool {
        files.tensors.entries["layers.0.blocks.0.attn.cpb_mlp.2.weight"] != nil
    }

    mutating func detectSwin() throws(Unfit) -> SwinConfiguration {
        let patch = try shape("patch_embed.proj.weight", rank: 4)
        let hasClassifier = files.tensors.entries["head.fc.weight"] != nil
        let lacksOne = files.configuration.lacksClassifier || files.tensors.map.lacksClassifier
        let classes = hasClassifier || !lacksOne ? try shape("head.fc.weight", rank: 2)[0] : 0
        var stages: [SwinConfiguration.Stage] = []
        var window = 0
        while true {
            let prefix = "layers.\(stages.count).blocks."
            let depth = count(prefix: prefix, suffix: ".mlp.fc1.weight")
            guard depth > 0 else { break }
            let hidden = try shape("\(prefix)0.mlp.fc1.weight", rank: 2)
            if isSecondSwin {
                let heads = try shape("\(prefix)0.attn.cpb_mlp.2.weight", rank: 2)[0]
                stages.append(.init(depth: depth, heads: heads, hiddenWidth: hidden[0]))
                continue
            }
            let table = try shape("\(prefix)0.attn.relative_position_bias_table", rank: 2)
            stages.append(.init(depth: depth, heads: table[1], hiddenWidth: hidden[0]))
            if let side = Self.side(ofTable: table[0]) {
                window = max(window, side)
            } else if files.imageSize == nil {
                throw Unfit(
                    sentence:
                        "the table of relative positions of stage \(stages.count) has \(table[0]) rows, as oblong windows "
                        + "have (\(Self.oblongWindows(ofTable: table[0]))), but only square windows are supported; where "
                        + "images are too small for square ones, give config.json with “img_size” and “window_size”"
                )
            }
        }
        window =
            files.configuration.window ?? files.configuration.facts?.window ?? files.tensors.map.window
            ?? window
        guard window > 0 else {
            throw Unfit(
                sentence:
                    "the side of windows is not known, as tensors do not show it; give config.json with window_size or "
                    + "with timm's “architecture”")
        }
        let own = files.imageSize ?? (32 * window, 32 * window)
        let size = try wantedSize(own: own, patch: patch)
        ownSize = own
        var configuration = SwinConfiguration(
            imageHeight: size.height, imageWidth: size.width, patchHeight: patch[2], patchWidth: patch[3],
            channels: patch[1], width: patch[0], stages: stages, window: window, classes: classes)
        configuration.windowRule = files.tensors.map.windowRule
        configuration.isSecondVersion = isSecondSwin
        configuration.hasQkvBias = files.tensors.entries["layers.0.blocks.0.attn.qkv.bias"] != nil
        takeEpsilonAndActivation(&configuration.epsilon, &configuration.activation, usual: 1e-5)
        if files.tensors.layout.hasPrefix("Hugging Face"), configuration.epsilon != 1e-5 {
            throw Unfit(
                sentence:
                    "config.json says layer_norm_eps \(configuration.epsilon), which Hugging Face's Swin uses in blocks "
                    + "only; 1e-05 is supported, which it uses everywhere else")
        }
        guard ModelConfiguration.swin(configuration).isPossible else {
            throw Unfit(sentence: "its tensors' shapes give no Swin that could be run")
        }
        if isSecondSwin {
            try checkSecondVersion(configuration)
        } else if askedSize != nil {
            try checkWindows(of: configuration)
        }
        return configuration
    }

    /// Refuses a Swin V2 whose own program treats windows in a way of its own.
    private func checkSecondVersion(_ configuration: SwinConfiguration) throws(Unfit) {
        let size = (configuration.imageHeight, configuration.imageWidth)
        let pretrained = files.configuration.pretrainedWindows?.count ?? configuration.stages.count
        guard pretrained >= configuration.stages.count else {
            throw Unfit(
                sentence:
                    "pretrained_window_sizes in config.json has \(pretrained) numbers for \(configuration.stages.count) "
                    + "stages")
        }
        if files.tensors.layout.hasPrefix("Hugging Face"), size.0 != size.1 {
            throw unfit(size, "Hugging Face's Swin V2 has square windows; only square images are supported")
        }
        if files.tensors.layout.hasPrefix("Hugging Face"), askedSize != nil, let ownSize {
            try checkKeptWindows(of: configuration, ownSize: ownSize)
        }
        guard files.tensors.layout.hasPrefix("torchvision") else { return }
        for stage in configuration.stages.indices {
            let grid = configuration.tokenGrid(of: stage)
            guard min(grid.rows, grid.columns) < configuration.window else { continue }
            throw unfit(
                size,
                "they leave \(grid.rows) × \(grid.columns) tokens in stage \(stage + 1), fewer than a window of "
                    + "\(configuration.window) × \(configuration.window) has")
        }
    }

    /// Refuses a size at which Hugging Face's Swin V2 goes on with the windows and shifts of its own size, although they
    /// would be others for a model made for that size.
    private func checkKeptWindows(
        of configuration: SwinConfiguration, ownSize: (height: Int, width: Int)
    ) throws(Unfit) {
        var own = configuration
        (own.imageHeight, own.imageWidth) = ownSize
        let window = configuration.window
        for stage in configuration.stages.indices {
            let (grid, ownGrid) = (configuration.tokenGrid(of: stage), own.tokenGrid(of: stage))
            let (side, ownSide) = (min(grid.rows, grid.columns), min(ownGrid.rows, ownGrid.columns))
            // A window is at most as large as the grid, and shifted where the grid is larger than it.
            guard min(side, window + 1) != min(ownSide, window + 1) else { continue }
            let accepted =
                ownSide > window ? "more than \(window) × \(window)" : "exactly \(ownSide) × \(ownSide)"
            throw unfit(
                (configuration.imageHeight, configuration.imageWidth),
                "they leave \(grid.rows) × \(grid.columns) tokens in stage \(stage + 1), where Hugging Face's Swin V2 "
                    + "keeps the windows and shifts of images of \(ownSize.height) × \(ownSize.width); "
                    + "\(accepted) would be accepted")
        }
    }

    /// Refuses a size that gives windows of other sides than the tables of relative positions are for.
    private func checkWindows(of configuration: SwinConfiguration) throws(Unfit) {
        for stage in configuration.stages.indices {
            let table = try shape("layers.\(stage).blocks.0.attn.relative_position_bias_table", rank: 2)[0]
            let grid = configuration.tokenGrid(of: stage)
            let sides = (min(grid.rows, configuration.window), min(grid.columns, configuration.window))
            guard (2 * sides.0 - 1) * (2 * sides.1 - 1) != table else { continue }
            let tokens = "they leave \(grid.rows) × \(grid.columns) tokens in stage \(stage + 1)"
            guard let side = Self.side(ofTable: table) else {
                throw unfit(
                    (configuration.imageHeight, configuration.imageWidth),
                    "\(tokens), whose table of relative positions has \(table) rows, as oblong windows have "
                        + "(\(Self.oblongWindows(ofTable: table))), and cannot be resampled")
            }
            throw unfit(
                (configuration.imageHeight, configuration.imageWidth),
                "\(tokens), whose table of relative positions is for windows of \(side) × \(side) and cannot be "
                    + "resampled; \(side < configuration.window ? "exactly" : "at least") \(side) × \(side) would be "
                    + "accepted")
        }
    }

    /// The side of square windows with a table of this many rows; nil where they have none.
    private static func side(ofTable rows: Int) -> Int? {
        let side = (Int(Double(rows).squareRoot().rounded()) + 1) / 2
        return (2 * side - 1) * (2 * side - 1) == rows ? side : nil
    }

    /// The windows with a table of this many rows, for people: the long side of each first.
    private static func oblongWindows(ofTable rows: Int) -> String {
        let short = stride(from: 1, through: Int(Double(rows).squareRoot()), by: 2).filter(rows.isMultiple)
        return short.reversed().map { "\((rows / $0 + 1) / 2) × \(($0 + 1) / 2)" }.joined(separator: ", ")
    }

    /// A table of relative positions of a Swin V2, from the MLP that it has instead.
    func continuousTable(
        _ name: String, shape: [Int], of swin: SwinConfiguration
    ) throws(CheckpointError) -> Tensor {
        // Names begin with layers.STAGE.
        let stage = Int(name.split(separator: ".")[1]) ?? 0
        let grid = swin.tokenGrid(of: stage)
        let sides = (min(grid.rows, swin.window), min(grid.columns, swin.window))
        let pretrained =
            (files.configuration.pretrainedWindows ?? files.configuration.facts?.pretrainedWindows)?[stage]
            ?? 0
        let parts = ContinuousPositions.parts(of: name, heads: shape[1])
        let table = ContinuousPositions(
            first: (
                weight: try files.tensors.finiteFloats(parts[0].name),
                bias: try files.tensors.finiteFloats(parts[1].name)
            ), second: try files.tensors.finiteFloats(parts[2].name), heads: shape[1]
        ).table(height: sides.0, width: sides.1, pretrained: pretrained > 0 ? pretrained : nil)
        return Tensor(shape: shape, elements: table)
    }
}
