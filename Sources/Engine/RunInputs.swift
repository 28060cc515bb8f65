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

    init(plan: RunPlan, resources: RunResources) throws {
        let checkpoint = try loadCheckpoint(path: resources.modelPath)
        self.checkpoint = checkpoint
        let images = try ImageSet(path: resources.calibrationPath)
        let chosen = try images.select(min(plan.calibrationImages, images.count), seed: plan.seed)
        calibration = try normalisedImages(chosen, for: checkpoint)
        evaluation = try resources.evaluationPath.map { path in
            let set = try ImageSet(path: path)
            let labels =
                set.labels == nil ? nil : try set.labels(below: checkpoint.model.configuration.classes)
            return (try normalisedImages(set, for: checkpoint), labels)
        }
    }
}

/// Images as a checkpoint's model wants them.
///
/// - Returns: `[images, channels · height · width]`.
/// - Throws: `DatasetError` where the images are of another shape than the model's.
func normalisedImages(_ images: ImageSet, for checkpoint: Checkpoint) throws -> Matrix {
    let shape = checkpoint.model.configuration
    try images.require(channels: shape.channels, height: shape.imageHeight, width: shape.imageWidth)
    let normalisation = try Normalisation(
        mean: checkpoint.mean, standardDeviation: checkpoint.standardDeviation)
    return try images.normalised(Array(0..<images.count), with: normalisation)
}
