internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// All memory of a reconstruction's loop, allocated once.
struct ReconstructionWorkspace: Sendable {
    /// The memory of one worker, for the images of one task.
    struct Worker: Sendable {
        /// The full-precision unit's activations.
        let reference: Tape
        let referenceInput: Matrix
        let referenceOutput: Matrix
        /// The passes through the suffix.
        let suffix: TwoWayPass
        /// A tape of the head that holds full-precision features.
        let featureReference: Tape?
        let targetLogits: Matrix
        /// The gradient of the unit's output.
        let gradient: Matrix
        let scratch: Tape
    }

    /// One task's part of the batch's memory.
    struct Chunk: Sendable {
        let images: Range<Int>
        let tape: Tape
        let input: Matrix
        let output: Matrix
        let target: Matrix
        /// The weighted global term's gradient of the unit's output.
        let globalGradient: Matrix
        let transform: QuantizingTransform
        /// These images' weights in the block term; nil if all images share them.
        let weights: Matrix?
        /// Scratch for the gradient of dropped values.
        let dropScratch: FloatStorage
    }

    let tape: Tape
    let chunks: [Chunk]
    let workers: [Worker]

    init(
        _ task: ReconstructionTask, transform: QuantizingTransform, settings: Hyperparameters,
        threads: Int
    ) {
        let (unit, batch) = (task.unit, settings.batch)
        let perTask = ModelPass.imagesPerTask(learning: unit.rows, batch: batch)
        tape = Tape(shapes: unit.tapeShapes, images: batch)
        let input = unit.input.matrix(images: batch)
        let output = unit.output.matrix(images: batch)
        let target = unit.output.matrix(images: batch)
        let globalGradient = unit.output.matrix(images: batch)
        let weighs = settings.blockDistance == .brecq
        let weights = weighs ? unit.output.matrix(images: batch) : nil
        let largestSite =
            settings.activationDrop > 0
            ? unit.sites.map { site in
                unit.tapeShapes[site.slot].rows * (site.columns?.count ?? unit.tapeShapes[site.slot].columns)
            }.max() ?? 0 : 0
        func view(_ matrix: Matrix, _ shape: RowShape, _ images: Range<Int>) -> Matrix {
            matrix.rows(images.lowerBound * shape.rows..<images.upperBound * shape.rows)
        }
        chunks = stride(from: 0, to: batch, by: perTask).map { [tape] start in
            let images = start..<min(batch, start + perTask)
            return Chunk(
                images: images, tape: tape.images(images), input: view(input, unit.input, images),
                output: view(output, unit.output, images), target: view(target, unit.output, images),
                globalGradient: view(globalGradient, unit.output, images),
                transform: transform.collectingScaleGradients(),
                weights: weights.map { view($0, unit.output, images) },
                dropScratch: FloatStorage(count: images.count * largestSite))
        }
        workers = (0..<threads).map { _ in
            Worker(
                reference: Tape(shapes: unit.tapeShapes, images: perTask),
                referenceInput: unit.input.matrix(images: perTask),
                referenceOutput: unit.output.matrix(images: perTask),
                suffix: TwoWayPass(task.suffix, images: perTask),
                featureReference: task.suffix.last.map { Tape(shapes: $0.unit.tapeShapes, images: perTask) },
                targetLogits: Matrix(rows: perTask, columns: task.logits.columns),
                gradient: unit.output.matrix(images: perTask),
                scratch: Tape(shapes: unit.scratchShapes, images: perTask))
        }
    }
}
