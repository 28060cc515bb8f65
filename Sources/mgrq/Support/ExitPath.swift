internal import ArgumentParser
internal import Foundation
internal import Runs

/// Ends the process with an exit code and no message.
struct SilentExit: Error {
    let code: Int32
}

/// Ends the process: help and version on standard output, anything else as one sentence on standard error.
func exitProcess(with error: any Error) -> Never {
    switch error {
    case let end as SilentExit:
        exit(end.code)
    case let failure as RunFailure:
        printError("mgrq: \(failure.message)")
        exit(failure.exitCode)
    case let error as PlanError:
        // `RunPlan(path:)` names the file in its errors; the others come from flags.
        printError("mgrq: \(error)")
        exit(RunFailure(.usage, "").exitCode)
    default:
        let code = Mgrq.exitCode(for: error)
        guard code == .validationFailure else { Mgrq.exit(withError: error) }
        let sentence = Mgrq.message(for: error).split(separator: "\n").joined(separator: "; ")
        printError("mgrq: \(sentence)")
        exit(RunFailure(.usage, "").exitCode)
    }
}

/// Writes a line to standard error.
///
/// If it is closed there is nowhere left to report to, so failures are ignored.
func printError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(line)\n".utf8))
}

/// Writes a line to standard output.
///
/// - Throws: `RunFailure(.inputOutput)` if it cannot be written, for example to a closed pipe.
func printLine(_ line: String) throws(RunFailure) {
    do {
        try FileHandle.standardOutput.write(contentsOf: Data("\(line)\n".utf8))
    } catch {
        throw RunFailure(.inputOutput, "standard output cannot be written")
    }
}

/// Where standard input and output lead.
enum TerminalCheck {
    /// Whether both are a terminal.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }
}
