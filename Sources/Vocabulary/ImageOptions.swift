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

    /// Makes options; without arguments, what torchvision does.
    package init(
        onBadImage: BadImage = .fail, selection: Selection = .random, appliesExifOrientation: Bool = false
    ) {
        self.onBadImage = onBadImage
        self.selection = selection
        self.appliesExifOrientation = appliesExifOrientation
    }
}
