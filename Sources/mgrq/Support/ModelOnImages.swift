internal import ArgumentParser
internal import Engine
internal import Runs
internal import Vocabulary

/// The arguments of commands that run a finished model over images.
struct ModelOnImages: ParsableArguments {
    @Argument(
        help: ArgumentHelp("A checkpoint, a packed checkpoint or a run directory.", valueName: "model-or-run")
    )
    var model: String

    @OptionGroup var size: ImageSizeFlag

    @OptionGroup var heads: HeadsFlag

    @Option(help: ArgumentHelp("The images (default: those of the plan or the sample).", valueName: "ref"))
    var data: String?

    @OptionGroup var images: ImageFlags

    @Flag(
        help:
            "Multiply the codes of a quantized model as integers, wherever weight and input are codes in equal steps."
    )
    var integer = false

    @OptionGroup var work: ThreadOptions

    /// What the arguments name, found on this machine.
    struct Found {
        /// The checkpoint, the packed checkpoint, or the run directory.
        var path: String
        /// The plan that a packed checkpoint or a run carries; nil for a full-precision checkpoint.
        var plan: RunPlan?
        /// The images.
        var dataPath: String
        /// How image files are read.
        var options: ImageOptions
        /// The side of the images that a full-precision checkpoint is to read; nil takes its own.
        var imageSize: Int?
        /// The number of a full-precision ViT's attention heads; nil takes what its files say.
        var heads: Int?
        /// The number of threads.
        var threads: Int
    }

    /// Finds the model and its images.
    ///
    /// - Parameter references: Where references lead.
    /// - Returns: The paths and what the flags say.
    /// - Throws: `RunFailure`: `.usage` for flags, `.missingInput` for missing files.
    func find(_ references: ReferenceResolver) throws(RunFailure) -> Found {
        let threads = try work.threads()
        let path = try references.model(model)
        let (plan, sides, heads) = (try quantizationPlan(of: path), try size.sides(), try self.heads.number())
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
        return Found(
            path: path, plan: plan, dataPath: try references.images(named, for: .evaluation, flag: "--data"),
            options: options, imageSize: sides, heads: heads, threads: threads)
    }
}

/// The plan that a run or a packed checkpoint carries; nil for a full-precision checkpoint.
///
/// - Throws: `RunFailure` with one sentence.
func quantizationPlan(of path: String) throws(RunFailure) -> RunPlan? {
    guard let text = try planText(of: path) else { return nil }
    do throws(PlanError) {
        return try RunPlan(yaml: text)
    } catch {
        throw RunFailure(.badData, "the plan in \(path) cannot be used: \(error)")
    }
}
