internal import Kernels
internal import TensorCore
internal import VisionTransformers

extension UnitReconstruction {
    /// Runs the unit, the full-precision unit where local terms are on, and the units behind where the
    /// global term is on, and leaves that term's gradient in the chunk.
    ///
    /// - Returns: The chunk's part of every term.
    func forward(
        _ index: Int, _ worker: Int, batch: [Int], factors: (block: Double, global: Double, local: Double)
    ) -> Terms {
        let chunk = workspace.chunks[index]
        let images = batch[chunk.images]
        gather(images, of: task.prefixInput, task.unit.input.rows, into: chunk.input)
        gather(images, of: task.target, task.unit.output.rows, into: chunk.target)
        task.unit.forward(
            chunk.input, parameters: parameters, transform: chunk.transform, tape: chunk.tape,
            output: chunk.output)
        var terms = Terms()
        if task.isHead {
            terms.block =
                kullbackLeibler(
                    target: chunk.target, student: chunk.output, temperature: 1,
                    gradient: chunk.globalGradient,
                    gradientFactor: Float(factors.block / Double(settings.batch))) / Double(settings.batch)
        } else {
            let elements = Double(settings.batch * task.unit.output.rows * task.unit.output.columns)
            terms.block = squaredDistance(chunk.output, chunk.target) / elements
        }
        if settings.localWeight > 0 {
            let reference = runReference(images, worker)
            terms.local = localTerm(chunk.tape, reference)
        }
        if settings.globalWeight > 0 {
            terms.global = globalTerm(chunk, images, worker, factor: factors.global)
        }
        return terms
    }

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

    /// The mean over operators of squared error relative to the operator's mean square.
    func localTerm(_ tape: Tape, _ reference: Tape) -> Double {
        var sum = 0.0
        for (index, operation) in task.unit.operators.enumerated() {
            let elements = elementsPerBatch(of: operation)
            sum +=
                squaredDistance(tape[operation.slot], reference[operation.slot]) / elements
                / operatorPower[index]
        }
        return sum / Double(task.unit.operators.count)
    }

    func elementsPerBatch(of operation: OperatorDescriptor) -> Double {
        let buffer = workspace.tape[operation.slot]
        return Double(buffer.rows * buffer.columns)
    }

    /// Runs the units behind on the chunk's output, and back.
    func globalTerm(
        _ chunk: ReconstructionWorkspace.Chunk, _ images: ArraySlice<Int>, _ worker: Int, factor: Double
    ) -> Double {
        let space = workspace.workers[worker]
        let count = images.count
        var current = chunk.output
        var inputs: [Matrix] = []
        let tapes = space.suffixTapes.map { $0.images(0..<count) }
        for (index, prepared) in task.suffix.enumerated() {
            inputs.append(current)
            let output = space.suffixOutputs[index].rows(0..<count * prepared.unit.output.rows)
            prepared.forward(current, tape: tapes[index], output: output)
            current = output
        }
        let last = task.suffix.count - 1
        let dLogits = space.suffixGradients[last].rows(0..<count)
        var local: LocalGradients?
        let loss: Double
        switch settings.globalTarget {
        case .logits(let temperature):
            let target = space.targetLogits.rows(0..<count)
            gather(images, of: task.logits, 1, into: target)
            loss =
                kullbackLeibler(
                    target: target, student: current, temperature: Float(temperature), gradient: dLogits,
                    gradientFactor: Float(factor / Double(settings.batch))) / Double(settings.batch)
        case .features:
            guard let reference = space.featureReference?.images(0..<count) else { return 0 }
            let slot = task.suffix[last].unit.operators[0].slot
            gather(images, of: task.features, 1, into: reference[slot])
            let elements = Double(settings.batch * task.features.columns)
            loss = squaredDistance(tapes[last][slot], reference[slot]) / elements
            scale(dLogits, by: 0, into: dLogits)
            local = LocalGradients(reference: reference, factors: [Float(2 * factor / elements)])
        }
        for index in stride(from: last, through: 0, by: -1) {
            let prepared = task.suffix[index]
            let rows = count * prepared.unit.input.rows
            let dInput = index == 0 ? chunk.globalGradient : space.suffixGradients[index - 1].rows(0..<rows)
            prepared.unit.backward(
                space.suffixGradients[index].rows(0..<count * prepared.unit.output.rows),
                input: inputs[index],
                parameters: prepared.parameters, transform: prepared.transform, tape: tapes[index],
                scratch: space.suffixScratch[index].images(0..<count), local: index == last ? local : nil,
                dInput: dInput)
        }
        return loss
    }

    /// Carries the weighted terms' gradients back through the unit; a factor of 0 leaves a term out.
    func backward(
        _ index: Int, _ worker: Int, batch: [Int], factors: (block: Double, global: Double, local: Double),
        referenceIsFresh: Bool = true
    ) {
        let chunk = workspace.chunks[index]
        let space = workspace.workers[worker]
        let count = chunk.images.count
        let dOutput = space.gradient.rows(0..<chunk.output.rows)
        if task.isHead {
            copy(chunk.globalGradient, into: dOutput)
        } else {
            let elements = Double(settings.batch * task.unit.output.rows * task.unit.output.columns)
            scaledDifference(
                chunk.output, chunk.target, factor: Float(2 * factors.block / elements), into: dOutput,
                accumulate: false)
            if settings.globalWeight > 0, factors.global != 0 {
                scale(chunk.globalGradient, by: 1, into: dOutput, accumulate: true)
            }
        }
        var local: LocalGradients?
        if settings.localWeight > 0, factors.local != 0 {
            let reference =
                referenceIsFresh
                ? space.reference.images(0..<count) : runReference(batch[chunk.images], worker)
            local = LocalGradients(reference: reference, factors: localFactors(factors.local))
        }
        for gradient in chunk.transform.scaleGradients ?? [] {
            for group in 0..<gradient.count {
                gradient[group] = 0
            }
        }
        task.unit.backward(
            dOutput, input: chunk.input, parameters: parameters, transform: chunk.transform, tape: chunk.tape,
            scratch: space.scratch.images(0..<count), local: local, dInput: nil)
    }

    func localFactors(_ factor: Double) -> [Float] {
        task.unit.operators.enumerated().map { index, operation in
            Float(
                2 * factor / elementsPerBatch(of: operation) / operatorPower[index]
                    / Double(task.unit.operators.count))
        }
    }

    /// Copies images' rows from a cache.
    func gather(_ images: ArraySlice<Int>, of cache: Matrix, _ rows: Int, into out: Matrix) {
        for (position, image) in images.enumerated() {
            copy(
                cache.rows(image * rows..<(image + 1) * rows),
                into: out.rows(position * rows..<(position + 1) * rows))
        }
    }
}
