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

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The mean of each channel, or one for all, of pixels in 0 … 1, else the checkpoint's.",
            valueName: "x,…"))
    var mean: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The standard deviation of each channel, or one for all, else the checkpoint's.",
            valueName: "x,…"))
    var std: String?

    @Option(
        help: ArgumentHelp(
            "The filter of the resize, else the checkpoint's: "
                + "\(Interpolation.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "name"))
    var interpolation: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The share of a resized side that the crop keeps, as timm's crop_pct, else the checkpoint's resize.",
            valueName: "x"))
    var cropPct: String?

    @Flag(help: "Arrays of floats are normalised, even if their values look like 0 … 1 or 0 … 255.")
    var normalised = false

    /// Puts the flags that were given into options.
    ///
    /// - Throws: `RunFailure(.usage)` for a value that is not accepted.
    func apply(to options: inout ImageOptions) throws(RunFailure) {
        if let onBadImage {
            guard let rule = ImageOptions.BadImage(rawValue: onBadImage) else {
                throw RunFailure(.usage, "--on-bad-image cannot be “\(onBadImage)”; it accepts fail or skip")
            }
            options.onBadImage = rule
        }
        if exifOrientation { options.appliesExifOrientation = true }
        if let mean { options.mean = try numbers(mean, "--mean", positive: false) }
        if let std { options.standardDeviation = try numbers(std, "--std", positive: true) }
        if let interpolation {
            guard let filter = Interpolation(rawValue: interpolation) else {
                let known = Interpolation.allCases.map(\.rawValue).joined(separator: ", ")
                throw RunFailure(
                    .usage, "--interpolation cannot be “\(interpolation)”; it accepts \(known)")
            }
            options.interpolation = filter
        }
        if let cropPct {
            guard let fraction = Double(cropPct), ImageOptions.cropFractions.contains(fraction) else {
                throw RunFailure(
                    .usage, "--crop-pct cannot be “\(cropPct)”; it accepts 0.01 through 16, such as 0.9")
            }
            options.cropFraction = fraction
        }
        if normalised { options.floatsAreNormalised = true }
    }

    private func numbers(_ text: String, _ flag: String, positive: Bool) throws(RunFailure) -> [Float] {
        guard let numbers = ImageOptions.numbers(text, positive: positive) else {
            throw RunFailure(
                .usage,
                "\(flag) cannot be “\(text)”; it accepts \(ImageOptions.accepted(positive: positive))")
        }
        return numbers
    }
}
