internal import ArgumentParser
internal import Runs

/// The flag for images of another size than the checkpoint was made for.
struct ImageSizeFlag: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The sides in pixels of the images that the model reads, else the checkpoint's; positions are resampled.",
            valueName: "n"))
    var imageSize: String?

    /// The sides that were given; nil without the flag.
    ///
    /// - Throws: `RunFailure(.usage)` for a number that no image can have.
    func sides() throws(RunFailure) -> Int? {
        guard let imageSize else { return nil }
        let accepted = RunPlan.imageSizes
        guard let sides = Int(imageSize), accepted.contains(sides) else {
            throw RunFailure(
                .usage,
                "--image-size cannot be “\(imageSize)”; it accepts a whole number of pixels from "
                    + "\(accepted.lowerBound) through \(accepted.upperBound)")
        }
        return sides
    }
}
