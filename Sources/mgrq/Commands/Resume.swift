internal import ArgumentParser
internal import Engine
internal import Runs

/// `mgrq resume`.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continues a run whose process ended.",
        discussion: """
            The units that are done stay as they are, and so do the points of a sweep; what was in work begins again. \
            The run ends with the very bits that it would have had without the interruption. Where the checkpoint or \
            the images have moved since it began, --model, --calibration and --evaluation say where they are now.
            """)

    @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
    var directory: String

    @Option(help: ArgumentHelp("Where the run's checkpoint is now.", valueName: "ref"))
    var model: String?

    @Option(help: ArgumentHelp("Where the run's calibration images are now.", valueName: "ref"))
    var calibration: String?

    @Option(help: ArgumentHelp("Where the run's evaluation images are now.", valueName: "ref"))
    var evaluation: String?

    @OptionGroup var work: ThreadOptions

    @OptionGroup var floor: NoiseFloorFlag

    @OptionGroup var inputs: InputsFlag

    @Flag(help: "Print events as JSON Lines.")
    var json = false

    func run() throws {
        let threads = try work.threads()
        let run = try RunDirectory(run: directory)
        let history = try recordedHistory(of: run)
        var plan = if let ledger = history.ledger { ledger.plan } else { try run.plan() }
        if let model { plan.model = model }
        if let calibration { plan.calibration = calibration }
        if let evaluation { plan.evaluation = evaluation }
        let resources = try resources(of: plan)
        let outcome = try HeadlessRun(printsJSON: json).carryOut(
            skipsReplayedEvents: history.summary != nil
        ) { sink in
            try resumeRun(
                resources: resources,
                options: EngineOptions(
                    threads: threads, directory: directory, acceptsChangedInputs: inputs.acceptsChanges,
                    measuresNoiseFloor: floor.isMeasured),
                sink: sink)
        }
        if !json { try outcome.printReport(directory) }
    }
}

/// What a run's journal records so far.
///
/// - Throws: `RunFailure` where it cannot be read.
private func recordedHistory(of directory: RunDirectory) throws(RunFailure) -> RunHistory {
    var history = RunHistory()
    try readJournal(directory.journalPath) { entry throws(RunFailure) in
        try history.apply(entry, of: directory.path)
    }
    return history
}
