internal import ArgumentParser
internal import Engine
internal import Foundation
internal import Runs

/// `mgrq compare`.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs presets at some bits over some seeds and prints a table.",
        discussion: """
            Every run keeps a directory below --output. A run that is complete there is not made again, so the command \
            can be interrupted and repeated. The table is printed as Markdown and kept as compare.md and compare.json.
            """)

    @OptionGroup var options: PlanOptions

    @Option(name: .customLong("presets"), help: ArgumentHelp("Presets to compare.", valueName: "name,name,…"))
    var presets = ""

    @Option(
        name: .customLong("variant"), parsing: .singleValue,
        help: ArgumentHelp(
            "A preset with changes, as a line of its own.", valueName: "name=preset,key=value,…"))
    var variants: [String] = []

    @Option(
        help: ArgumentHelp("Pairs of weight and activation bits.", valueName: "w/a,w/a,…"))
    var bits = "4/4"

    @Option(help: ArgumentHelp("Seeds, each a run of its own.", valueName: "n,n,…"))
    var seeds = "1,2,3"

    @OptionGroup var work: ThreadOptions

    @Option(help: ArgumentHelp("The folder of the comparison.", valueName: "dir"))
    var output: String

    @Flag(help: "Print the rows as one JSON object.")
    var json = false

    func run() throws {
        guard let model = options.model else { throw options.missingModel }
        guard options.seed == nil else {
            throw RunFailure(.usage, "--seed cannot be given here; give --seeds a list, such as 1,2,3")
        }
        var base = RunPlan(model: model)
        try options.apply(to: &base)
        // What --set says goes for every line that does not say otherwise itself.
        let shared = RunPlan(model: model).hyperparameters.changes(to: base.hyperparameters)
        let threads = try work.threads()
        let resources = try resources(of: base)
        let lines = try lines(from: base, shared: shared)
        let work = HeadlessRun(printsJSON: false)
        var rows: [ComparisonRow] = []
        for line in lines {
            var runs: [(seed: UInt64, report: RunReport)] = []
            for plan in line.plans {
                runs.append(
                    (
                        plan.seed,
                        try report(of: plan, line, resources: resources, threads: threads, work: work)
                    ))
            }
            rows.append(ComparisonRow(name: line.name, plan: line.plans[0], runs: runs))
            try keep(rows)
        }
        if json {
            try say(try JSONValue(encoding: ["rows": rows]).line)
        } else {
            for line in Results.table(of: rows) {
                try say(line)
            }
        }
    }

    /// A line of the table: a variant at some bits, with a plan for each seed.
    private struct Line {
        let name: String
        let plans: [RunPlan]
    }

    /// Every line, checked before anything is run.
    private func lines(from base: RunPlan, shared: [HyperparameterChange]) throws(RunFailure) -> [Line] {
        let (variants, pairs, seeds) = (try chosenVariants(), try bitPairs(), try seedList())
        var result: [Line] = []
        for pair in pairs {
            for variant in variants {
                var plans: [RunPlan] = []
                do throws(PlanError) {
                    for seed in seeds {
                        plans.append(
                            try variant.plan(
                                from: base, shared: shared, weightBits: pair.weights,
                                activationBits: pair.activations, seed: seed))
                    }
                } catch {
                    throw RunFailure(.usage, "the variant “\(variant.name)”: \(error)")
                }
                result.append(Line(name: variant.name, plans: plans))
            }
        }
        return result
    }

    /// The report of a run: the one that is there if it belongs to the same plan, or of a run made now.
    private func report(
        of plan: RunPlan, _ line: Line, resources: RunResources, threads: Int, work: HeadlessRun
    ) throws -> RunReport {
        let bits = "w\(plan.hyperparameters.weightBits)a\(plan.hyperparameters.activationBits)"
        let directory = RunDirectory(path: joined(output, "\(bits)-\(slug(line.name))-seed\(plan.seed)"))
        if RunDirectory.isRun(directory.path) {
            guard try directory.plan() == plan else {
                throw RunFailure(
                    .cannotCreate,
                    "\(directory.path) holds a run of another plan; give --output a folder of its own")
            }
            if isFile(directory.reportPath) { return try directory.report() }
            try OpenRun.discard(directory)
        }
        tell("compare: \(directory.path)")
        let outcome = try work.carryOut { sink in
            startRun(
                plan, resources: resources,
                // Its table has no room for what units start from.
                options: EngineOptions(
                    threads: threads, directory: directory.path, heldOutImages: 0,
                    evaluatesCalibrated: false),
                sink: sink)
        }
        guard let report = outcome.report else {
            throw RunFailure(.internal, "\(directory.path) ended without a report")
        }
        return report
    }

    private func keep(_ rows: [ComparisonRow]) throws {
        let table = Results.table(of: rows).joined(separator: "\n") + "\n"
        try writeFileAtomically(Array(table.utf8), to: joined(output, "compare.md"))
        try writeFileAtomically(
            Array(try JSONValue(encoding: ["rows": rows]).page.utf8), to: joined(output, "compare.json"))
    }

    private func chosenVariants() throws(RunFailure) -> [Variant] {
        var result: [Variant] = []
        for name in presets.split(separator: ",", omittingEmptySubsequences: !presets.contains(",")) {
            result.append(Variant(try Preset(named: String(name))))
        }
        for text in variants {
            result.append(try Variant(parsing: text))
        }
        let names = result.map(\.name)
        guard !names.isEmpty else {
            throw RunFailure(.usage, "nothing was named to compare; give --presets such as calibrate,mgrq")
        }
        guard Set(names.map(slug)).count == names.count else {
            throw RunFailure(.usage, "two of the lines have the same name; give each a name of its own")
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

    /// A name as part of a file's name.
    private func slug(_ name: String) -> String {
        String(name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "-" })
    }
}
