internal import Kernels
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

extension TermEvaluator {
    /// Runs one task's images through the unit, through its full-precision twin where local terms are on, and through
    /// the suffix where the global term is on; leaves that term's gradient in the chunk.
    ///
    /// - Returns: The chunk's part of every term.
    func forward(_ index: Int, _ worker: Int, _ batch: Batch, factors: PerTerm<Double>) -> Terms {
        let chunk = workspace.chunks[index]
        let images = batch.images[chunk.images]
        gatherInput(images, chunk, dropSeed: batch.dropSeed)
        gather(images, of: task.target, task.unit.output.rows, into: chunk.target)
        task.unit.forward(
            chunk.input, parameters: learned.parameters, transform: transform(of: chunk, batch),
            tape: chunk.tape, output: chunk.output)
        var terms = Terms()
        if task.isHead {
            terms.block =
                kullbackLeibler(
                    target: chunk.target, student: chunk.output, temperature: 1,
                    gradient: chunk.globalGradient,
                    gradientFactor: Float(factors.block / Double(settings.batch))) / Double(settings.batch)
        } else {
            if let all = metric.perImageWeights, let weights = chunk.weights {
                gather(images, of: all, task.unit.output.rows, into: weights)
            }
            terms.block = metric.sum(chunk.output, chunk.target, weights: chunk.weights) / outputElements
        }
        if settings.localWeight > 0 {
            let losses = supervision.losses(chunk.tape, runReference(images, worker))
            terms.local = losses.reduce(0, +) / Double(losses.count)
        }
        if settings.globalWeight > 0, index < globalTasks.count {
            terms.global = globalTerm(
                chunk, images, worker, target: settings.globalTarget, temperature: settings.temperature,
                factor: factors.global, of: globalTasks.images)
        }
        return terms
    }

    /// Carries the weighted terms' gradients back through the unit.
    ///
    /// - Parameters:
    ///   - index: The chunk.
    ///   - worker: The worker.
    ///   - batch: The images of the forward pass.
    ///   - factors: The terms' factors; 0 leaves a term out.
    ///   - referenceIsFresh: Whether the worker's full-precision activations are still those of these images.
    func backward(
        _ index: Int, _ worker: Int, _ batch: Batch, factors: PerTerm<Double>, referenceIsFresh: Bool = true
    ) {
        let chunk = workspace.chunks[index]
        let space = workspace.workers[worker]
        let count = chunk.images.count
        let dOutput = space.gradient.rows(0..<chunk.output.rows)
        if task.isHead {
            copy(chunk.globalGradient, into: dOutput)
        } else {
            _ = metric.sum(
                chunk.output, chunk.target, weights: chunk.weights, gradient: dOutput,
                factor: factors.block / outputElements)
            if settings.globalWeight > 0, factors.global != 0, index < globalTasks.count {
                scale(chunk.globalGradient, by: 1, into: dOutput, accumulate: true)
            }
        }
        var local: LocalGradients?
        if settings.localWeight > 0, factors.local != 0 {
            let reference =
                referenceIsFresh
                ? space.reference.images(0..<count) : runReference(batch.images[chunk.images], worker)
            local = supervision.gradients(factor: factors.local, chunk.tape, reference)
        }
        chunk.transform.clearScaleGradients()
        task.unit.backward(
            dOutput, input: chunk.input, parameters: learned.parameters,
            transform: transform(of: chunk, batch), tape: chunk.tape,
            scratch: space.scratch.images(0..<count), local: local, dInput: nil)
    }

    /// The elements that a batch's outputs have.
    private var outputElements: Double {
        Double(settings.batch * task.unit.output.rows * task.unit.output.columns)
    }

    /// The local terms' distances.
    var supervision: LocalSupervision {
        LocalSupervision(
            unit: task.unit, distance: settings.localDistance, power: operatorPower, batch: settings.batch)
    }

    /// The chunk's quantizers, with what the batch drops of activations.
    private func transform(of chunk: ReconstructionWorkspace.Chunk, _ batch: Batch) -> QuantizingTransform {
        guard let seed = batch.dropSeed, settings.activationDrop > 0 else { return chunk.transform }
        return chunk.transform.dropping(
            share: settings.activationDrop, seed: seed, images: chunk.images, scratch: chunk.dropScratch)
    }

    /// The quantized prefix's outputs, mixed with those of full precision where the batch drops some of them.
    private func gatherInput(
        _ images: ArraySlice<Int>, _ chunk: ReconstructionWorkspace.Chunk, dropSeed: UInt32?
    ) {
        let rows = task.unit.input.rows
        gather(images, of: task.prefixInput, rows, into: chunk.input)
        guard let dropSeed, settings.inputDrop > 0 else { return }
        for (position, image) in images.enumerated() {
            let place = chunk.images.lowerBound + position
            choose(
                chunk.input.rows(position * rows..<(position + 1) * rows),
                task.fullPrecisionInput.rows(image * rows..<(image + 1) * rows),
                RandomChoice(
                    share: settings.inputDrop, seed: dropSeed ^ 0x5851_F42D,
                    first: place * rows * task.unit.input.columns),
                into: chunk.input.rows(position * rows..<(position + 1) * rows))
        }
    }

    /// The full-precision unit's activations on its full-precision input, in the worker's tape.
    func runReference(_ images: ArraySlice<Int>, _ worker: Int) -> Tape {
        let space = workspace.workers[worker]
        let (input, output) = (task.unit.input.rows, task.unit.output.rows)
        let referenceInput = space.referenceInput.rows(0..<images.count * input)
        gather(images, of: task.fullPrecisionInput, input, into: referenceInput)
        let reference = space.reference.images(0..<images.count)
        task.fullPrecision.forward(
            referenceInput, tape: reference, output: space.referenceOutput.rows(0..<images.count * output))
        return reference
    }

    /// Runs the suffix on the chunk's output, and back; leaves the gradient of that output in the chunk.
    ///
    /// - Parameters:
    ///   - chunk: The outputs.
    ///   - images: Their images.
    ///   - worker: The worker.
    ///   - target: What is compared.
    ///   - temperature: Divides logits.
    ///   - factor: The factor on the gradient.
    ///   - total: The images that the term is a mean over.
    /// - Returns: The chunk's part of the term.
    private func globalTerm(
        _ chunk: ReconstructionWorkspace.Chunk, _ images: ArraySlice<Int>, _ worker: Int,
        target: GlobalTarget, temperature: Double, factor: Double, of total: Int
    ) -> Double {
        let space = workspace.workers[worker]
        let count = images.count
        let (output, tape) = space.suffix.forward(chunk.output, images: count)
        let dLogits = space.suffix.outputGradient(images: count)
        var local: LocalGradients?
        let loss: Double
        switch target {
        case .logits:
            let logits = space.targetLogits.rows(0..<count)
            gather(images, of: task.logits, 1, into: logits)
            loss =
                kullbackLeibler(
                    target: logits, student: output, temperature: Float(temperature), gradient: dLogits,
                    gradientFactor: Float(factor / Double(total))) / Double(total)
        case .features:
            guard let reference = space.featureReference?.images(0..<count),
                let slot = task.suffix.last?.unit.operators[0].slot
            else { return 0 }
            gather(images, of: task.features, 1, into: reference[slot])
            let elements = Double(total * task.features.columns)
            loss = squaredDistance(tape[slot], reference[slot]) / elements
            scale(dLogits, by: 0, into: dLogits)
            local = .differences(from: reference, factors: [Float(2 * factor / elements)])
        }
        space.suffix.backward(chunk.output, images: count, local: local, dInput: chunk.globalGradient)
        return loss
    }

    /// Takes the gradient of each image's divergence of logits where the unit's outputs are given.
    ///
    /// - Parameters:
    ///   - images: As many calibration images as a batch has.
    ///   - temperature: Divides logits.
    ///   - replaceOutput: Called concurrently after the unit's forward pass, to put other outputs in the chunk.
    ///   - visit: Called for each chunk in order, with its images; the gradients are in `globalGradient`.
    func differentiateOutputs(
        of images: [Int], temperature: Double,
        replaceOutput: (ReconstructionWorkspace.Chunk) -> Void = { _ in },
        visit: (ReconstructionWorkspace.Chunk, ArraySlice<Int>) -> Void
    ) {
        pool.run(workspace.chunks.count) { index, worker in
            let chunk = workspace.chunks[index]
            let images = images[chunk.images]
            gather(images, of: task.prefixInput, task.unit.input.rows, into: chunk.input)
            gather(images, of: task.target, task.unit.output.rows, into: chunk.target)
            task.unit.forward(
                chunk.input, parameters: learned.parameters, transform: chunk.transform, tape: chunk.tape,
                output: chunk.output)
            replaceOutput(chunk)
            _ = globalTerm(
                chunk, images, worker, target: .logits, temperature: temperature, factor: 1, of: 1)
        }
        for chunk in workspace.chunks {
            visit(chunk, images[chunk.images])
        }
    }

    /// Copies images' rows from a cache.
    private func gather(_ images: ArraySlice<Int>, of cache: Matrix, _ rows: Int, into out: Matrix) {
        for (position, image) in images.enumerated() {
            copy(
                cache.rows(image * rows..<(image + 1) * rows),
                into: out.rows(position * rows..<(position + 1) * rows))
        }
    }
}
