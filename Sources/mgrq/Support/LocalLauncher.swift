internal import Engine
internal import Runs

/// Makes an experiment's runs in this process, one after the other.
struct LocalLauncher {
    private let resources: RunResources
    private let threads: Int
    private let measuresNoiseFloor: Bool
    private let work = HeadlessRun(printsJSON: false)

    /// - Parameters:
    ///   - resources: The files of every plan.
    ///   - threads: The number of threads.
    ///   - measuresNoiseFloor: Whether the final models' noise floors are measured.
    init(resources: RunResources, threads: Int, measuresNoiseFloor: Bool) {
        (self.resources, self.threads) = (resources, threads)
        self.measuresNoiseFloor = measuresNoiseFloor
    }

    /// Makes a run, or continues one, and waits for its end.
    ///
    /// - Throws: `RunFailure`; `SilentExit` after a signal.
    func launch(_ trial: Experiment.Trial, hasBegun: Bool) throws {
        let path = trial.directory.path
        printError("compare: \(path)\(hasBegun ? ", which continues" : "")")
        // Tables have no column for held-out images or the calibrated model.
        let options = EngineOptions(
            threads: threads, directory: path, heldOutImages: 0, evaluatesCalibrated: false,
            measuresNoiseFloor: measuresNoiseFloor)
        let outcome = try work.carryOut(skipsReplayedEvents: trial.directory.hasBegun) { sink in
            hasBegun
                ? try resumeRun(resources: resources, options: options, sink: sink)
                : startRun(trial.plan, resources: resources, options: options, sink: sink)
        }
        guard outcome.report != nil else {
            throw RunFailure(.internal, "\(path) ended without a report")
        }
    }
}
