internal import ArgumentParser
internal import Foundation
internal import RunText
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
        if code.isSuccess {
            do throws(RunFailure) {
                try printText(Mgrq.fullMessage(for: error))
            } catch {
                exitProcess(with: error)
            }
            exit(code.rawValue)
        }
        let sentence = Mgrq.message(for: error).split(separator: "\n").joined(separator: "; ")
        printError("mgrq: \(sentence)")
        exit(code == .validationFailure ? RunFailure(.usage, "").exitCode : code.rawValue)
    }
}

/// Writes a line to standard error.
///
/// If it is closed there is nowhere left to report to, so failures are ignored.
func printError(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data("\(terminalText(line))\n".utf8))
}

/// Writes a line to standard output.
///
/// - Throws: `RunFailure(.inputOutput)` if it cannot be written, for example to a closed pipe.
func printLine(_ line: String) throws(RunFailure) {
    do {
        try FileHandle.standardOutput.write(contentsOf: Data("\(terminalText(line))\n".utf8))
    } catch {
        throw RunFailure(.inputOutput, "standard output cannot be written")
    }
}

/// Writes a text of several lines to standard output; the end of the last one is added where it is missing.
///
/// - Throws: As `printLine`.
func printText(_ text: String) throws(RunFailure) {
    let lines = (text.hasSuffix("\n") ? text.dropLast() : text[...])
        .split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines { try printLine(String(line)) }
}

/// Where standard input and output lead.
enum TerminalCheck {
    /// Whether both are a terminal.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 }
}
