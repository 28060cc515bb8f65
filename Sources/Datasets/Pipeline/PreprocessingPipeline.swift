package import Vocabulary

/// What turns an image of any size into the numbers that a model reads: resize, crop, normalise.
///
/// All steps are those of Pillow with torchvision or Hugging Face transformers, on 8-bit pixels, so that the pixels are
/// theirs to the last bit.
package struct PreprocessingPipeline: Hashable, Sendable, Codable {
    /// How the size of an image follows from the size that it has.
    package enum Resize: Hashable, Sendable, Codable {
        /// The image keeps its size.
        case none
        /// The image must have the size of the crop.
        case unchanged
        /// The shorter side gets this length; the longer one keeps the ratio, cut off to a whole number.
        ///
        /// torchvision's `Resize(n)` and Hugging Face's `shortest_edge`.
        case shortSide(Int)
        /// Both sides get these lengths; the ratio is lost.
        case exact(height: Int, width: Int)
        /// The smallest size of the same ratio that covers this one, rounded half to even.
        ///
        /// timm's `ResizeKeepRatio` with `longest=0`.
        case cover(height: Int, width: Int)
        /// The largest size of the same ratio that fits into this one, rounded half to even.
        ///
        /// timm's `ResizeKeepRatio` with `longest=1`.
        case fit(height: Int, width: Int)
    }

    /// Which way the crop is rounded if it cannot be centred exactly.
    package enum CropRounding: String, Hashable, Sendable, Codable {
        /// Half a pixel goes to the even offset; padding goes to the right and the bottom first. torchvision's rule.
        case halfToEven
        /// Half a pixel goes to the smaller offset; padding goes to the left and the top first. Hugging Face's rule.
        case down
    }

    /// How the size changes before the crop.
    package let resize: Resize
    /// The filter of that change.
    package let interpolation: Interpolation
    /// The rows of pixels that the model reads: the height of the crop from the middle.
    package let height: Int
    /// The pixels in a row that the model reads: the width of the crop.
    package let width: Int
    /// Which way the crop is rounded if it cannot be centred exactly.
    package let cropRounding: CropRounding
    /// What each channel has where the crop is larger than the image, 0 to 255.
    package let fill: [UInt8]
    /// The normalisation after the crop; it has the model's channels, 1 or 3.
    ///
    /// One channel is Pillow's `convert("L")`, three are its `convert("RGB")`.
    package let normalisation: Normalisation

    /// The number of channels that the model reads: 1 for gray, 3 for red, green and blue.
    package var channels: Int { normalisation.mean.count }

    /// Makes a pipeline after a check of its numbers.
    ///
    /// - Parameters:
    ///   - resize: How the size changes before the crop; lengths of 1 to 65,536.
    ///   - interpolation: The filter of that change.
    ///   - height: The rows that the model reads, 1 to `ImageSet.maximumSide`.
    ///   - width: The pixels in a row that the model reads, 1 to `ImageSet.maximumSide`.
    ///   - cropRounding: Which way the crop is rounded if it cannot be centred exactly.
    ///   - fill: `[channels]` values for pixels that the image does not cover; nil is black.
    ///   - normalisation: Mean and standard deviation of each channel.
    /// - Throws: `DatasetError` with `.badPreprocessing` for numbers that no model can mean.
    package init(
        resize: Resize, interpolation: Interpolation, height: Int, width: Int,
        cropRounding: CropRounding = .halfToEven, fill: [UInt8]? = nil, normalisation: Normalisation
    ) throws(DatasetError) {
        let sides =
            switch resize {
            case .none, .unchanged: [] as [Int]
            case .shortSide(let side): [side]
            case .exact(let high, let wide), .cover(let high, let wide), .fit(let high, let wide):
                [high, wide]
            }
        guard sides.allSatisfy({ 1...Self.greatestSide ~= $0 }) else {
            throw DatasetError(
                .badPreprocessing, file: nil,
                detail: "images cannot be resized to \(sides); each side must be 1 to \(Self.greatestSide)")
        }
        guard 1...ImageSet.maximumSide ~= height, 1...ImageSet.maximumSide ~= width else {
            throw DatasetError(
                .badPreprocessing, file: nil,
                detail: "images cannot be cropped to \(height) × \(width) pixels; each side must be 1 to "
                    + "\(ImageSet.maximumSide)")
        }
        self.resize = resize
        self.interpolation = interpolation
        self.height = height
        self.width = width
        self.cropRounding = cropRounding
        self.fill = fill ?? Array(repeating: 0, count: normalisation.mean.count)
        self.normalisation = normalisation
        guard self.fill.count == channels else {
            throw DatasetError(
                .badPreprocessing, file: nil,
                detail: "\(self.fill.count) values cannot fill the borders of images of \(channels) channels")
        }
    }

    /// The longest side that a resize may ask for.
    static let greatestSide = 65_536
}

// MARK: - timm

extension PreprocessingPipeline {
    /// What timm's `create_transform` makes for evaluation.
    ///
    /// - Parameters:
    ///   - height: The rows that the model reads, from `input_size`.
    ///   - width: The pixels in a row that the model reads.
    ///   - cropFraction: `crop_pct`, above 0: the share of a resized side that the crop keeps.
    ///   - cropMode: `crop_mode`.
    ///   - interpolation: The filter.
    ///   - normalisation: Mean and standard deviation of each channel.
    /// - Returns: The pipeline.
    /// - Throws: `DatasetError` with `.badPreprocessing` for numbers that no model can mean.
    package static func timm(
        height: Int, width: Int, cropFraction: Double, cropMode: CropMode, interpolation: Interpolation,
        normalisation: Normalisation
    ) throws(DatasetError) -> PreprocessingPipeline {
        func scaled(_ side: Int) throws(DatasetError) -> Int {
            let length = (Double(side) / cropFraction).rounded(.down)
            guard cropFraction > 0, length <= Double(greatestSide), length >= 1 else {
                throw DatasetError(
                    .badPreprocessing, file: nil,
                    detail:
                        "a crop_pct of \(cropFraction) cannot be meant; it is the share of a resized side that "
                        + "the crop keeps, such as 0.9")
            }
            return Int(length)
        }
        let (high, wide) = (try scaled(height), try scaled(width))
        let resize: Resize =
            switch cropMode {
            case .squash: .exact(height: high, width: wide)
            case .border: .fit(height: high, width: wide)
            case .center: high == wide ? .shortSide(high) : .cover(height: high, width: wide)
            }
        return try PreprocessingPipeline(
            resize: resize, interpolation: interpolation, height: height, width: width,
            fill: cropMode == .border
                ? normalisation.mean.map {
                    UInt8(clamping: Int((255 * Double($0)).rounded(.toNearestOrEven)))
                } : nil,
            normalisation: normalisation)
    }
}

// MARK: - From a checkpoint's metadata

extension PreprocessingPipeline {
    /// Makes the pipeline that a preparation describes.
    ///
    /// - Throws: `DatasetError` with `.badPreprocessing` for numbers that no model can mean.
    package init(_ preparation: ImagePreparation) throws(DatasetError) {
        let normalisation = try Normalisation(
            mean: preparation.mean, standardDeviation: preparation.standardDeviation)
        let resize: Resize
        switch preparation.resize {
        case .timm(let fraction, let mode):
            self = try .timm(
                height: preparation.height, width: preparation.width, cropFraction: fraction, cropMode: mode,
                interpolation: preparation.interpolation, normalisation: normalisation)
            return
        case .shortSide(let side): resize = .shortSide(side)
        case .exact(let height, let width): resize = .exact(height: height, width: width)
        case .none: resize = .none
        case .unchanged: resize = .unchanged
        }
        try self.init(
            resize: resize, interpolation: preparation.interpolation, height: preparation.height,
            width: preparation.width, cropRounding: .down, normalisation: normalisation)
    }
}

// MARK: - In files

extension PreprocessingPipeline {
    private enum CodingKeys: String, CodingKey {
        case resize, interpolation, height, width, cropRounding, fill, normalisation
    }

    /// Reads a pipeline that was encoded, with the checks that every other one goes through.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            resize: try values.decode(Resize.self, forKey: .resize),
            interpolation: try values.decode(Interpolation.self, forKey: .interpolation),
            height: try values.decode(Int.self, forKey: .height),
            width: try values.decode(Int.self, forKey: .width),
            cropRounding: try values.decode(CropRounding.self, forKey: .cropRounding),
            fill: try values.decode([UInt8].self, forKey: .fill),
            normalisation: try values.decode(Normalisation.self, forKey: .normalisation))
    }
}

// MARK: - For people

extension PreprocessingPipeline: CustomStringConvertible {
    /// One line: such as “RGB, short side to 248 bicubic, centre crop 224 × 224, (pixel / 255 − 0.5) / 0.5”.
    package var description: String {
        let colours = channels == 1 ? "gray" : channels == 3 ? "RGB" : "\(channels) channels"
        let size: String? =
            switch resize {
            case .none: nil
            case .unchanged: "\(height) × \(width) as they are"
            case .shortSide(let side): "short side to \(side) \(interpolation.rawValue)"
            case .exact(let high, let wide): "squashed to \(high) × \(wide) \(interpolation.rawValue)"
            case .cover(let high, let wide): "resized to cover \(high) × \(wide) \(interpolation.rawValue)"
            case .fit(let high, let wide): "resized to fit into \(high) × \(wide) \(interpolation.rawValue)"
            }
        let crop: String? =
            resize == .exact(height: height, width: width) || resize == .unchanged
            ? nil : "centre crop \(height) × \(width)"
        return [colours, size, crop, "\(normalisation)"].compactMap(\.self).joined(separator: ", ")
    }
}
