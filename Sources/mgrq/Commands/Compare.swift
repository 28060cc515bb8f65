internal import ArgumentParser
internal import Engine
internal import Files
internal import Runs
internal import Vocabulary

/// `mgrq compare`.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs presets at some bits over some seeds and prints a table.",
        discussion: """
            Every run has a directory below --output. A finished run is not made again, so the command can be \
            interrupted and repeated. The table is printed as Markdown and written to compare.md and compare.json. \
            A second table compares lines with one of them (--against), with 95 % intervals over images and seeds; \
            more evaluation images or seeds may decide what these leave undecided. With --noise-floor, a KL is followed by \
            how far it moves with the least noise on the pixels, and a difference below that is called so.
            """)

    @OptionGroup var options: PlanOptions

    @Option(name: .customLong("presets"), help: ArgumentHelp("Presets to compare.", valueName: "name,name,…"))
    var presets = ""

    @Option(
        name: .customLong("variant"), parsing: .singleValue,
        help: ArgumentHelp(
            "A preset with changes, as a separate line.", valueName: "name=preset,key=value,…"))
    var variants: [String] = []

    @Option(
        help: ArgumentHelp("Pairs of weight and activation bits.", valueName: "w/a,w/a,…"))
    var bits = "4/4"

    @Option(help: ArgumentHelp("Seeds, each a separate run.", valueName: "n,n,…"))
    var seeds = "1,2,3"

    @Option(
        help: ArgumentHelp(
            "The line that others are compared with, image by image (default: the first).", valueName: "name")
    )
    var against: String?

    @OptionGroup var floor: NoiseFloorFlag

    @OptionGroup var work: ThreadOptions

    @Option(help: ArgumentHelp("The folder of the comparison.", valueName: "dir"))
    var output: String

    @Flag(help: "Print both tables as one JSON object.")
    var json = false

    func run() throws {
        guard let model = options.model else { throw options.missingModel }
        var base = RunPlan(model: model)
        try options.apply(to: &base)
        base = ProcessEnvironment.located(base)
        // --set applies to every line that does not set the same key itself.
        let shared = RunPlan(model: model, target: base.target).hyperparameters.changes(
            to: base.hyperparameters)
        let resources = try resources(of: base)
        let variants = try chosenVariants()
        let experiment = try Experiment(
            in: output, variants: variants, bits: try bitPairs(), seeds: try seedList(), from: base,
            shared: shared)
        if let against, !variants.contains(where: { $0.name == against }) {
            let names = variants.map(\.name).joined(separator: ", ")
            throw RunFailure(.usage, "--against cannot be “\(against)”; it accepts \(names)")
        }
        let launcher = LocalLauncher(
            resources: resources, threads: try work.threads(), measuresNoiseFloor: floor.isMeasured)
        var comparison = Comparison(experiment.lines, runs: [], against: against)
        let runs = try experiment.runs(launch: launcher.launch) { runs in
            comparison = Comparison(experiment.lines, runs: runs, against: against)
            try keep(comparison)
        }
        if let run = runs.joined().first(where: { $0.predictions == nil }) {
            printError(
                "compare: \(run.path) has no predictions of evaluation images; nothing is compared with it image by image"
            )
        }
        if json {
            try printLine(try JSONText(encoding: comparison).line)
        } else {
            for line in Results.lines(of: comparison) {
                try printLine(line)
            }
        }
    }

    private func keep(_ comparison: Comparison) throws {
        let table = Results.lines(of: comparison).joined(separator: "\n") + "\n"
        let json = Array(try JSONText(encoding: comparison).page.utf8)
        try RunFailure.wrapping(try writeFile(Array(table.utf8), to: joined(output, "compare.md")))
        try RunFailure.wrapping(try writeFile(json, to: joined(output, "compare.json")))
    }

    private func chosenVariants() throws(RunFailure) -> [Variant] {
        var result: [Variant] = []
        for name in presets.split(separator: ",", omittingEmptySubsequences: !presets.contains(",")) {
            result.append(Variant(try Preset(named: String(name))))
        }
        for text in variants {
            result.append(try Variant(parsing: text))
        }
        return result
    }

    private func bitPairs() throws(RunFailure) -> [(weights: Int, activations: Int)] {
        var result: [(weights: Int, activations: Int)] = []
        for part in bits.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: "/").compactMap { Int($0) }
            guard numbers.count == 2, numbers.allSatisfy(Hyperparameters.bitWidths.contains) else {
                throw RunFailure(
                    .usage,
                    "--bits cannot be “\(bits)”; it accepts pairs of 2 through 8, or 16, such as 4/4,3/3")
            }
            result.append((numbers[0], numbers[1]))
        }
        return result
    }

    private func seedList() throws(RunFailure) -> [UInt64] {
        let numbers = seeds.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
        let known = numbers.compactMap { $0 }
        guard known.count == numbers.count, Set(known).count == known.count, !known.isEmpty else {
            throw RunFailure(
                .usage, "--seeds cannot be “\(seeds)”; it accepts different whole numbers, such as 1,2,3")
        }
        return known
    }
}
