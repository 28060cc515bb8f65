internal import ArgumentParser
internal import Runs
internal import Vocabulary

/// The flags that say how image files are read.
struct ImageFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What an image that cannot be used does: fail ends the command and names it, skip leaves it out.",
            valueName: "fail|skip"))
    var onBadImage: String?

    @Flag(help: "Turn photos as their Exif data say; torchvision does not.")
    var exifOrientation = false

    /// Puts the flags that were given into options.
    ///
    /// - Throws: `RunFailure(.usage)` for a word that is not accepted.
    func apply(to options: inout ImageOptions) throws(RunFailure) {
        if let onBadImage {
            guard let rule = ImageOptions.BadImage(rawValue: onBadImage) else {
                throw RunFailure(.usage, "--on-bad-image cannot be “\(onBadImage)”; it accepts fail or skip")
            }
            options.onBadImage = rule
        }
        if exifOrientation { options.appliesExifOrientation = true }
    }
}
