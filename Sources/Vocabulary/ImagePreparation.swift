/// How images become a model's input, as a checkpoint's metadata says, or a default with a reason.
package struct ImagePreparation: Equatable, Codable, Sendable {
    /// How the size of an image changes before the crop.
    package enum Resize: Equatable, Codable, Sendable {
        /// timm's rule: the crop of the input's size keeps this share of each side, in a mode of timm.
        case timm(cropFraction: Double, cropMode: CropMode)
        /// The shorter side gets this length in pixels, with the ratio kept (Hugging Face's `shortest_edge`).
        case shortSide(Int)
        /// Both sides get these lengths in pixels; the ratio is lost.
        case exact(height: Int, width: Int)
        /// The image keeps its size.
        case none
        /// The image must have the model's size.
        case unchanged
    }

    /// The height of the model's input in pixels: that of the crop from the middle.
    package var height: Int
    /// The width of the model's input in pixels.
    package var width: Int
    /// How the size changes before the crop.
    package var resize: Resize
    /// The filter of that change.
    package var interpolation: Interpolation
    /// The mean of each channel, of pixels in 0 … 1.
    package var mean: [Float]
    /// The standard deviation of each channel, of pixels in 0 … 1.
    package var standardDeviation: [Float]
    /// Where this is said, for people.
    package var source: String
    /// What about the normalisation is a guess, in one sentence; nil where it is known.
    package var doubt: String?
    /// What about the resize is a guess; nil where it is known.
    package var resizeDoubt: ResizeDoubt?

    /// Makes a preparation of its parts.
    package init(
        height: Int, width: Int, resize: Resize, interpolation: Interpolation, mean: [Float],
        standardDeviation: [Float], source: String, doubt: String? = nil, resizeDoubt: ResizeDoubt? = nil
    ) {
        self.height = height
        self.width = width
        self.resize = resize
        self.interpolation = interpolation
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.source = source
        self.doubt = doubt
        self.resizeDoubt = resizeDoubt
    }

    /// What no file states of a resize.
    package struct ResizeDoubt: Equatable, Codable, Sendable {
        /// Whether the change of size is a guess.
        package var concernsSize: Bool
        /// Whether the filter is a guess.
        package var concernsFilter: Bool
        /// The models that do so as a rule, such as `ViT`.
        package var family: String

        /// Makes a doubt; nil where nothing is a guess.
        package init?(concernsSize: Bool, concernsFilter: Bool, family: String) {
            guard concernsSize || concernsFilter else { return nil }
            (self.concernsSize, self.concernsFilter, self.family) = (concernsSize, concernsFilter, family)
        }
    }

    /// How the size changes, without the filter, for people.
    package var resizeText: String {
        switch resize {
        case .timm(let fraction, let mode): "crop_pct \(fraction) \(mode.rawValue)"
        case .shortSide(let side): "shorter side to \(side)"
        case .exact(let high, let wide): "squashed to \(high) × \(wide)"
        case .none: "no resize"
        case .unchanged: "no resize, images of the model's size only"
        }
    }

    /// The preparation in a line, for people.
    package var summary: String {
        let filter = resize == .none || resize == .unchanged ? "" : " \(interpolation.rawValue)"
        return
            "\(resizeText)\(filter), centre crop \(height) × \(width), (pixel / 255 − \(mean)) / \(standardDeviation); \(source)"
    }
}

/// timm's `crop_mode`.
package enum CropMode: String, Hashable, Codable, Sendable, CaseIterable {
    /// The ratio is kept; what lies beyond the crop is lost.
    case center
    /// The ratio is lost.
    case squash
    /// The ratio is kept; borders of the mean colour fill the crop.
    case border
}
