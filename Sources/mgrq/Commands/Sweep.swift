internal import ArgumentParser
internal import Engine
internal import Runs
internal import Vocabulary

/// `mgrq sweep`.
struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a grid of bit-widths, calibrated or, with --steps, reconstructed.",
        discussion: """
            Models are calibrated by the calibrate preset with the changes of --set, such as --set rotate=true --set \
            weight_solver=ridge_gptq.
            """)

    @OptionGroup var options: PlanOptions

    @OptionGroup var seed: SeedOption

    @Option(help: ArgumentHelp("Widths of weight codes, each 2 through 8 or 16.", valueName: "n,n,…"))
    var weightBits = "2,3,4,6,8"

    @Option(help: ArgumentHelp("Widths of activation codes, each 2 through 8 or 16.", valueName: "n,n,…"))
    var activationBits = "2,3,4,6,8"

    @Option(
        help: ArgumentHelp("Optimisation steps of every unit of a point; 0 calibrates only.", valueName: "n"))
    var steps = "0"

    @Option(
        help: ArgumentHelp(
            "On how many of the evaluation images, evenly spread; all of them without it.", valueName: "n"))
    var images: String?

    @OptionGroup var work: ThreadOptions

    @Option(help: ArgumentHelp("The run directory, new or empty.", valueName: "dir"))
    var output: String?

    @Flag(help: "Print events as JSON Lines.")
    var json = false

    func run() throws {
        guard let model = options.model else { throw options.missingModel }
        var plan = RunPlan(model: model, preset: .calibrate)
        try options.apply(to: &plan)
        try seed.apply(to: &plan)
        plan = ProcessEnvironment.located(plan)
        guard let steps = Int(self.steps), (0...1_000_000).contains(steps) else {
            throw RunFailure(
                .usage, "--steps cannot be “\(self.steps)”; it accepts a whole number from 0 through 1000000")
        }
        let count = images.map { Int($0) ?? 0 }
        guard count.map({ $0 > 0 }) ?? true else {
            throw RunFailure(
                .usage, "--images cannot be “\(images ?? "")”; it accepts a whole number from 1")
        }
        let request = SweepRequest(
            weightBits: try widths(weightBits, flag: "--weight-bits"),
            activationBits: try widths(activationBits, flag: "--activation-bits"), steps: steps,
            count: count ?? 0)
        let threads = try work.threads()
        let directory = output ?? ProcessEnvironment.newRunDirectory(for: plan, purpose: "sweep")
        let resources = try resources(of: plan)
        let outcome = try HeadlessRun(printsJSON: json).carryOut { sink in
            startSweep(
                plan, request: request, resources: resources,
                options: EngineOptions(threads: threads, directory: directory, heldOutImages: 0), sink: sink)
        }
        guard !json else { return }
        for line in Results.lines(of: outcome.points) {
            try printLine(line)
        }
    }
}

/// The different widths that a flag lists.
///
/// - Throws: `RunFailure(.usage)` that names the flag.
func widths(_ text: String, flag: String) throws(RunFailure) -> [Int] {
    var result: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
        guard let bits = Int(part), Hyperparameters.bitWidths.contains(bits), !result.contains(bits) else {
            throw RunFailure(
                .usage,
                "\(flag) cannot be “\(text)”; it accepts different widths of 2 through 8, or 16, "
                    + "such as 2,3,4")
        }
        result.append(bits)
    }
    return result
}
