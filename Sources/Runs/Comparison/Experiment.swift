internal import Files

/// Plans under names, each over some seeds: every plan becomes a run in its own directory.
///
///     let experiment = try Experiment(
///         in: "out", variants: [Variant(.calibrate), Variant(.mgrq)], bits: [(4, 4)], seeds: [1, 2], from: plan)
///     let runs = try experiment.runs { trial in … }       // makes `out/w4a4-mgrq-seed1` and so on
///
/// It knows which runs exist and which are missing, but not how to make one: a launcher does, on this machine or another.
/// A sweep is not an experiment: its points are calibrated models that share one process, its checkpoint, images and
/// full-precision outputs, and as separate runs they would take many times as long.
package struct Experiment: Sendable {
    /// A run of the experiment, existing or missing.
    package struct Trial: Sendable {
        /// The plan.
        package let plan: RunPlan
        /// Its run directory.
        package let directory: RunDirectory
    }

    /// A variant at some bits, with a trial for each seed.
    package struct Line: Sendable {
        /// The variant's name.
        package let name: String
        /// One trial for each seed, in the order of seeds.
        package let trials: [Trial]
    }

    /// The lines, those of the same bits together.
    package let lines: [Line]

    /// Makes the plans of every variant at every bits and seed; nothing is read or written.
    ///
    /// - Parameters:
    ///   - folder: The folder of the run directories.
    ///   - variants: The variants, with different names.
    ///   - bits: Widths of weight and activation codes.
    ///   - seeds: The seeds.
    ///   - plan: The model, the images, and everything else that variants do not change.
    ///   - shared: Changes for every variant that does not set the same key.
    /// - Throws: `RunFailure(.usage)` without variants, for two with one name, or for a change that is not possible.
    package init(
        in folder: String, variants: [Variant], bits: [(weights: Int, activations: Int)], seeds: [UInt64],
        from plan: RunPlan, shared: [HyperparameterChange] = []
    ) throws(RunFailure) {
        guard !variants.isEmpty else {
            throw RunFailure(.usage, "nothing was named to compare; give --presets such as calibrate,mgrq")
        }
        guard Set(variants.map { Self.slug($0.name) }).count == variants.count else {
            throw RunFailure(.usage, "two of the lines have the same name; give each its own name")
        }
        var lines: [Line] = []
        for pair in bits {
            for variant in variants {
                var trials: [Trial] = []
                for seed in seeds {
                    let own: RunPlan
                    do throws(PlanError) {
                        own = try variant.plan(
                            from: plan, shared: shared, weightBits: pair.weights,
                            activationBits: pair.activations, seed: seed)
                    } catch {
                        throw RunFailure(.usage, "the variant “\(variant.name)”: \(error)")
                    }
                    let name = "w\(pair.weights)a\(pair.activations)-\(Self.slug(variant.name))-seed\(seed)"
                    trials.append(Trial(plan: own, directory: RunDirectory(path: joined(folder, name))))
                }
                lines.append(Line(name: variant.name, trials: trials))
            }
        }
        self.lines = lines
    }

    /// A name as part of a file's name.
    private static func slug(_ name: String) -> String {
        String(name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "-" })
    }

    /// Makes the runs that are missing, one after the other.
    ///
    /// An unfinished run of the same plan goes on.
    ///
    /// - Parameters:
    ///   - launch: Makes a run, or continues one that has begun, and waits for its end.
    ///   - lineDone: Called after each line with the runs of all lines so far.
    /// - Returns: The runs of each line, in the order of its trials.
    /// - Throws: `RunFailure` for a directory with a run of another plan, and for runs of different checkpoints or on different
    ///   evaluation images;
    ///   what `launch` and `lineDone` throw.
    @discardableResult
    package func runs(
        launch: (_ trial: Trial, _ hasBegun: Bool) throws -> Void,
        lineDone: ([[FinishedRun]]) throws -> Void = { _ in }
    ) throws -> [[FinishedRun]] {
        var runs: [[FinishedRun]] = []
        for line in lines {
            var own: [FinishedRun] = []
            for trial in line.trials {
                let run = try finished(trial, launch: launch)
                if let first = runs.first?.first ?? own.first { try run.checkSameInputs(as: first) }
                own.append(run)
            }
            runs.append(own)
            try lineDone(runs)
        }
        return runs
    }

    private func finished(_ trial: Trial, launch: (_ trial: Trial, _ hasBegun: Bool) throws -> Void) throws
        -> FinishedRun
    {
        let hasBegun = RunDirectory.isRun(trial.directory.path)
        if hasBegun {
            guard try trial.directory.plan().withoutInputs == trial.plan.withoutInputs else {
                throw RunFailure(
                    .cannotCreate,
                    "\(trial.directory.path) holds a run of another plan; give --output another folder")
            }
            if trial.directory.hasReport {
                OpenRun.removeLeftovers(of: trial.directory)
                return try FinishedRun(trial)
            }
        }
        try launch(trial, hasBegun)
        return try FinishedRun(trial)
    }
}

/// The results of a finished run.
package struct FinishedRun: Sendable {
    /// The run directory.
    package let path: String
    /// The seed of its plan.
    package let seed: UInt64
    /// The report.
    package let report: RunReport
    /// The predictions; nil without evaluation images or without a classifier.
    package let predictions: Predictions?
    /// The inputs that it was made with, if they are known.
    private let inputs: PlanInputs?

    /// Reads the results.
    ///
    /// - Throws: `RunFailure` for a missing report, and what `CheckedRun` throws.
    init(_ trial: Experiment.Trial) throws(RunFailure) {
        path = trial.directory.path
        seed = trial.plan.seed
        let run = try CheckedRun(trial.directory)
        guard var report = run.report else { throw trial.directory.notFinished }
        // One that was measured after the run is as good.
        if report.noiseFloor == nil {
            report.noiseFloor = try trial.directory.measurements(of: report)?.noiseFloor?.floor
        }
        self.report = report
        (predictions, inputs) = (run.predictions, run.plan.inputs)
    }

    fileprivate func checkSameInputs(as other: FinishedRun) throws(RunFailure) {
        if let own = inputs, let others = other.inputs {
            guard own.weights == others.weights, own.model == others.model else {
                throw RunFailure(
                    .badData,
                    "\(path) was made with another checkpoint than \(other.path); give --output another folder"
                )
            }
        }
        guard let own = predictions, let others = other.predictions else { return }
        guard own.isPaired(with: others) else {
            throw RunFailure(
                .badData,
                "\(path) was evaluated on other images than \(other.path); give --output another folder")
        }
    }
}
