internal import Checkpoints
internal import Datasets
internal import Files
internal import Kernels
internal import Quantization
internal import Reconstruction
package import Runs
internal import TensorCore
package import Vocabulary
internal import VisionTransformers

/// The result of `mgrq evaluate`: an `Evaluation` in which nothing need be known of the full-precision model.
package struct ModelEvaluation: Equatable, Codable, Sendable {
    /// The number of images.
    package var images: Int
    /// Top-1 in percent; nil without labels.
    package var top1: Double?
    /// Top-5 in percent; nil without labels.
    package var top5: Double?
    /// The share of images on which both models choose the same class, in percent; nil without a reference.
    package var agreement: Double?
    /// KL(full ‖ quantized) in nats, mean over images; nil without a reference.
    package var kl: Double?
    /// Signal to quantization noise of the logits in dB; nil without a reference or without noise.
    package var sqnrDb: Double?
    /// How far the quantized model's logits move with its images; nil where it was not measured.
    package var noiseFloor: NoiseFloor?
    /// The number of images that were skipped because they cannot be used.
    package var skipped: Int
    /// The linear layers that multiplied codes, of how many; nil where all multiply floats.
    package var layersOnBytes: LayerCount?
    /// The number of images that were left out because the attempts of the run were compared on them.
    package var heldOut: Int

    /// Some layers of all.
    package struct LayerCount: Equatable, Codable, Sendable {
        package var count: Int
        package var all: Int
    }

    fileprivate init(
        _ evaluation: Evaluation, isCompared: Bool, noiseFloor: NoiseFloor?, skipped: Int, heldOut: Int,
        layersOnBytes: LayerCount?
    ) {
        self.noiseFloor = noiseFloor
        images = evaluation.images
        (top1, top5) = (evaluation.top1, evaluation.top5)
        if isCompared {
            (agreement, kl, sqnrDb) = (evaluation.agreement, evaluation.kl, evaluation.sqnrDb)
        }
        self.skipped = skipped
        self.heldOut = heldOut
        self.layersOnBytes = layersOnBytes
    }
}

/// Which inputs of an evaluation must be those that the quantized model was made with.
package struct InputChecks: Sendable {
    /// The full-precision checkpoint.
    package var reference: Bool
    /// The images.
    package var data: Bool
    /// Whether others are only warned of.
    package var acceptsChanges: Bool

    package init(reference: Bool = false, data: Bool = false, acceptsChanges: Bool = false) {
        self.reference = reference
        self.data = data
        self.acceptsChanges = acceptsChanges
    }
}

/// Evaluates a full-precision checkpoint, a packed checkpoint, or a run.
///
/// - Parameters:
///   - path: A safetensors file, a folder with `model.safetensors`, or a run directory.
///   - dataPath: The images.
///   - images: How image files are read.
///   - imageSize: The side of the images that a full-precision checkpoint is to read, in pixels; nil takes its own. A
///     quantized model has its own size, and its reference gets the same.
///   - heads: The number of a full-precision ViT's attention heads; nil takes what config.json or its architecture
///     says.
///   - isInteger: Whether a quantized model multiplies codes as integers wherever it can.
///   - referencePath: The full-precision checkpoint to compare a quantized model with; nil compares with none. A
///     full-precision checkpoint is compared with itself.
///   - checks: Which inputs are compared with those of the plan.
///   - logits: The file that gets the logits of the evaluated images, and its form; nil writes none.
///   - measuresNoiseFloor: Whether the images are run again with noise, twice.
///   - threads: The number of threads.
///   - warn: Called with one sentence for what was chosen of several in a file, for every skipped image and for every
///     change that is accepted.
/// - Returns: The evaluation.
/// - Throws: `RunFailure` with one sentence.
package func evaluateModelOrRun(
    path: String, dataPath: String, images: ImageOptions = ImageOptions(), imageSize: Int? = nil,
    heads: Int? = nil, isInteger: Bool = false, referencePath: String?, checks: InputChecks = InputChecks(),
    logits: (path: String, format: PredictionFormat)? = nil, measuresNoiseFloor: Bool = false,
    threads: Int, warn: (String) -> Void = { _ in }
) throws(RunFailure) -> ModelEvaluation {
    try reportingFailures {
        // A file that cannot be made is refused before minutes of arithmetic, not after.
        if let logits {
            try checkOutput(logits.path, isNoneOf: [path, dataPath] + [referencePath].compactMap(\.self))
            _ = try AtomicFile(logits.path)
        }
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        if let refusal = pool.refusal { warn("\(refusal); \(pool.threads) work, with the same result") }
        let set = try ImageSet(path: dataPath)
        let model = try EvaluatedModel(
            path: path, imageSize: imageSize, heads: heads, images: images, isInteger: isInteger)
        try model.check(set, images, warn: warn)
        var reference: EvaluatedModel?
        var known: PlanInputs?
        if let plan = try model.plan.map(RunPlan.init(yaml:)) {
            known = plan.inputs
            if let referencePath {
                let checkpoint = try loadCheckpoint(
                    path: referencePath, imageSize: (model.pipeline.height, model.pipeline.width),
                    heads: model.heads)
                if checks.reference, let known {
                    var now = known
                    // As the run prepared images, whatever this evaluation is asked for.
                    (now.weights, now.model) = (
                        checkpoint.weightsDigest, try checkpoint.modelDigest(plan.images)
                    )
                    try checks.report(
                        [
                            now.changeOfWeights(since: known, path: checkpoint.path),
                            now.changeOfModel(since: known, path: checkpoint.path),
                        ], warn: warn)
                }
                reference = try EvaluatedModel(fullPrecision: checkpoint, images: images)
            }
        }
        let isCompared = reference != nil || model.plan == nil
        let digest = checks.data ? known?.evaluation : nil
        let heldOut = checks.data ? known?.heldOut ?? 0 : 0
        let measured = try model.evaluation(
            against: reference, on: set, reading: images, isHashed: digest != nil, heldOut: heldOut,
            measuresNoiseFloor: measuresNoiseFloor, pool: pool, warn: warn)
        try checks.check(measured.manifest, against: digest, of: path, warn: warn)
        if let logits { try measured.predictions.write(to: logits.path, as: logits.format) }
        return ModelEvaluation(
            measured.evaluation, isCompared: isCompared, noiseFloor: measured.floor,
            skipped: measured.skipped, heldOut: heldOut,
            layersOnBytes: isInteger ? model.layersOnBytes : nil)
    }
}

extension InputChecks {
    /// Refuses changes, or warns of those that are accepted.
    ///
    /// - Throws: `RunFailure(.badData)` that names them.
    fileprivate func report(_ changes: [String?], warn: (String) -> Void) throws(RunFailure) {
        let changes = changes.compactMap(\.self)
        guard !changes.isEmpty else { return }
        guard acceptsChanges else { throw changedInputs(changes) }
        for change in changes { warn("accepted: \(change)") }
    }

    /// Compares images with those of a plan.
    ///
    /// - Parameters:
    ///   - manifest: The images; nil where they are not hashed.
    ///   - digest: What the plan says; nil where it does not know.
    ///   - path: The run or the packed checkpoint.
    ///   - warn: Called for changes that are accepted.
    /// - Throws: As `report`.
    func check(
        _ manifest: ImageManifest?, against digest: String?, of path: String, warn: (String) -> Void
    ) throws {
        guard let manifest, let digest, manifest.contentDigest != digest else { return }
        let earlier = try earlierManifest(of: path, warn: warn)
        try report([imageChange("evaluation", manifest, since: earlier)], warn: warn)
    }
}

extension ImageBatch {
    /// The images' places in their set, and the SHA-256 of their files.
    var hashed: [(index: Int, hash: String?)] {
        indices.enumerated().map { ($1, hashes?[$0]) }
    }
}

/// The evaluation images that a run used; nil for a packed checkpoint, and after a warning where the file is damaged.
private func earlierManifest(of path: String, warn: (String) -> Void) throws -> ImageManifest? {
    guard RunDirectory.isRun(path) else { return nil }
    do throws(RunFailure) {
        let manifest: RunImageManifest = try RunDirectory(path: path).imageManifest()
        return manifest.evaluation
    } catch {
        warn(error.message)
        return nil
    }
}

/// A model that can be run on images.
struct EvaluatedModel {
    let units: [PreparedUnit]
    let pipeline: PreprocessingPipeline
    /// The plan of a packed checkpoint or a run; nil for a full-precision checkpoint.
    let plan: String?
    /// The number of a ViT's attention heads.
    let heads: Int?
    /// What was chosen in its files, one sentence each.
    private let notes: [String]
    private let preparation: ImagePreparation
    /// The number of classes; 0 without a classifier.
    let classes: Int
    /// The number of logits, or of features without a classifier.
    private let outputs: Int
    private let labels: [String]?

    /// Reads a full-precision checkpoint, a packed checkpoint, or a run.
    ///
    /// - Parameters:
    ///   - path: Its path.
    ///   - imageSize: The side of the images that a full-precision checkpoint is to read, in pixels; nil takes its own.
    ///   - heads: The number of a full-precision ViT's attention heads; nil takes what its files say.
    ///   - images: What replaces the model's own preparation of images.
    ///   - isInteger: Whether a quantized model multiplies codes as integers wherever it can.
    /// - Throws: `CheckpointError`; `RunFailure` for a run that did not finish, `.usage` for integers of a model in full
    ///   precision.
    init(path: String, imageSize: Int?, heads: Int?, images: ImageOptions, isInteger: Bool = false) throws {
        if let quantized = try QuantizedModelFile(path: path) {
            try self.init(packed: quantized, images: images, arithmetic: isInteger ? .bytes : .floats)
        } else {
            guard !isInteger else {
                throw RunFailure(
                    .usage, "\(path) is in full precision; --integer takes a run or a packed checkpoint")
            }
            try self.init(
                fullPrecision: try loadCheckpoint(
                    path: path, imageSize: imageSize.map { ($0, $0) }, heads: heads),
                images: images)
        }
    }

    /// Takes a checkpoint over: its weights go as soon as they are packed, so that they are not held twice.
    init(fullPrecision checkpoint: consuming Checkpoint, images: ImageOptions = ImageOptions()) throws {
        plan = nil
        heads = checkpoint.model.configuration.heads
        preparation = try checkpoint.preparation.changed(by: images)
        (pipeline, notes) = (try PreprocessingPipeline(preparation), checkpoint.notes)
        classes = checkpoint.model.configuration.classes
        outputs = checkpoint.model.configuration.outputs
        labels = checkpoint.labels
        let shapes = checkpoint.model.units
        var weights = checkpoint.model.weights
        _ = consume checkpoint
        var units: [PreparedUnit] = []
        for shape in shapes.reversed() {
            units.append(PreparedUnit(fullPrecision: shape, weights: weights.removeLast(), backward: false))
        }
        self.units = units.reversed()
    }

    init(
        packed file: QuantizedModelFile, images: ImageOptions = ImageOptions(),
        arithmetic: Arithmetic = .floats
    ) throws {
        plan = file.checkpoint.plan
        let configuration = file.checkpoint.configuration
        heads = configuration.heads
        preparation = try file.checkpoint.preparation.changed(by: images)
        (pipeline, notes) = (try PreprocessingPipeline(preparation), [])
        classes = configuration.classes
        outputs = configuration.outputs
        labels = file.checkpoint.labels
        units = zip(file.units, configuration.units).map { $0.prepared(for: $1, arithmetic: arithmetic) }
    }

    /// The linear layers that multiply codes as integers.
    var layersOnBytes: ModelEvaluation.LayerCount {
        let linears = units.flatMap(\.parameters.linears)
        return ModelEvaluation.LayerCount(count: linears.count { $0.isOnBytes }, all: linears.count)
    }

    /// The class of each image as the model numbers it; nil without labels, or without a classifier.
    ///
    /// - Throws: `DatasetError` where the classes are not those of the model.
    func labels(of set: ImageSet) throws(DatasetError) -> [Int]? {
        guard set.labels != nil, classes > 0 else { return nil }
        return try set.labels(classes: classes, names: labels)
    }

    /// Checks that the model can read a set, and warns of what is a guess.
    ///
    /// - Throws: `DatasetError` for floats that do not look normalised.
    func check(_ set: ImageSet, _ images: ImageOptions, warn: (String) -> Void) throws(DatasetError) {
        try set.requireNormalised(pipeline, images)
        let notes =
            notes + preparation.doubts(on: [set]) + set.notes + set.notes(on: images)
            + set.labelNotes(classes: classes, names: labels)
        for note in notes { warn(note) }
    }

    /// Warns of skipped images.
    ///
    /// - Throws: `RunFailure` if no image is left.
    func report(_ skipped: [SkippedImage], of set: ImageSet, warn: (String) -> Void) throws(RunFailure) {
        for image in skipped { warn("left out: \(image.reason)") }
        guard skipped.count < set.count else {
            throw RunFailure(
                .badData,
                "none of the \(set.count) images can be used; the first: \(skipped.first?.reason ?? "")")
        }
    }

    /// Evaluates the model on a set that is read batch by batch.
    ///
    /// - Parameters:
    ///   - reference: The full-precision model; nil compares the model with itself.
    ///   - set: The images, with or without labels.
    ///   - reading: How unusable images and orientations are handled.
    ///   - isHashed: Whether a manifest of the images is wanted.
    ///   - heldOut: How many images, spread as those of a run, are left out of the evaluation.
    ///   - measuresNoiseFloor: Whether the images are run again with noise.
    ///   - pool: The threads.
    ///   - warn: Called with one sentence for every skipped image.
    /// - Returns: The evaluation and the logits that it is of, the noise floor, the number of skipped images, and the
    ///   manifest of the others.
    /// - Throws: `DatasetError`; `RunFailure` for a reference of other outputs, or if no image can be used.
    fileprivate func evaluation(
        against reference: EvaluatedModel?, on set: ImageSet, reading: ImageOptions, isHashed: Bool,
        heldOut: Int, measuresNoiseFloor: Bool, pool: WorkerPool, warn: (String) -> Void
    ) throws -> (
        evaluation: Evaluation, predictions: ImagePredictions, floor: NoiseFloor?, skipped: Int,
        manifest: ImageManifest?
    ) {
        // Before minutes of arithmetic, not after.
        let labels = try labels(of: set)
        if let reference, reference.outputs != outputs {
            throw RunFailure(
                .badData,
                "the reference has \(reference.outputs) outputs, the quantized model \(outputs); "
                    + "give the checkpoint that the model was made from")
        }
        let models = [self] + [reference].compactMap(\.self)
        // Models with one pipeline share the reading of images.
        let passes = models.allSatisfy { $0.pipeline == pipeline } ? [models] : models.map { [$0] }
        var logits: [Matrix] = []
        var used: [Int] = []
        var skipped: [SkippedImage] = []
        var hashed: [(index: Int, hash: String?)] = []
        for models in passes {
            hashed = []
            let pass = try set.logits(
                of: models.map(\.units), pipeline: models[0].pipeline, reading: reading, isHashed: isHashed,
                pool: pool
            ) { _, batch in hashed += batch.hashed }
            logits += pass.logits
            (used, skipped) = (pass.used, pass.skipped)
        }
        try report(skipped, of: set, warn: warn)
        let left = Set(evenlySpread(heldOut, over: used.count))
        let rows = used.indices.filter { !left.contains($0) }
        func reported(_ logits: Matrix) -> Matrix { left.isEmpty ? logits : gather(rows, of: logits) }
        let own = reported(logits[0])
        let indices = rows.map { used[$0] }
        let predictions = ImagePredictions(
            logits: own, hasClassifier: classes > 0, indices: indices,
            labels: labels.map { labels in indices.map { labels[$0] } },
            paths: indices.compactMap { set.path(of: $0) })
        let result = Engine.evaluation(
            of: own, against: logits.count > 1 ? reported(logits[1]) : own, labels: predictions.labels)
        let disturbed = try (measuresNoiseFloor ? 0..<PixelNoise.draws : 0..<0).map { draw in
            reported(
                try set.logits(
                    of: [units], pipeline: pipeline, reading: reading, disturbedBy: draw, pool: pool
                ).logits[0])
        }
        let floor = measuresNoiseFloor ? noiseFloor(of: own, disturbed: disturbed) : nil
        let manifest =
            isHashed ? try ImageManifest(all: set, used: hashed, pipeline: pipeline, reading: reading) : nil
        return (result, predictions, floor, skipped.count, manifest)
    }
}
