internal import RunText
internal import ArgumentParser
internal import Engine
internal import Runs
internal import Workbench

/// `mgrq export`.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a run's quantized model or plan as a file.")

    @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
    var directory: String

    @Option(
        help: ArgumentHelp(
            ExportFormat.allCases.map { "\($0.rawValue): \($0.summary)." }.joined(separator: " ")))
    var format: String

    @Option(
        help: ArgumentHelp(
            "Of --format onnx: fast has bytes, compact codes at their width, which are unpacked when the file is loaded.",
            valueName: "fast|compact"))
    var layout: String?

    @Flag(help: "Of --format onnx: put weights into a second file, which --output with .data names.")
    var externalData = false

    @Option(help: ArgumentHelp("The file; an existing one is replaced.", valueName: "path"))
    var output: String

    @Flag(
        help:
            "Run an ONNX file, compare it with the run and time it, as mgrq verify does; the file stays if it is not the same."
    )
    var verify = false

    @Option(
        help: ArgumentHelp(
            "Where the run's checkpoint is now, of which --format torch takes names.", valueName: "ref"))
    var model: String?

    @OptionGroup var python: PythonOption

    @OptionGroup var work: ThreadOptions

    func run() throws {
        guard let format = ExportFormat(rawValue: format) else {
            let known = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw RunFailure(.usage, "there is no format “\(format)”; there is \(known)")
        }
        if format != .onnx, externalData || layout != nil {
            throw RunFailure(.usage, "--layout and --external-data are for --format onnx, not \(self.format)")
        }
        let layouts: [String: ExportFormat] = ["fast": .onnx, "compact": .onnxCompact]
        guard let format = layout == nil ? format : layouts[layout ?? ""] else {
            throw RunFailure(.usage, "--layout cannot be “\(layout ?? "")”; it accepts fast or compact")
        }
        guard model == nil || format == .torch else {
            throw RunFailure(.usage, "--model is for --format torch, not \(format.rawValue)")
        }
        guard !verify || format.isGraph else {
            throw RunFailure(
                .usage, "--verify is for --format onnx; other files are read back and compared anyway")
        }
        _ = try RunDirectory(run: directory)
        // What is missing is found before the file is written.
        if verify { _ = try python.path() }
        if let warning = try exportWarning(for: directory) { printError("warning: \(warning)") }
        let result = try exportRun(
            directory, format: format, to: output, hasDataFile: externalData,
            checkpoint: { try checkpointPath(model ?? $0.model) },
            threads: try work.threads())
        try printLine(
            "wrote \(format.rawValue) to \(output), \(result.bytes) bytes; "
                + QuantityText.verification(
                    result.verification, of: format, at: output, run: verify ? nil : directory))
        guard verify else { return }
        var request = try VerificationRequest(
            file: output, reference: directory, data: nil, python: python, threads: try work.threads())
        request.latencyThreads = 1
        let report = try verification(request)
        for line in VerificationText.lines(report) { try printLine(line) }
        try report.requireSuccess()
    }
}
