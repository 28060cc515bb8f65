internal import Checkpoints
internal import Datasets
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The files that a run reads, read and checked.
struct RunInputs: Sendable {
    let checkpoint: Checkpoint
    /// `[images, channels · height · width]`, normalised.
    let calibration: Matrix
    /// The evaluation images without those that are held out; nil without any.
    let evaluation: EvaluationImages?
    /// The right classes of the calibration images, if they are known.
    let calibrationLabels: [Int]?
    /// What attempts are compared on; nil where no image is left for it.
    let heldOut: HeldOutSource?
    /// Which images these are.
    let manifest: RunImageManifest
    /// What a person should know of the inputs, one sentence each.
    let warnings: [String]

    /// Reads a plan's files.
    ///
    /// - Parameters:
    ///   - plan: Says how many calibration images, and how image files are read.
    ///   - resources: Where the files are.
    ///   - heldOutImages: How many images attempts are compared on at most.
    ///   - pool: The threads.
    /// - Throws: `CheckpointError`, `DatasetError`.
    init(plan: RunPlan, resources: RunResources, heldOutImages: Int, pool: WorkerPool) throws {
        var checkpoint = try loadCheckpoint(
            path: resources.modelPath, imageSize: plan.imageSize.map { ($0, $0) }, heads: plan.heads)
        checkpoint.preparation = try checkpoint.preparation.changed(by: plan.images)
        self.checkpoint = checkpoint
        let (pipeline, reading) = (try PreprocessingPipeline(checkpoint.preparation), plan.images)
        let set = try ImageSet(path: resources.calibrationPath)
        try set.requireNormalised(pipeline, reading)
        let chosen = ImageChoice(
            count: min(plan.calibrationImages, set.count),
            rule: plan.images.selection, seed: plan.seed)
        let calibration = try PreparedImages(
            set, choice: chosen, pipeline: pipeline, reading: reading, pool: pool)
        self.calibration = calibration.images
        // Labels play no part in a run but are shown with the images; those of other classes say nothing.
        let labels = try? set.labels(for: checkpoint)
        calibrationLabels = labels.map { labels in calibration.indices.map { labels[$0] } }
        var images: EvaluationImages?
        var sets = [set]
        var evaluationNotes: [String] = []
        if let path = resources.evaluationPath {
            let evaluated = try ImageSet(path: path)
            try evaluated.requireNormalised(pipeline, reading)
            // Labels are checked before minutes of decoding, not after.
            let known = try evaluated.labels(for: checkpoint)
            images = try EvaluationImages(
                evaluated, labels: known, pipeline: pipeline, reading: reading, pool: pool)
            evaluationNotes =
                (path == resources.calibrationPath ? [] : evaluated.notes + evaluated.notes(on: reading))
                + evaluated.labelNotes(for: checkpoint)
            sets.append(evaluated)
        }
        let used = Set(calibration.indices)
        let unused = (0..<set.count).filter { !used.contains($0) }
        let choice = HeldOutSource.choice(
            heldOutImages, unused: unused.count, evaluation: images?.count ?? 0)
        if let all = images, choice.source == .evaluation {
            heldOut = try HeldOutSource(spreadOver: all, count: choice.count, pool: pool)
            images = all.leavingOut(heldOut?.rows ?? [])
        } else {
            heldOut = try HeldOutSource(
                unusedOf: set, places: unused, count: choice.count, labels: labels, pipeline: pipeline,
                appliesOrientation: reading.appliesExifOrientation, pool: pool)
        }
        evaluation = images
        manifest = RunImageManifest(
            calibration: calibration.manifest, evaluation: images?.manifest,
            heldOut: heldOut.map { RunImageManifest.HeldOut(source: $0.source, images: $0.rows) })
        warnings =
            checkpoint.notes + checkpoint.preparation.doubts(on: sets) + set.notes + set.notes(on: reading)
            + calibration.doubts + evaluationNotes + manifest.warnings
    }
}

/// Which images a run uses: what `images.json` in its directory says.
struct RunImageManifest: Codable, Sendable {
    /// The images that attempts are compared on.
    struct HeldOut: Codable, Sendable {
        /// The set that they come from.
        var source: HeldOutBaseline.Source
        /// Of the calibration set their places; of the evaluation set their places in the list of its images, which the run
        /// leaves out of every result.
        var images: [Int]
    }

    var schema = 1
    var calibration: ImageManifest
    /// With the images that are held out.
    var evaluation: ImageManifest?
    var heldOut: HeldOut?

    /// One sentence for every image that was left out.
    var warnings: [String] {
        [calibration, evaluation].compactMap(\.self).flatMap(\.skipped).map { "left out: \($0.reason)" }
    }
}

extension RunImageManifest {
    /// Whether these are the images that a plan was carried out with.
    func holds(_ inputs: PlanInputs) -> Bool {
        calibration.contentDigest == inputs.calibration && evaluation?.contentDigest == inputs.evaluation
    }
}

extension ImagePreparation {
    /// What is a guess and matters for some sets, as sentences with a way out.
    ///
    /// Arrays are not resized, and floats are normalised already.
    func doubts(on sets: [ImageSet]) -> [String] {
        let normalisation = doubt.map { "\($0); give --mean and --std where that is wrong" }
        return [
            sets.allSatisfy(\.isNormalised) ? nil : normalisation,
            sets.allSatisfy(\.isArray) ? nil : resizeDoubt.map(sentence),
        ].compactMap(\.self)
    }

    private func sentence(_ doubt: ResizeDoubt) -> String {
        let (unsaid, assumed, flags) =
            switch (doubt.concernsSize, doubt.concernsFilter) {
            case (true, true):
                (
                    "how images are resized and cropped", "\(resizeText) \(interpolation.rawValue)",
                    "--crop-pct and --interpolation"
                )
            case (true, false): ("how much of an image the crop keeps", resizeText, "--crop-pct")
            default: ("with which filter images are resized", interpolation.rawValue, "--interpolation")
            }
        return
            "no file says \(unsaid), so that \(assumed) is assumed, as usual for \(doubt.family); give \(flags) where "
            + "that is wrong"
    }
}

extension ImageSet {
    /// The classes of the images as a checkpoint numbers them; nil without labels, or without a classifier.
    ///
    /// - Throws: `DatasetError` where the classes are not those of the model.
    func labels(for checkpoint: Checkpoint) throws(DatasetError) -> [Int]? {
        guard labels != nil, checkpoint.model.configuration.classes > 0 else { return nil }
        return try labels(classes: checkpoint.model.configuration.classes, names: checkpoint.labels)
    }

    /// What a person should know of the labels, one sentence each.
    func labelNotes(for checkpoint: Checkpoint) -> [String] {
        labelNotes(classes: checkpoint.model.configuration.classes, names: checkpoint.labels)
    }
}

extension PreparedImages {
    /// Fewer calibration images than these are warned of.
    private static let fewest = 32

    /// Why the images are too little to calibrate on, one sentence each.
    fileprivate var doubts: [String] {
        var doubts: [String] = []
        if images.rows < Self.fewest {
            doubts.append(
                "\(images.rows) calibration \(images.rows == 1 ? "image is" : "images are") few, and ranges will fit "
                    + "\(images.rows == 1 ? "it" : "them") alone; \(Self.fewest) or more would be better")
        }
        let first = images.rows(0..<1).elements
        if images.rows > 1, (1..<images.rows).allSatisfy({ images.rows($0..<$0 + 1).elements == first }) {
            doubts.append("all \(images.rows) calibration images are equal")
        }
        return doubts
    }
}
