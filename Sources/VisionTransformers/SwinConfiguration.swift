/// What comes first where windows do not fit a grid of tokens: filling it up with zeros, or shifting it.
package enum WindowRule: String, Codable, Sendable {
    /// The grid is shifted, then filled up.
    case timm
    /// The grid is filled up, then shifted.
    case torchvision
    /// As torchvision, but a grid that is one window high or wide is not shifted at all.
    case huggingFace
}

/// The shape of a Swin transformer and the numbers that a checkpoint's tensors do not tell.
package struct SwinConfiguration: Equatable, Codable, Sendable {
    /// Some blocks of one width, between two mergings of patches.
    package struct Stage: Equatable, Codable, Sendable {
        /// The number of blocks.
        package var depth: Int
        /// The number of attention heads; divides the stage's width.
        package var heads: Int
        /// The number of features between fc1 and fc2.
        package var hiddenWidth: Int

        package init(depth: Int, heads: Int, hiddenWidth: Int) {
            self.depth = depth
            self.heads = heads
            self.hiddenWidth = hiddenWidth
        }
    }

    /// The height of an image in pixels; a multiple of `patchHeight`.
    package var imageHeight: Int
    /// The width of an image in pixels; a multiple of `patchWidth`.
    package var imageWidth: Int
    /// The height of a patch in pixels.
    package var patchHeight: Int
    /// The width of a patch in pixels.
    package var patchWidth: Int
    /// The number of colour channels.
    package var channels: Int
    /// The number of features of a token in the first stage; it doubles from stage to stage.
    package var width: Int
    /// The stages in order.
    package var stages: [Stage]
    /// The side of a window in tokens; a stage that is smaller has one window as large as itself.
    package var window: Int
    /// The number of classes.
    package var classes: Int
    /// Whether it is of the second version: norms after attention, MLP and merging, and scores that are scaled cosines
    /// (Swin V2, arXiv 2111.09883).
    @FalseByDefault package var isSecondVersion: Bool
    /// Whose rule for windows that do not fit the grid.
    package var windowRule = WindowRule.timm
    /// What is between fc1 and fc2.
    package var activation = MLPActivation.gelu
    /// Whether qkv has a bias.
    package var hasQkvBias = true
    /// What LayerNorm adds to the variance.
    package var epsilon: Float = 1e-5

    /// Makes a configuration; the rarer choices can be set afterwards.
    package init(
        imageHeight: Int, imageWidth: Int, patchHeight: Int, patchWidth: Int, channels: Int, width: Int,
        stages: [Stage], window: Int, classes: Int
    ) {
        self.imageHeight = imageHeight
        self.imageWidth = imageWidth
        self.patchHeight = patchHeight
        self.patchWidth = patchWidth
        self.channels = channels
        self.width = width
        self.stages = stages
        self.window = window
        self.classes = classes
        isSecondVersion = false
    }

    /// How an image is cut.
    package var grid: PatchGrid {
        PatchGrid(
            imageHeight: imageHeight, imageWidth: imageWidth, patchHeight: patchHeight,
            patchWidth: patchWidth,
            channels: channels)
    }

    /// The number of features of a token in a stage.
    package func width(of stage: Int) -> Int { width << stage }

    /// The rows and columns of tokens in a stage; mergings round up.
    package func tokenGrid(of stage: Int) -> (rows: Int, columns: Int) {
        (0..<stage).reduce((grid.rows, grid.columns)) { sides, _ in ((sides.0 + 1) / 2, (sides.1 + 1) / 2) }
    }

    /// The number of features that the classifier reads.
    package var lastWidth: Int { width(of: stages.count - 1) }

    /// The number of values that the model gives: logits, or without a classifier features.
    package var outputs: Int { classes > 0 ? classes : lastWidth }

    /// The architecture in a line, for people.
    package var summary: String {
        let depths = stages.map { "\($0.depth)" }.joined(separator: " + ")
        return
            "\(isSecondVersion ? "Swin V2" : "Swin"), \(depths) blocks of width \(width) and up, windows of \(window) × \(window), "
            + "\(grid.summary), \(activation.label.map { "\($0), " } ?? "")"
            + (classes > 0 ? "\(classes) classes" : "no classifier, \(outputs) features")
    }

    /// Whether every number is one that a model can have.
    package var isPossible: Bool {
        guard grid.isPossible, (1...8).contains(stages.count), (1...1 << 16).contains(width),
            (1...4096).contains(window), (0...1 << 20).contains(classes), epsilon.isFinite, epsilon > 0
        else { return false }
        return stages.enumerated().allSatisfy { index, stage in
            (1...4096).contains(stage.depth) && stage.heads > 0
                && width(of: index).isMultiple(of: stage.heads)
                && (1...1 << 20).contains(stage.hiddenWidth)
        }
    }
}
