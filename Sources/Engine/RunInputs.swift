internal import Checkpoints
internal import Datasets
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// The files that a run reads, read and checked.
struct RunInputs: Sendable {
    let checkpoint: Checkpoint
    /// `[images, channels · height · width]`, normalised.
    let calibration: Matrix
    /// Normalised evaluation images and their labels; nil without any.
    let evaluation: (images: Matrix, labels: [Int]?)?
    /// Which images these are.
    let manifest: RunImageManifest

    init(plan: RunPlan, resources: RunResources, pool: WorkerPool) throws {
        let checkpoint = try loadCheckpoint(path: resources.modelPath)
        self.checkpoint = checkpoint
        let (pipeline, reading) = (try checkpoint.preparation.pipeline, ImageReading(plan.images))
        let set = try ImageSet(path: resources.calibrationPath)
        let choice = ImageChoice(
            count: min(plan.calibrationImages, set.count),
            rule: plan.images.selection == .balanced ? .balanced : .random, seed: plan.seed)
        let calibration = try PreparedImages(
            set, choice: choice, pipeline: pipeline, reading: reading, pool: pool)
        self.calibration = calibration.images
        guard let path = resources.evaluationPath else {
            evaluation = nil
            manifest = RunImageManifest(calibration: calibration.manifest, evaluation: nil)
            return
        }
        let evaluated = try ImageSet(path: path)
        // Labels are checked before minutes of decoding, not after.
        let labels = try evaluated.labels(for: checkpoint)
        let images = try PreparedImages(
            evaluated, choice: .all, pipeline: pipeline, reading: reading, pool: pool)
        evaluation = (images.images, labels.map { labels in images.indices.map { labels[$0] } })
        manifest = RunImageManifest(calibration: calibration.manifest, evaluation: images.manifest)
    }
}

/// Which images a run uses: what `images.json` in its directory says.
struct RunImageManifest: Codable, Sendable {
    var schema = 1
    var calibration: ImageManifest
    var evaluation: ImageManifest?

    /// One sentence for every image that was left out.
    var warnings: [String] {
        [calibration, evaluation].compactMap(\.self).flatMap(\.skipped).map { "left out: \($0.reason)" }
    }
}

extension ImageReading {
    /// What a plan asks for.
    init(_ options: ImageOptions) {
        self.init(
            badImages: options.onBadImage == .skip ? .skip : .fail,
            appliesOrientation: options.appliesExifOrientation)
    }
}

extension ImageSet {
    /// The classes of the images as a checkpoint numbers them; nil without labels.
    ///
    /// - Throws: `DatasetError` where the classes are not those of the model.
    func labels(for checkpoint: Checkpoint) throws(DatasetError) -> [Int]? {
        guard labels != nil else { return nil }
        return try labels(classes: checkpoint.model.configuration.classes, names: checkpoint.labels)
    }
}
