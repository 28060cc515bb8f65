internal import ArgumentParser

/// The flag of commands that evaluate quantized models.
struct NoiseFloorFlag: ParsableArguments {
    @Flag(
        name: .customLong("noise-floor"),
        help:
            "Measure the noise floor of KL, too: two more passes with the least noise on the pixels, of a run after every unit."
    )
    var isMeasured = false
}
