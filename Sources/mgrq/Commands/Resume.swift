internal import ArgumentParser
internal import Engine
internal import Runs

/// `mgrq resume`.
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Goes on with a run whose process ended.",
        discussion: """
            The units that are done stay as they are; the one that was in work begins again. The run ends with the very \
            bits that it would have had without the interruption.
            """)

    @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
    var directory: String

    @OptionGroup var work: ThreadOptions

    @OptionGroup var inputs: InputsFlag

    @Flag(help: "Print events as JSON Lines.")
    var json = false

    func run() throws {
        let threads = try work.threads()
        let resources = try resources(of: try recordedPlan(of: RunDirectory(run: directory)))
        let outcome = try HeadlessRun(printsJSON: json, skipsReplayedEvents: true).carryOut { sink in
            try resumeRun(
                resources: resources,
                options: EngineOptions(
                    threads: threads, directory: directory, acceptsChangedInputs: inputs.acceptsChanges),
                sink: sink)
        }
        if !json { try outcome.printReport(directory) }
    }
}

/// The plan that a run's journal records; that of its file where the process ended before the first event.
///
/// - Throws: `RunFailure` where they cannot be read.
private func recordedPlan(of directory: RunDirectory) throws(RunFailure) -> RunPlan {
    var history = RunHistory()
    try readJournal(directory.journalPath) { entry throws(RunFailure) in
        try history.apply(entry, of: directory.path)
    }
    return if let ledger = history.ledger { ledger.plan } else { try directory.plan() }
}
