internal import Files
internal import ArgumentParser
internal import Engine
internal import Runs
internal import Vocabulary

/// `mgrq compare`.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs presets at some bits over some seeds and prints a table.",
        discussion: """
            Every run keeps a directory below --output. A run that is complete there is not made again, so the command \
            can be interrupted and repeated. The table is printed as Markdown and kept as compare.md and compare.json. \
            A second one says how far lines are from one of them (--against), with 95 % intervals over images and \
            seeds: what they leave undecided, more evaluation images or seeds may tell.
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

    @Option(
        help: ArgumentHelp(
            "The line that others are compared with, image by image (default: the first).", valueName: "name")
    )
    var against: String?

    @OptionGroup var work: ThreadOptions

    @Option(help: ArgumentHelp("The folder of the comparison.", valueName: "dir"))
    var output: String

    @Flag(help: "Print both tables as one JSON object.")
    var json = false

    func run() throws {
        guard let model = options.model else { throw options.missingModel }
        var base = RunPlan(model: model)
        try options.apply(to: &base)
        // What --set says goes for every line that does not say otherwise itself.
        let shared = RunPlan(model: model).hyperparameters.changes(to: base.hyperparameters)
        let threads = try work.threads()
        let resources = try resources(of: base)
        let lines = try lines(from: base, shared: shared)
        let work = HeadlessRun(printsJSON: false)
        var comparison = Comparison()
        var runs: [[FinishedRun]] = []
        for line in lines {
            var own: [FinishedRun] = []
            for plan in line.plans {
                let run = try finishedRun(
                    of: plan, line, resources: resources, threads: threads, work: work)
                try check(run, against: runs.first?.first ?? own.first)
                own.append(run)
            }
            runs.append(own)
            comparison.rows.append(
                ComparisonRow(name: line.name, plan: line.plans[0], runs: own.map { ($0.seed, $0.report) }))
            comparison.differences = differences(of: comparison.rows, runs)
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
            for line in comparison.lines {
                try printLine(line)
            }
        }
    }

    /// What is printed and kept.
    private struct Comparison: Encodable {
        var rows: [ComparisonRow] = []
        var differences: [ComparisonDifference] = []

        /// As Markdown.
        var lines: [String] {
            let second = Results.table(of: differences)
            return Results.table(of: rows) + (second.isEmpty ? [] : [""]) + second
        }
    }

    /// Refuses a run that was evaluated on other images than another one.
    private func check(_ run: FinishedRun, against other: FinishedRun?) throws(RunFailure) {
        guard let other, let own = run.predictions, let others = other.predictions else { return }
        guard own.labels == others.labels, own.fullPrecision == others.fullPrecision else {
            throw RunFailure(
                .badData,
                "\(run.path) was evaluated on other images than \(other.path); give --output a folder of its own"
            )
        }
    }

    /// How far lines are from the one that they are compared with, where that is done already and all of their runs
    /// have predictions.
    ///
    /// - Parameters:
    ///   - rows: The lines.
    ///   - runs: The runs of each.
    /// - Returns: A difference for every line for which it is known.
    private func differences(of rows: [ComparisonRow], _ runs: [[FinishedRun]]) -> [ComparisonDifference] {
        func predictions(_ row: Int) -> [Predictions]? {
            let found = runs[row].compactMap(\.predictions)
            return found.count == runs[row].count ? found : nil
        }
        return rows.indices.compactMap { index in
            let row = rows[index]
            let other = rows.indices.first {
                rows[$0].weightBits == row.weightBits && rows[$0].activationBits == row.activationBits
                    && (against == nil || rows[$0].name == against)
            }
            guard let other, other != index, let own = predictions(index), let others = predictions(other)
            else { return nil }
            return ComparisonDifference(row, from: rows[other], predictions: own, others: others)
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

    /// What a run came to.
    private struct FinishedRun {
        let path: String
        let seed: UInt64
        let report: RunReport
        /// nil without evaluation images or without a classifier.
        let predictions: Predictions?

        init(_ directory: RunDirectory, seed: UInt64) throws(RunFailure) {
            path = directory.path
            self.seed = seed
            report = try directory.report()
            predictions = try directory.predictions()
        }
    }

    /// A finished run: the one that is there if it belongs to the same plan, or one made now.
    private func finishedRun(
        of plan: RunPlan, _ line: Line, resources: RunResources, threads: Int, work: HeadlessRun
    ) throws -> FinishedRun {
        let bits = "w\(plan.hyperparameters.weightBits)a\(plan.hyperparameters.activationBits)"
        let directory = RunDirectory(path: joined(output, "\(bits)-\(slug(line.name))-seed\(plan.seed)"))
        if RunDirectory.isRun(directory.path) {
            guard try directory.plan() == plan else {
                throw RunFailure(
                    .cannotCreate,
                    "\(directory.path) holds a run of another plan; give --output a folder of its own")
            }
            if isFile(directory.reportPath) { return try FinishedRun(directory, seed: plan.seed) }
            try OpenRun.discard(directory)
        }
        printError("compare: \(directory.path)")
        let outcome = try work.carryOut { sink in
            startRun(
                plan, resources: resources,
                // Its table has no room for what units start from.
                options: EngineOptions(
                    threads: threads, directory: directory.path, heldOutImages: 0,
                    evaluatesCalibrated: false),
                sink: sink)
        }
        guard outcome.report != nil else {
            throw RunFailure(.internal, "\(directory.path) ended without a report")
        }
        return try FinishedRun(directory, seed: plan.seed)
    }

    private func keep(_ comparison: Comparison) throws {
        let table = comparison.lines.joined(separator: "\n") + "\n"
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
        let names = result.map(\.name)
        guard !names.isEmpty else {
            throw RunFailure(.usage, "nothing was named to compare; give --presets such as calibrate,mgrq")
        }
        guard Set(names.map(slug)).count == names.count else {
            throw RunFailure(.usage, "two of the lines have the same name; give each a name of its own")
        }
        if let against, !names.contains(against) {
            throw RunFailure(
                .usage, "--against cannot be “\(against)”; it accepts \(names.joined(separator: ", "))")
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
