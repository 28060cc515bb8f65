internal import Files
internal import Vocabulary

/// Which images were used, and how they were chosen and prepared: enough to use the very same again, or to see that they
/// are not the same any more.
package struct ImageManifest: Hashable, Sendable, Codable {
    /// One image that was used.
    package struct Entry: Hashable, Sendable, Codable {
        /// Its place in the set, counted from 0.
        package let index: Int
        /// Its path relative to the folder; nil in an array.
        package let path: String?
        /// Its class as the set numbers it; nil if it is not known.
        package let label: Int?
        /// The SHA-256 of its file, in hexadecimal digits; nil in an array, whose file has one for all.
        package let sha256: String?
    }

    /// The path that the set was opened by.
    package let source: String
    /// The SHA-256 of an array's file, in hexadecimal digits; nil for a folder.
    package let sha256: String?
    /// The number of images in the set.
    package let available: Int
    /// Which of them were asked for.
    package let choice: ImageChoice
    /// How they were preprocessed, for people.
    package let preprocessing: String
    /// Whether images were rotated by their Exif orientation.
    package let appliesOrientation: Bool
    /// The names that the labels index, if known.
    package let classNames: [String]?
    /// The images that were used, in the order of their places.
    package let images: [Entry]
    /// The images that were left out because they cannot be used.
    package let skipped: [SkippedImage]

    init(
        _ set: ImageSet, choice: ImageChoice, pipeline: PreprocessingPipeline, reading: ImageOptions,
        used: [(index: Int, hash: String?)], skipped: [SkippedImage]
    ) throws(DatasetError) {
        source = set.file ?? "memory"
        if case .array = set.content, let file = set.file {
            sha256 = try DatasetError.wrapping(try Files.sha256(ofFile: file))
        } else {
            sha256 = nil
        }
        available = set.count
        self.choice = choice
        preprocessing = set.isNormalised ? "used as they are" : "\(pipeline)"
        appliesOrientation = reading.appliesExifOrientation
        classNames = set.classNames
        images = used.map { index, hash in
            Entry(index: index, path: set.path(of: index), label: set.labels?[index], sha256: hash)
        }
        self.skipped = skipped
    }
}
