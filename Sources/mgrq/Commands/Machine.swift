internal import ArgumentParser
internal import Engine
internal import Runs
internal import RunText

/// `mgrq machine`.
struct Machine: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says what this machine can do: instructions, cores, memory, peak.")

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let report = machineReport()
        guard !json else { return try printLine(try JSONText(encoding: report).line) }
        let others = report.available.filter { $0 != report.instructions }.joined(separator: ", ")
        try printLine(
            "instructions  \(report.instructions)\(others.isEmpty ? "" : " (also there: \(others))")")
        try printLine("cores         \(report.cores)")
        try printLine("memory        \(Results.megabytes(Int(clamping: report.memoryBytes)))")
        try printLine(
            "peak          \(QuantityText.fixed(report.peakGflops, decimals: 1)) GFLOP/s of float32 a thread")
    }
}
