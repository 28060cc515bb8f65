internal import ArgumentParser
internal import Engine
internal import Runs

/// `mgrq evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluates a checkpoint, a packed checkpoint or a run.",
        discussion: """
            A quantized model is compared with the full-precision checkpoint that its plan names, if that exists.
            """)

    @OptionGroup var target: ModelOnImages

    @Option(help: ArgumentHelp("The full-precision checkpoint to compare with.", valueName: "ref"))
    var reference: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let references = ProcessEnvironment.references
        let found = try target.find(references)
        let result = try evaluateModelOrRun(
            path: found.path, dataPath: found.dataPath, images: found.options, imageSize: found.imageSize,
            heads: found.heads,
            referencePath: try referencePath(found.plan, references), threads: found.threads,
            warn: { printError("warning: \($0)") })
        if json {
            try printLine(try JSONText(encoding: result).line)
        } else {
            try printLine(
                Results.sentence(
                    images: result.images, top1: result.top1, top5: result.top5, agreement: result.agreement,
                    kl: result.kl, sqnrDb: result.sqnrDb))
        }
    }

    /// The checkpoint to compare a quantized model with, if there is one.
    private func referencePath(
        _ plan: RunPlan?, _ references: ReferenceResolver
    ) throws(RunFailure) -> String? {
        if let reference { return try references.model(reference) }
        guard let plan else { return nil }
        do throws(RunFailure) {
            return try references.model(plan.model)
        } catch {
            printError(
                "note: agreement, KL and SQNR are not known without the full-precision model: \(error.message)"
            )
            return nil
        }
    }
}
