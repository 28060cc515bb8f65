internal import ArgumentParser
internal import RunText
internal import Runs

/// `mgrq report`.
struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes what a run did and measured: a page, a table, or a log for TensorBoard.",
        discussion: """
            The page is one file with every chart, table and setting; it needs no script and no network. For the \
            values of sites and the changed images it reads the checkpoint and the images of a finished run again; \
            where they are gone, the page says so. The other formats hold every measurement of every step; they can \
            also be made from a page or a JSON file that this command wrote.
            """)

    @Argument(
        help: ArgumentHelp(
            "A run directory, or a page or a JSON file of this command.", valueName: "run-or-page"))
    var source: String

    @Option(
        help: ArgumentHelp(
            ReportFormat.allCases.map { "\($0.rawValue): \($0.summary)." }.joined(separator: " ")))
    var format: String

    @Option(
        help: ArgumentHelp(
            "The file; an existing one is replaced. For tensorboard a new or an empty folder.",
            valueName: "path"))
    var output: String

    @OptionGroup var inputs: InputsFlag

    @OptionGroup var work: ThreadOptions

    func run() throws {
        guard let format = ReportFormat(rawValue: format) else {
            let known = ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw RunFailure(.usage, "there is no format “\(format)”; there is \(known)")
        }
        let written = try writeReport(
            of: source, as: format, to: output, threads: try work.threads(),
            acceptsChanges: inputs.acceptsChanges)
        for note in written.notes { printError("note: \(note)") }
        try printLine(
            "wrote \(format.rawValue) to \(output), \(QuantityText.bytes(written.bytes)); \(written.summary)")
    }
}
