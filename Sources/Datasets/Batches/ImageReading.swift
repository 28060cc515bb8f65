/// What is done with an image that cannot be used.
package enum BadImageRule: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nothing is done with the set; the error names the image.
    case fail
    /// The image is left out, and named among those that were.
    case skip
}

/// How image files are read.
package struct ImageReading: Hashable, Sendable {
    /// What is done with an image that cannot be used.
    package var badImages: BadImageRule
    /// Whether images are turned as their Exif data say; torchvision's `ImageFolder` does not.
    package var appliesOrientation: Bool

    /// Makes a way of reading; without arguments, that of torchvision.
    package init(badImages: BadImageRule = .fail, appliesOrientation: Bool = false) {
        self.badImages = badImages
        self.appliesOrientation = appliesOrientation
    }
}

/// An image that was left out because it cannot be used.
package struct SkippedImage: Hashable, Sendable, Codable {
    /// Its place in the set.
    package let index: Int
    /// Where it lies below the folder; nil in an array.
    package let path: String?
    /// One sentence that names the image and what is wrong with it.
    package let reason: String
}
