internal import ArgumentParser
internal import Runs

/// The flag that says how many attention heads a ViT has, where nothing beside its tensors does.
struct HeadsFlag: ParsableArguments {
    @Option(
        name: .customLong("heads"), parsing: .unconditional,
        help: ArgumentHelp(
            "The number of a ViT's attention heads, else what config.json or its architecture says.",
            valueName: "n"))
    var text: String?

    /// The number that was given; nil without the flag.
    ///
    /// - Throws: `RunFailure(.usage)` for a number that no model can have.
    func number() throws(RunFailure) -> Int? {
        guard let text else { return nil }
        let accepted = RunPlan.headCounts
        guard let number = Int(text), accepted.contains(number) else {
            throw RunFailure(
                .usage,
                "--heads cannot be “\(text)”; it accepts a whole number from \(accepted.lowerBound) through "
                    + "\(accepted.upperBound)")
        }
        return number
    }
}
