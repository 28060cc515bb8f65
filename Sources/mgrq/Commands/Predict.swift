internal import ArgumentParser
internal import Engine
internal import Runs

/// `mgrq predict`.
struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model's logits and predictions for every image.",
        discussion: """
            An npz archive has float32 logits [images, classes], int64 predictions, int64 indices into the set, int64 \
            labels where they are known, and the paths of image files. csv has the same as one line an image. A model \
            without a classifier has features instead of logits.
            """)

    @OptionGroup var target: ModelOnImages

    @OptionGroup var inputs: InputsFlag

    @Option(help: ArgumentHelp("The file, .npz or .csv; an existing one is replaced.", valueName: "file"))
    var output: String

    func run() throws {
        let format = try PredictionFormat(of: output, flag: "--output")
        let found = try target.find(ProcessEnvironment.references)
        let result = try predictModelOrRun(
            path: found.path, dataPath: found.dataPath, images: found.options, imageSize: found.imageSize,
            heads: found.heads, isInteger: target.integer,
            checks: InputChecks(data: target.data == nil, acceptsChanges: inputs.acceptsChanges),
            outputPath: output, format: format, threads: found.threads,
            warn: { printError("warning: \($0)") })
        let kind = result.hasClassifier ? "logits" : "features"
        try printLine("wrote \(result.images) × \(result.outputs) \(kind) to \(output)")
    }
}
