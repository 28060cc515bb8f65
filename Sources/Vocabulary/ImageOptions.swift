/// How a plan reads image files: the same for calibration and evaluation, except for the selection.
package struct ImageOptions: Hashable, Sendable {
    /// The handling of an image that cannot be used.
    package enum BadImage: String, Hashable, Codable, Sendable, CaseIterable {
        /// The run ends before it begins, and names the image.
        case fail
        /// The image is left out, and named in a warning.
        case skip
    }

    /// How the calibration images are chosen among those that there are.
    package enum Selection: String, Hashable, Codable, Sendable, CaseIterable {
        /// Every image is as likely as any other.
        case random
        /// As many of each class as there can be.
        case balanced
    }

    /// The handling of an image that cannot be used.
    package var onBadImage: BadImage
    /// How the calibration images are chosen.
    package var selection: Selection
    /// Whether photos are turned as their Exif data say.
    package var appliesExifOrientation: Bool

    /// The mean of each channel, or one for all, of pixels in 0 … 1; nil takes the checkpoint's.
    package var mean: [Float]?
    /// The standard deviation of each channel, or one for all, of pixels in 0 … 1; nil takes the checkpoint's.
    package var standardDeviation: [Float]?
    /// The filter of the resize; nil takes the checkpoint's.
    package var interpolation: Interpolation?
    /// The share of a resized side that the crop keeps, timm's `crop_pct`; nil takes the checkpoint's resize.
    package var cropFraction: Double?
    /// Whether arrays of floats are normalised, however they look.
    package var floatsAreNormalised = false

    /// The accepted shares of a resized side.
    package static let cropFractions = 0.01...16.0

    /// Makes options; without arguments, what torchvision does.
    package init(
        onBadImage: BadImage = .fail, selection: Selection = .random, appliesExifOrientation: Bool = false
    ) {
        self.onBadImage = onBadImage
        self.selection = selection
        self.appliesExifOrientation = appliesExifOrientation
    }

    /// What `numbers` accepts, for errors.
    package static func accepted(positive: Bool) -> String {
        "one \(positive ? "positive " : "")number, or one for each channel, such as 0.485,0.456,0.406"
    }

    /// Numbers parted by commas, such as `0.485,0.456,0.406`.
    ///
    /// - Parameters:
    ///   - text: The numbers, at most 4.
    ///   - positive: Whether all must be above 0.
    /// - Returns: The numbers; nil for anything else.
    package static func numbers(_ text: String, positive: Bool) -> [Float]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            Float(part.drop { $0 == " " }).flatMap { $0.isFinite && (!positive || $0 > 0) ? $0 : nil }
        }
        return numbers.count == parts.count && numbers.count <= 4 ? numbers : nil
    }
}
