internal import ArgumentParser
internal import CMemory
internal import Files
internal import Glibc
internal import Runs

/// The command line: the one place where everything meets.
@main
struct Mgrq: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mgrq",
        abstract: "Quantizes vision transformers after training, by mixed-granularity reconstruction.",
        discussion: """
            Without a command on a terminal, the workbench opens. A REF is a path or sample:NAME, such as \
            sample:fashion-vit. Exit codes: 0 done, 64 wrong use, 65 bad data, 66 missing input, 70 a defect of this \
            program, 71 no thread or memory left, 73 an output cannot be made, 74 reading or writing failed, 130 and 143 interrupted.
            """,
        version: "mgrq \(programVersion)",
        subcommands: [
            OpenWorkbench.self, Run.self, Resume.self, Evaluate.self, Predict.self, Trace.self, Sweep.self,
            Allocate.self, Compare.self, Inspect.self, Explain.self, Export.self, Verify.self, Report.self,
            Machine.self,
        ])

    /// Parses, carries out, and turns every error into one sentence and an exit code.
    static func main() {
        openStandardDescriptors()
        // A file beyond the limit of the shell is an error of the write, not an end of the process.
        signal(SIGXFSZ, SIG_IGN)
        cm_end_without_memory()
        do {
            try checkArguments()
            try checkRepeatedFlags(Array(CommandLine.arguments.dropFirst()))
            var command = try parseAsRoot()
            try command.run()
        } catch {
            exitProcess(with: error)
        }
    }

    /// Checks that the arguments are text; Swift would put other characters for what is not.
    private static func checkArguments() throws(RunFailure) {
        for (number, argument) in CommandLine.arguments.enumerated() {
            let text = unsafe CommandLine.unsafeArgv[number].flatMap { unsafe String(validatingCString: $0) }
            guard text == nil else { continue }
            throw RunFailure(
                .usage,
                "argument \(number), “\(argument)”, is not UTF-8; names of files must be given in UTF-8")
        }
    }

    func run() throws {
        guard TerminalCheck.isInteractive else { throw CleanExit.helpRequest(self) }
        let command = try OpenWorkbench.parse([])
        try command.run()
    }
}
