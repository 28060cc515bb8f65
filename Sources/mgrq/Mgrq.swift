internal import ArgumentParser

/// The command line: the one place where everything meets.
@main
struct Mgrq: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mgrq",
        abstract: "Quantizes vision transformers after training, by mixed-granularity reconstruction.",
        discussion: """
            Without a command on a terminal, the workbench opens. A REF is a path or sample:NAME, such as \
            sample:fashion-vit. Exit codes: 0 done, 64 wrong use, 65 bad data, 66 missing input, 70 a defect of this \
            program, 73 an output cannot be made, 74 reading or writing failed, 130 and 143 interrupted.
            """,
        version: "mgrq 0.1.0",
        subcommands: [
            OpenWorkbench.self, Run.self, Resume.self, Evaluate.self, Predict.self, Sweep.self, Allocate.self,
            Compare.self, Inspect.self, Export.self, Machine.self,
        ])

    /// Parses, carries out, and turns every error into one sentence and an exit code.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exitProcess(with: error)
        }
    }

    func run() throws {
        guard TerminalCheck.isInteractive else { throw CleanExit.helpRequest(self) }
        let command = try OpenWorkbench.parse([])
        try command.run()
    }
}
