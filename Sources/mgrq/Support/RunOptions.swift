internal import ArgumentParser
internal import Engine
internal import Runs

/// The flags that describe a whole plan and how it is carried out.
struct RunOptions: ParsableArguments {
    @OptionGroup var plan: PlanOptions

    @OptionGroup var seed: SeedOption

    @OptionGroup var preset: PresetOption

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The width of weight codes: 2 through 8, or 16.", valueName: "n"))
    var weightBits: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The width of activation codes: 2 through 8, or 16.", valueName: "n"))
    var activationBits: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Optimisation steps for each unit.", valueName: "n"))
    var steps: String?

    @Option(parsing: .unconditional, help: ArgumentHelp("Images in a step.", valueName: "n"))
    var batch: String?

    @OptionGroup var work: ThreadOptions

    @OptionGroup var floor: NoiseFloorFlag

    @OptionGroup var inputs: InputsFlag

    @Option(help: ArgumentHelp("The run directory, new or empty.", valueName: "dir"))
    var output: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Images on which the model is compared after each unit; 0 leaves it out.", valueName: "n"))
    var heldOut: String?

    /// The number of held-out images.
    ///
    /// - Throws: `RunFailure(.usage)` for a number that cannot be used.
    func heldOutImages() throws(RunFailure) -> Int {
        guard let heldOut else { return EngineOptions.defaultHeldOutImages }
        guard let images = Int(heldOut), (0...1_000_000).contains(images) else {
            throw RunFailure(
                .usage, "--held-out cannot be “\(heldOut)”; it accepts a whole number from 0 through 1000000")
        }
        return images
    }

    /// The plan that a file and the flags make together; flags win.
    ///
    /// - Parameters:
    ///   - path: The plan's file, if there is one.
    ///   - model: The model where neither names one; nil makes that an error.
    /// - Returns: The plan.
    /// - Throws: `RunFailure`: `.usage` for flags, what `RunPlan(path:)` throws for the file.
    func composedPlan(path: String?, model: String?) throws(RunFailure) -> RunPlan {
        var result = try preset.plan(path: path, options: plan, model: model)
        let flags = [
            ("weight_bits", weightBits), ("activation_bits", activationBits), ("steps", steps),
            ("batch", batch),
        ]
        for case (let key, let value?) in flags {
            try plan.set(key, value, in: &result)
        }
        try plan.apply(to: &result)
        try seed.apply(to: &result)
        return result
    }
}
