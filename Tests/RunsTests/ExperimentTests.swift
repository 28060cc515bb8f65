import Runs
import TestSupport
import Testing
import Vocabulary

@Suite("Experiments")
struct ExperimentTests {
    private let folder: TemporaryFolder
    private let plan: RunPlan

    init() throws {
        folder = try TemporaryFolder()
        plan = RunPlan(model: "model")
    }

    private func experiment(
        _ variants: [Variant], bits: [(weights: Int, activations: Int)] = [(4, 4)], seeds: [UInt64] = [1, 2],
        shared: [HyperparameterChange] = []
    ) throws -> Experiment {
        try Experiment(
            in: folder.file("c"), variants: variants, bits: bits, seeds: seeds, from: plan, shared: shared)
    }

    /// Writes a finished run; top-1 is its seed.
    private func finish(
        _ trial: Experiment.Trial, hasBegun: Bool = false, classes: [Int] = [0, 1, 2],
        inputs: PlanInputs? = nil
    ) throws {
        let path = trial.directory.path
        var plan = trial.plan
        plan.inputs = inputs
        let run = hasBegun ? try OpenRun(continuing: path) : try OpenRun(creating: path, plan: plan)
        try run.journal.append(RunEvent.stopped(unitsDone: 0), at: 0)
        try run.write(Predictions(labels: nil, fullPrecision: classes, final: [0, 1, 1], kl: nil))
        var report = Samples.report
        report.final?.top1 = Double(trial.plan.seed)
        // The journal names no attempt.
        report.units = []
        try run.write(report)
        run.finish()
    }

    @Test("every variant has a line for every bit width, and every seed its own directory")
    func plans() throws {
        let changed = try Variant(parsing: "block only=mgrq,steps=7")
        let lines = try experiment(
            [Variant(.calibrate), changed], bits: [(4, 4), (3, 8)],
            shared: [HyperparameterChange(key: "steps", value: "5")]
        ).lines
        #expect(lines.map(\.name) == ["calibrate", "block only", "calibrate", "block only"])
        let trials = lines.flatMap(\.trials)
        #expect(trials.map(\.plan.seed) == [1, 2, 1, 2, 1, 2, 1, 2])
        #expect(Set(trials.map(\.directory.path)).count == 8)
        #expect(trials[7].directory.path == folder.file("c/w3a8-block-only-seed2"))
        let hyperparameters = trials[7].plan.hyperparameters
        #expect((hyperparameters.weightBits, hyperparameters.activationBits) == (3, 8))
        #expect(hyperparameters.steps == 7 && trials[0].plan.hyperparameters.steps == 0)
    }

    @Test("lines with equal names, and changes that are not possible, are refused")
    func refusals() throws {
        #expect(throws: RunFailure.self) { try experiment([]) }
        let twin = try Variant(parsing: "mgrq=calibrate")
        #expect(throws: RunFailure.self) { try experiment([Variant(.mgrq), twin]) }
        let wrong = try Variant(parsing: "x=mgrq,stepz=1")
        #expect { try experiment([wrong]) } throws: { "\($0)".contains("the variant “x”") }
    }

    @Test(
        "runs that are finished are taken as they are, those that have begun go on, and the others are made once"
    )
    func reuse() throws {
        let experiment = try experiment([Variant(.calibrate)], seeds: [1, 2, 3])
        let trials = experiment.lines[0].trials
        try finish(trials[0])
        let unfinished = try OpenRun(creating: trials[1].directory.path, plan: trials[1].plan)
        try unfinished.journal.append(RunEvent.stopped(unitsDone: 0), at: 0)
        unfinished.finish()
        var (made, continued): ([UInt64], [UInt64]) = ([], [])
        let runs = try experiment.runs(launch: { trial, hasBegun in
            if hasBegun { continued.append(trial.plan.seed) } else { made.append(trial.plan.seed) }
            try finish(trial, hasBegun: hasBegun)
        })
        #expect(made == [3] && continued == [2])
        #expect(runs.map { $0.map(\.report.final?.top1) } == [[1, 2, 3]])
        try experiment.runs(launch: { _, _ in Issue.record("a finished run was made again") })
    }

    @Test("a run of another plan, and one on other images, is refused")
    func otherRuns() throws {
        let before = try experiment([Variant(.calibrate)], shared: [])
        try finish(before.lines[0].trials[0])
        let after = try experiment(
            [Variant(.calibrate)], shared: [HyperparameterChange(key: "batch", value: "5")])
        #expect {
            try after.runs(launch: { trial, _ in try finish(trial) })
        } throws: { "\($0)".contains("holds a run of another plan") }
        #expect {
            try before.runs(launch: { trial, _ in try finish(trial, classes: [9, 9, 9]) })
        } throws: { "\($0)".contains("was evaluated on other images") }
    }

    @Test("runs of different checkpoints are not compared", arguments: [\PlanInputs.weights, \.model])
    func otherCheckpoint(input: any WritableKeyPath<PlanInputs, String> & Sendable) throws {
        let experiment = try experiment([Variant(.calibrate)])
        try finish(experiment.lines[0].trials[0], inputs: Samples.inputs)
        var others = Samples.inputs
        others[keyPath: input] = String(repeating: "1", count: 64)
        #expect {
            try experiment.runs(launch: { trial, hasBegun in
                try finish(trial, hasBegun: hasBegun, inputs: others)
            })
        } throws: { "\($0)".contains("was made with another checkpoint") }
    }

    @Test("lines are compared with the named one at the same bits, or with the first")
    func comparison() throws {
        let experiment = try experiment(
            [Variant(.calibrate), Variant(.mgrq)], bits: [(4, 4), (3, 3)])
        var lengths: [Int] = []
        let runs = try experiment.runs(
            launch: { trial, _ in try finish(trial) }, lineDone: { lengths.append($0.count) })
        #expect(lengths == [1, 2, 3, 4])
        for (name, against) in [(nil, "calibrate"), ("mgrq", "mgrq")] {
            let comparison = Comparison(experiment.lines, runs: runs, against: name)
            #expect(comparison.rows.map(\.weightBits) == [4, 4, 3, 3])
            #expect(comparison.differences.map(\.against) == [against, against])
            #expect(comparison.differences.map(\.weightBits) == [4, 3])
        }
    }
}
