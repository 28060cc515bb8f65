internal import ArgumentParser
internal import Engine
internal import Runs

/// `mgrq run`.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Quantizes a model without a screen.",
        discussion: """
            Flags override the plan. Without --output, the run directory is a new one below \
            runs. Ctrl-C ends the run after the step in work.
            """)

    @Argument(help: "A plan to carry out, such as a recipe that was exported.")
    var plan: String?

    @OptionGroup var options: RunOptions

    @Flag(help: "Print events as JSON Lines.")
    var json = false

    @Flag(help: "Only estimate the time and memory of the run.")
    var dryRun = false

    func run() throws {
        let plan = try options.composedPlan(path: plan, model: nil)
        guard dryRun else { return try carryOut(plan, options: options, json: json) }
        let estimator = try RunEstimator(
            resources: try resources(of: plan), imageSize: plan.imageSize, heads: plan.heads,
            threads: try options.work.threads(),
            heldOutImages: try options.heldOutImages())
        let estimate = try estimator.estimate(plan)
        for line in json ? [try JSONText(encoding: estimate).line] : Results.lines(of: estimate) {
            try printLine(line)
        }
    }
}

/// Carries out a plan without a screen and prints the results.
///
/// - Throws: `RunFailure`, or `SilentExit` after a signal.
func carryOut(_ plan: RunPlan, options: RunOptions, json: Bool) throws {
    let plan = ProcessEnvironment.located(plan)
    let threads = try options.work.threads()
    let heldOut = try options.heldOutImages()
    let resources = try resources(of: plan)
    let directory = options.output ?? ProcessEnvironment.newRunDirectory(for: plan)
    let outcome = try HeadlessRun(printsJSON: json).carryOut { sink in
        startRun(
            plan, resources: resources,
            options: EngineOptions(
                threads: threads, directory: directory, heldOutImages: heldOut,
                acceptsChangedInputs: options.inputs.acceptsChanges,
                measuresNoiseFloor: options.floor.isMeasured),
            sink: sink)
    }
    if !json { try outcome.printReport(directory) }
}
