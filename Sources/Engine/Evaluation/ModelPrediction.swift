internal import Datasets
internal import Files
package import Runs
internal import TensorCore
package import Vocabulary

/// The form of a file of predictions, which its name says.
package enum PredictionFormat: String, CaseIterable, Sendable {
    /// A NumPy archive.
    case npz
    /// Text, one line an image.
    case csv

    /// The form that a file's name asks for.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - flag: The flag that names it.
    /// - Throws: `RunFailure(.usage)` for another ending.
    package init(of path: String, flag: String) throws(RunFailure) {
        let ending = path.lastIndex(of: ".").map { path[path.index(after: $0)...].lowercased() }
        guard let form = PredictionFormat(rawValue: ending ?? "") else {
            throw RunFailure(
                .usage, "\(flag) cannot be “\(path)”; it accepts a name that ends with .npz or .csv")
        }
        self = form
    }
}

/// What `mgrq predict` did.
package struct PredictionSummary: Equatable, Sendable {
    /// The number of images in the file.
    package var images: Int
    /// The logits of an image, or its features without a classifier.
    package var outputs: Int
    /// Whether the outputs are logits.
    package var hasClassifier: Bool
    /// The number of images that were skipped because they cannot be used.
    package var skipped: Int
}

/// Writes a model's logits for every image into a file.
///
/// - Parameters:
///   - path: A full-precision checkpoint, a packed checkpoint, or a run directory.
///   - dataPath: The images.
///   - images: How image files are read.
///   - imageSize: The side of the images that a full-precision checkpoint is to read, in pixels; nil takes its own.
///   - heads: The number of a full-precision ViT's attention heads; nil takes what its files say.
///   - isInteger: Whether a quantized model multiplies codes as integers wherever it can.
///   - checks: Which inputs are compared with those of the plan.
///   - outputPath: The file; an existing one is replaced. It is written at the end, or not at all.
///   - format: Its form.
///   - threads: The number of threads.
///   - warn: Called with one sentence for every skipped image and for every change that is accepted.
/// - Returns: What the file holds.
/// - Throws: `RunFailure` with one sentence.
package func predictModelOrRun(
    path: String, dataPath: String, images: ImageOptions, imageSize: Int? = nil, heads: Int? = nil,
    isInteger: Bool = false,
    checks: InputChecks = InputChecks(), outputPath: String,
    format: PredictionFormat, threads: Int, warn: (String) -> Void = { _ in }
) throws(RunFailure) -> PredictionSummary {
    try reportingFailures {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        // A file that cannot be made is refused before minutes of arithmetic, not after.
        try checkOutput(outputPath, isNoneOf: [path, dataPath])
        do { _ = try AtomicFile(outputPath) }
        let set = try ImageSet(path: dataPath)
        let model = try EvaluatedModel(
            path: path, imageSize: imageSize, heads: heads, images: images, isInteger: isInteger)
        try model.check(set, images, warn: warn)
        let labels = try model.labels(of: set)
        let digest = checks.data ? try model.plan.map(RunPlan.init(yaml:))?.inputs?.evaluation : nil
        var hashed: [(index: Int, hash: String?)] = []
        let pass = try set.logits(
            of: [model.units], pipeline: model.pipeline, reading: images, isHashed: digest != nil, pool: pool
        ) { _, batch in hashed += batch.hashed }
        let manifest =
            digest == nil
            ? nil : try ImageManifest(all: set, used: hashed, pipeline: model.pipeline, reading: images)
        try checks.check(manifest, against: digest, of: path, warn: warn)
        try model.report(pass.skipped, of: set, warn: warn)
        try ImagePredictions(
            logits: pass.logits[0], hasClassifier: model.classes > 0, indices: pass.used,
            labels: labels.map { labels in pass.used.map { labels[$0] } },
            paths: pass.used.compactMap { set.path(of: $0) }
        ).write(to: outputPath, as: format)
        return PredictionSummary(
            images: pass.used.count, outputs: pass.logits[0].columns, hasClassifier: model.classes > 0,
            skipped: pass.skipped.count)
    }
}
