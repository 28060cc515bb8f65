internal import ArgumentParser
internal import Foundation
internal import Runs

/// The flag that says how many threads work.
struct ThreadOptions: ParsableArguments {
    private static let variable = "MGRQ_THREADS"

    @Option(
        name: .customLong("threads"), parsing: .unconditional,
        help: ArgumentHelp(
            "Threads, else \(variable) or one a core; results do not depend on it.", valueName: "n"))
    var flag: String?

    /// The number of threads to use: the flag's, the environment's, or one for each core.
    ///
    /// - Throws: `RunFailure(.usage)` for a number that cannot be used.
    func threads() throws(RunFailure) -> Int {
        let environment = ProcessInfo.processInfo.environment[Self.variable]
        guard let text = flag ?? environment else { return ProcessInfo.processInfo.activeProcessorCount }
        guard let threads = Int(text), (1...1024).contains(threads) else {
            let name = flag == nil ? Self.variable : "--threads"
            throw RunFailure(.usage, "\(name) cannot be “\(text)”; it accepts 1 through 1024")
        }
        return threads
    }
}
