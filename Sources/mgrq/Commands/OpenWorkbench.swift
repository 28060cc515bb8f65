internal import ArgumentParser
internal import Runs
internal import TerminalUI
internal import Workbench

/// `mgrq workbench`.
struct OpenWorkbench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workbench",
        abstract: "Opens the workbench.",
        discussion: """
            Without flags it shows the bundled ViT, to be quantized to 4 bits with the preset mgrq. Where there is no \
            terminal, the same is done at once, with plain lines. Settings are read from mgrq/config.yaml below \
            XDG_CONFIG_HOME; flags go before them.
            """)

    @Argument(
        help: "A plan to begin with, such as a recipe that was exported, or the folder of a run to open.")
    var plan: String?

    @OptionGroup var options: RunOptions

    @OptionGroup(title: "The screen") var screen: ScreenOptions

    @OptionGroup(title: "Without a screen") var snapshot: SnapshotOptions

    @Flag(help: "Do without a screen, even on a terminal.")
    var plain = false

    @Flag(help: "Print the settings in use, as a file, and end.")
    var printConfig = false

    @Flag(help: "Print every key and its action, and exit.")
    var dumpKeys = false

    @Flag(help: "Print the names of the themes, and end.")
    var listThemes = false

    @Option(help: ArgumentHelp("Print a theme as a file, and end.", valueName: "name"))
    var printTheme: String?

    func run() throws {
        if try answer() { return }
        if snapshot.snapshot == nil { try snapshot.checkNeedless() }
        let run = try openedFolder()
        let plan = try options.composedPlan(path: run == nil ? plan : nil, model: "sample:fashion-vit")
        if let path = snapshot.snapshot {
            return try Snapshot(options: snapshot, screen: screen, plan: plan, run: run).write(to: path)
        }
        guard TerminalCheck.isInteractive, !plain else {
            if let run {
                throw RunFailure(
                    .usage,
                    "\(run) is a run, which needs a terminal to be shown; mgrq resume \(run) continues it")
            }
            return try carryOut(plan, options: options, json: false)
        }
        try WorkbenchSession(plan: plan, run: run, options: options, screen: screen).run()
    }

    /// The folder of the run to show: the argument, or --replay.
    ///
    /// - Throws: `RunFailure(.usage)` where both are given.
    private func openedFolder() throws(RunFailure) -> String? {
        let argument = plan.flatMap { RunDirectory.isRun($0) ? $0 : nil }
        guard let replay = snapshot.replay else { return argument }
        if let plan {
            throw RunFailure(.usage, "both \(plan) and --replay \(replay) are given; one of them is shown")
        }
        // A journal alone can be drawn, not opened.
        return snapshot.snapshot == nil ? try RunDirectory(run: replay).path : replay
    }

    /// Answers a question about settings; false if none was asked.
    private func answer() throws -> Bool {
        guard printConfig || dumpKeys || listThemes || printTheme != nil else { return false }
        let contents = try ScreenFiles(options: screen).read()
        for problem in contents.problems { printError("note: \(problem)") }
        if printConfig { try printText(contents.settings.yaml) }
        if dumpKeys {
            for line in contents.settings.keyListing { try printLine(line) }
        }
        if listThemes {
            for theme in contents.themes.themes { try printLine("\(theme.name)  \(theme.variant.rawValue)") }
        }
        if let printTheme {
            guard let text = contents.themes.text(of: printTheme) else {
                let known = contents.themes.themes.map(\.name).joined(separator: ", ")
                throw RunFailure(.usage, "there is no theme “\(printTheme)”; there is \(known)")
            }
            try printText(text)
        }
        return true
    }
}
