/// What a plan says about image files: the same for calibration and for evaluation, but for the choice.
public struct ImageOptions: Equatable, Sendable {
    /// What is done with an image that cannot be used.
    public enum BadImage: String, Equatable, Sendable, CaseIterable {
        /// The run ends before it begins, and names the image.
        case fail
        /// The image is left out, and named in a warning.
        case skip
    }

    /// How the calibration images are chosen among those that there are.
    public enum Selection: String, Equatable, Sendable, CaseIterable {
        /// Every image is as likely as any other.
        case random
        /// As many of each class as there can be.
        case balanced
    }

    /// What is done with an image that cannot be used.
    public var onBadImage: BadImage
    /// How the calibration images are chosen.
    public var selection: Selection
    /// Whether photos are turned as their Exif data say.
    public var appliesExifOrientation: Bool

    /// Makes options; without arguments, what torchvision does.
    public init(
        onBadImage: BadImage = .fail, selection: Selection = .random, appliesExifOrientation: Bool = false
    ) {
        self.onBadImage = onBadImage
        self.selection = selection
        self.appliesExifOrientation = appliesExifOrientation
    }
}
