internal import ArgumentParser
internal import Runs
internal import Vocabulary

/// The flag of commands that have one plan.
struct SeedOption: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Decides everything that is random: a whole number from 0.", valueName: "n"))
    var seed: String?

    /// Puts the flag into a plan if it was given.
    ///
    /// - Throws: `RunFailure(.usage)` for anything but a whole number of 64 bits.
    func apply(to plan: inout RunPlan) throws(RunFailure) {
        guard let seed else { return }
        guard let number = UInt64(seed) else {
            throw RunFailure(
                .usage, "--seed cannot be “\(seed)”; it accepts a whole number, 0 or more, below 2^64")
        }
        plan.seed = number
    }
}

/// The flags that describe a plan, apart from its bits and its seed.
struct PlanOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The checkpoint.", valueName: "ref"))
    var model: String?

    @OptionGroup var size: ImageSizeFlag

    @OptionGroup var heads: HeadsFlag

    @Option(help: ArgumentHelp("The calibration images; a sample model has its own.", valueName: "ref"))
    var calibration: String?

    @Option(help: ArgumentHelp("The evaluation images; a sample model has its own.", valueName: "ref"))
    var evaluation: String?

    @Option(
        help: ArgumentHelp(
            "How calibration images are chosen: random, or balanced for as many of each class.",
            valueName: "random|balanced"))
    var selection: String?

    @OptionGroup var images: ImageFlags

    @Option(
        help: ArgumentHelp(
            "Where the quantized model is to run: \(Target.names.joined(separator: ", ")).",
            valueName: "target"))
    var target: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp(
            "Sets a hyperparameter, or calibration_images.", valueName: "key=value"))
    var changes: [String] = []

    @Option(
        name: .customLong("site"), parsing: .singleValue,
        help: ArgumentHelp(
            "Bits of the sites whose name matches, * standing for anything; the last match wins.",
            valueName: "name=n"))
    var sites: [String] = []

    /// Puts the flags that were given into a plan.
    ///
    /// - Throws: `RunFailure(.usage)` for a key or a value that is not accepted.
    func apply(to plan: inout RunPlan) throws(RunFailure) {
        if let model { plan.model = model }
        if let sides = try size.sides() { plan.imageSize = sides }
        if let heads = try heads.number() { plan.heads = heads }
        if let calibration { plan.calibration = calibration }
        if let evaluation { plan.evaluation = evaluation }
        if let selection {
            guard let rule = ImageOptions.Selection(rawValue: selection) else {
                throw RunFailure(
                    .usage, "--selection cannot be “\(selection)”; it accepts random or balanced")
            }
            plan.images.selection = rule
        }
        try images.apply(to: &plan.images)
        if let target { plan.aim(at: try Target(named: target)) }
        for site in sites {
            let parts = site.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let bits = Int(parts[1]),
                Hyperparameters.bitWidths.contains(bits)
            else {
                throw RunFailure(
                    .usage,
                    "--site cannot be “\(site)”; it accepts a site's name, * standing for anything, and 2 through 8 "
                        + "or 16, such as *.mlp.fc2.weight=8")
            }
            plan.sites.append(SiteOverride(match: String(parts[0]), bits: bits))
        }
        for change in changes {
            guard let equals = change.firstIndex(of: "="), equals != change.startIndex else {
                throw RunFailure(
                    .usage, "--set cannot be “\(change)”; it accepts KEY=VALUE, such as steps=200")
            }
            let key = String(change[..<equals])
            let value = String(change[change.index(after: equals)...])
            if key == "calibration_images" {
                guard let images = Int(value), images > 0 else {
                    throw RunFailure(.usage, "\(key) cannot be “\(value)”; it accepts a whole number from 1")
                }
                plan.calibrationImages = images
            } else {
                try set(key, value, in: &plan)
            }
        }
        do throws(PlanError) {
            try plan.target.check(plan.hyperparameters)
        } catch {
            throw RunFailure(.usage, "\(error)")
        }
    }

    /// Changes one hyperparameter of a plan, for all units.
    ///
    /// - Throws: `RunFailure(.usage)` for a key or a value that is not accepted.
    func set(_ key: String, _ value: String, in plan: inout RunPlan) throws(RunFailure) {
        do throws(PlanError) {
            try plan.hyperparameters.apply([HyperparameterChange(key: key, value: value)])
        } catch {
            throw RunFailure(.usage, "\(error)")
        }
    }

    /// The error for a missing model.
    var missingModel: RunFailure {
        let samples = ProcessEnvironment.references.sampleModels.map { "sample:\($0)" }.joined(
            separator: ", ")
        return RunFailure(
            .usage,
            "no model was named; give --model a path\(samples.isEmpty ? "" : ", or a sample: \(samples)")")
    }
}
