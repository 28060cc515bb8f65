internal import Files
internal import ArgumentParser
internal import Engine
internal import Foundation
internal import Runs

/// `mgrq allocate`.
struct Allocate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Chooses bits site by site within a budget and writes a plan with them.",
        discussion: """
            Every site is quantized alone at every width, to see what that does to the model. Of all choices of widths \
            that keep the budget, the one with the least sum is taken, exactly. With a budget of size or mean bits, \
            activations keep the plan's bits; one of bit operations chooses theirs as well. Sites that --site or the \
            plan's own “sites” match keep what these say.
            """)

    @Argument(help: "A plan to start from.")
    var plan: String?

    @OptionGroup var options: PlanOptions

    @OptionGroup var seed: SeedOption

    @OptionGroup var preset: PresetOption

    @Option(help: ArgumentHelp("The size of the packed model at most, in MB of 10⁶ bytes.", valueName: "mb"))
    var budgetSize: Double?

    @Option(help: ArgumentHelp("The mean bits of a weight at most.", valueName: "bits"))
    var budgetMeanBits: Double?

    @Option(
        help: ArgumentHelp(
            "The bit operations of an image at most, in 10⁹: multiplications times the bits of both operands.",
            valueName: "10⁹"))
    var budgetBitOperations: Double?

    @Option(help: ArgumentHelp("Widths to choose from for weights, each 2 through 8.", valueName: "n,n,…"))
    var weightBits = "2,3,4,6,8"

    @Option(
        help: ArgumentHelp(
            "Widths to choose from for activations where bit operations count, else 3,4,6,8.",
            valueName: "n,n,…"))
    var activationBits: String?

    @Option(
        help: ArgumentHelp(
            "What harm is measured by: the divergence of the model's logits, or the error of the unit's output.",
            valueName: "divergence|unit_output"))
    var measure = SensitivityMeasure.divergence.rawValue

    @Option(help: ArgumentHelp("Calibration images that harm is measured on.", valueName: "n"))
    var images = 64

    @Option(
        help: ArgumentHelp(
            "Keeps the measurements; existing ones are used instead of measuring again.",
            valueName: "file"))
    var sensitivities: String?

    @OptionGroup var work: ThreadOptions

    @Option(help: ArgumentHelp("Where the plan is written.", valueName: "file"))
    var output: String

    @Flag(help: "Print the sensitivities and the allocation as one JSON object.")
    var json = false

    func run() throws {
        var base = try preset.plan(path: plan, options: options, model: nil)
        try options.apply(to: &base)
        try seed.apply(to: &base)
        base = ProcessEnvironment.located(base)
        let budget = try budget()
        let weights = try narrow(weightBits, flag: "--weight-bits")
        var activations: [Int] = []
        if case .bitOperations = budget {
            activations = try narrow(activationBits ?? "3,4,6,8", flag: "--activation-bits")
        } else if activationBits != nil {
            throw RunFailure(
                .usage,
                "--activation-bits cannot be given with a budget that activations take nothing of; give "
                    + "--budget-bit-operations, or --set activation_bits=N")
        }
        let table = try table(for: base, weights: weights, activations: activations)
        let allocation = try table.allocation(
            within: budget, plan: base, weightBits: weights, activationBits: activations)
        var plan = base
        let isFree = { (site: String) in base.bits(of: site, otherwise: 0) == 0 }
        let chosen = zip(table.sites, allocation.sites).filter { site, _ in
            isFree(site.site) && (site.weights != nil || !activations.isEmpty)
        }.map(\.1)
        // The user's overrides stay last, where they win.
        plan.sites = chosen + base.sites
        try RunFailure.wrapping(try writeFile(Array(plan.yaml.utf8), to: output))
        if json {
            try printLine(
                try JSONText(encoding: AllocationOutput(sensitivities: table, allocation: allocation)).line)
        } else {
            for line in Results.lines(of: table, allocation: allocation, path: output) { try printLine(line) }
        }
    }

    private func budget() throws(RunFailure) -> AllocationBudget {
        let budgets = [
            budgetSize.map { ("--budget-size", $0, AllocationBudget.bytes(whole($0 * 1e6))) },
            budgetMeanBits.map { ("--budget-mean-bits", $0, AllocationBudget.meanBits($0)) },
            budgetBitOperations.map {
                ("--budget-bit-operations", $0, AllocationBudget.bitOperations(whole($0 * 1e9)))
            },
        ].compactMap { $0 }
        guard budgets.count == 1, let (flag, value, budget) = budgets.first else {
            throw RunFailure(
                .usage,
                "exactly one budget is needed: --budget-size, --budget-mean-bits or --budget-bit-operations")
        }
        guard value > 0, value < 1e9 else {
            throw RunFailure(.usage, "\(flag) cannot be “\(value)”; it accepts a number above 0")
        }
        return budget
    }

    /// A number as a whole one, for one that `budget` accepts.
    private func whole(_ value: Double) -> Int { value > 0 && value < 1e18 ? Int(value) : 0 }

    private func narrow(_ text: String, flag: String) throws(RunFailure) -> [Int] {
        let bits = try widths(text, flag: flag)
        guard !bits.contains(16) else {
            throw RunFailure(
                .usage,
                "\(flag) cannot be “\(text)”; it accepts different widths of 2 through 8; give --site NAME=16 to "
                    + "leave a site in full precision")
        }
        return bits
    }

    /// The sensitivities: those that are kept, or measured now.
    private func table(
        for plan: RunPlan, weights: [Int], activations: [Int]
    ) throws(RunFailure) -> SensitivityTable {
        guard let measure = SensitivityMeasure(rawValue: measure) else {
            throw RunFailure(
                .usage, "--measure cannot be “\(measure)”; it accepts divergence or unit_output")
        }
        guard (1...100_000).contains(images) else {
            throw RunFailure(
                .usage, "--images cannot be “\(images)”; it accepts a whole number from 1 through 100000")
        }
        let kept = try sensitivities.flatMap { isFile($0) ? $0 : nil }.map { path throws(RunFailure) in
            let table = try SensitivityTable(path: path)
            guard table.plan == SensitivityTable.key(of: plan), table.measure == measure else {
                throw RunFailure(
                    .usage,
                    "\(path) holds sensitivities of another plan; give --sensitivities another file")
            }
            return table
        }
        let request = SensitivityRequest(
            weightBits: weights, activationBits: activations, measure: measure, images: images)
        let table = try measureSensitivities(
            of: plan, request: request, resources: try resources(of: plan), threads: try work.threads(),
            kept: kept
        ) { unit, index, count in
            printError("allocate: measuring \(unit), \(index + 1) of \(count)")
        }
        if kept == nil, let path = sensitivities { try table.write(to: path) }
        return table
    }
}

/// What `mgrq allocate --json` prints.
private struct AllocationOutput: Encodable {
    let sensitivities: SensitivityTable
    let allocation: Allocation
}
