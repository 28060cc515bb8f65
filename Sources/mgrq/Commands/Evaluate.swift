internal import ArgumentParser
internal import Engine
internal import Runs
internal import Vocabulary

/// `mgrq evaluate`.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Evaluates a checkpoint, a packed checkpoint or a run.",
        discussion: """
            A quantized model is compared with the full-precision checkpoint that its plan names, if that exists.
            """)

    @Argument(
        help: ArgumentHelp("A checkpoint, a packed checkpoint or a run directory.", valueName: "model-or-run")
    )
    var model: String

    @OptionGroup var size: ImageSizeFlag

    @OptionGroup var heads: HeadsFlag

    @Option(help: ArgumentHelp("The images (default: those of the plan or the sample).", valueName: "ref"))
    var data: String?

    @OptionGroup var images: ImageFlags

    @Option(help: ArgumentHelp("The full-precision checkpoint to compare with.", valueName: "ref"))
    var reference: String?

    @OptionGroup var work: ThreadOptions

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        let threads = try work.threads()
        let references = ProcessEnvironment.references
        let path = try references.model(model)
        let (plan, sides, heads) = (try plan(of: path), try size.sides(), try self.heads.number())
        guard plan == nil || heads == nil else {
            throw RunFailure(
                .usage, "--heads cannot be given with a packed checkpoint or a run, which have their own")
        }
        guard plan == nil || sides == nil else {
            throw RunFailure(
                .usage,
                "--image-size cannot be given with a packed checkpoint or a run, which have their own size"
            )
        }
        let named = data ?? plan?.evaluation
        guard let named = named ?? references.defaultImages(of: plan?.model ?? model, for: .evaluation) else {
            throw RunFailure(
                .usage, "no images were named; give --data a folder of images, an array file, or sample:NAME")
        }
        var options = plan?.images ?? ImageOptions()
        try images.apply(to: &options)
        let result = try evaluateModelOrRun(
            path: path, dataPath: try references.images(named, for: .evaluation, flag: "--data"),
            images: options, imageSize: sides, heads: heads,
            referencePath: try referencePath(plan, references), threads: threads,
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

    /// The plan that a run or a packed checkpoint carries; nil for a full-precision checkpoint.
    private func plan(of path: String) throws(RunFailure) -> RunPlan? {
        guard let text = try planText(of: path) else { return nil }
        do throws(PlanError) {
            return try RunPlan(yaml: text)
        } catch {
            throw RunFailure(.badData, "the plan in \(path) cannot be used: \(error)")
        }
    }

    /// The checkpoint to compare a quantized model with, if there is one.
    private func referencePath(
        _ plan: RunPlan?, _ references: ReferenceResolver
    ) throws(RunFailure) -> String? {
        if let reference { return try references.model(reference) }
        guard let plan else { return nil }
        do throws(RunFailure) {
            return try references.model(plan.model, flag: "--reference")
        } catch {
            printError(
                "note: agreement, KL and SQNR are not known without the full-precision model: \(error.message)"
            )
            return nil
        }
    }
}
