internal import Kernels
package import Quantization
package import TensorCore
internal import VisionTransformers

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

/// The reconstruction of one unit, step by step (method: block, global and local supervision, fused).
///
/// A step draws a batch, runs the quantized unit on the quantized prefix's outputs, measures the terms,
/// carries their gradients back, and lets Adam move weights (or rounding variables), biases and activation
/// scales. The same task and settings give the same bits for any number of threads.
package final class UnitReconstruction {
    private let task: ReconstructionTask
    private let settings: ReconstructionSettings
    private let pool: WorkerPool
    private let linears: [LinearLearner]
    private let parameters: UnitParameters
    private let transform: QuantizingTransform
    private let workspace: ReconstructionWorkspace
    private var moments: [(first: [Float], second: [Float])]
    private let tiles: [(linear: Int, rows: Range<Int>)]
    private var generator: SeededGenerator
    private var order: [Int] = []
    private var divisors = Terms()
    private var operatorPower: [Double] = []
    private var completed = 0

    /// Prepares a reconstruction.
    ///
    /// - Parameters:
    ///   - task: The unit and its caches.
    ///   - settings: How to reconstruct it.
    ///   - pool: The threads.
    package init(_ task: ReconstructionTask, settings: ReconstructionSettings, pool: WorkerPool) {
        self.task = task
        var settings = settings
        settings.batch = min(settings.batch, task.images)
        if task.isHead {
            settings.globalWeight = 0
        }
        if task.unit.operators.isEmpty || task.isHead {
            settings.localWeight = 0
        }
        self.settings = settings
        self.pool = pool
        linears = zip(task.state.linears, task.unit.linears).map {
            LinearLearner($0, descriptor: $1, rounding: settings.rounding)
        }
        parameters = UnitParameters(
            linears: linears.map(\.prepared), vectors: task.state.vectors.map { $0.vector() })
        transform = QuantizingTransform(task.state.sites)
        workspace = ReconstructionWorkspace(
            task, transform: transform, batch: settings.batch, threads: pool.threads)
        moments = transform.sites.map {
            (Array(repeating: 0, count: $0.scales.count), Array(repeating: 0, count: $0.scales.count))
        }
        tiles = linears.enumerated().flatMap { index, linear in linear.tiles.map { (index, $0) } }
        generator = SeededGenerator(seed: settings.seed, stream: "batches of \(task.unit.name)")
        measureStart()
    }

    /// Whether anything can be learned at these bits.
    package var learnsAnything: Bool {
        linears.contains(where: \.learns) || transform.sites.contains { $0.scales.count > 0 }
    }

    /// The images of the next batch: all images in random order, then again in another.
    private func nextBatch() -> [Int] {
        var batch: [Int] = []
        while batch.count < settings.batch {
            if order.isEmpty {
                order = generator.permutation(of: task.images)
            }
            let taken = min(order.count, settings.batch - batch.count)
            batch += order.suffix(taken)
            order.removeLast(taken)
        }
        return batch
    }
}

// MARK: - Steps

extension UnitReconstruction {
    /// Carries out one step.
    ///
    /// - Returns: What it measured, before its update.
    package func step() -> StepMeasurement {
        let index = completed
        completed += 1
        let probing = index % settings.stepsBetweenProbes == 0
        let factors = self.factors
        let batch = nextBatch()
        let terms = differentiate(batch, factors: factors)
        let weighted = Terms(
            block: terms.block.map { $0 * factors.block }, global: terms.global.map { $0 * factors.global },
            local: terms.local.map { $0 * factors.local })
        let progress = Double(index) / Double(settings.steps)
        let beta = roundingExponent(at: progress)
        var loss = (weighted.block ?? 0) + (weighted.global ?? 0) + (weighted.local ?? 0)
        if case .adaRound(let regularizer) = settings.rounding, let beta {
            loss += regularizer * linears.reduce(0) { $0 + $1.penalty(beta: beta) }
        }
        let norms = probing ? gradientNorms(batch: batch, factors: factors) : nil
        update(index: index, beta: beta)
        return StepMeasurement(
            step: index + 1, loss: loss, terms: terms, weighted: weighted, gradientNorms: norms)
    }

    /// The terms on given images, and the gradients of the weighted loss; nothing is updated.
    ///
    /// - Parameter images: As many calibration images as a step takes.
    /// - Returns: The weighted loss, the gradient of each linear layer's multiplied weight (`[outputs, inputs]`,
    ///   row by row), and of each site's scales.
    package func gradients(on images: [Int]) -> (loss: Double, weights: [[Float]], scales: [[Float]]) {
        precondition(images.count == settings.batch, "\(images.count) images for a batch of \(settings.batch)")
        let terms = differentiate(images, factors: factors)
        let loss =
            (terms.block ?? 0) * factors.block + (terms.global ?? 0) * factors.global
            + (terms.local ?? 0) * factors.local
        return (loss, linears.map { $0.gradient.elements }, transform.sites.indices.map(scaleGradient))
    }

    /// Runs both passes and leaves the weights' gradients in the learners.
    private func differentiate(
        _ batch: [Int], factors: (block: Double, global: Double, local: Double)
    ) -> Terms {
        refreshWeights(hard: false)
        let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = forward(chunk, worker, batch: batch, factors: factors)
            backward(chunk, worker, batch: batch, factors: factors)
        }
        weightGradients()
        return total(parts.values)
    }

    /// The gradient of a site's scales: its chunks' parts, added in order.
    private func scaleGradient(of site: Int) -> [Float] {
        var sum: [Float] = Array(repeating: 0, count: transform.sites[site].scales.count)
        for chunk in workspace.chunks {
            guard let part = chunk.transform.scaleGradients?[site] else { continue }
            for group in sum.indices {
                sum[group] += part[group]
            }
        }
        return sum
    }

    /// Ends the reconstruction.
    ///
    /// - Returns: The unit with its roundings decided and its scales as learned.
    /// - Throws: A scale that is no longer positive and finite: the optimisation diverged.
    package func finish() throws(QuantizationError) -> QuantizedUnit {
        QuantizedUnit(
            linears: zip(linears, task.state.linears).map { $0.hardened(shape: $1.weight.shape) },
            vectors: task.state.vectors, sites: try transform.quantizers())
    }

    /// The factors that terms enter the loss with.
    private var factors: (block: Double, global: Double, local: Double) {
        (
            settings.blockWeight / (divisors.block ?? 1), settings.globalWeight / (divisors.global ?? 1),
            settings.localWeight / (divisors.local ?? 1)
        )
    }

    private func total(_ parts: [Terms]) -> Terms {
        Terms(
            block: parts.reduce(0) { $0 + ($1.block ?? 0) },
            global: settings.globalWeight > 0 ? parts.reduce(0) { $0 + ($1.global ?? 0) } : nil,
            local: settings.localWeight > 0 ? parts.reduce(0) { $0 + ($1.local ?? 0) } : nil)
    }

    /// AdaRound's exponent: off during the first fifth, then from 20 to 2 linearly.
    private func roundingExponent(at progress: Double) -> Double? {
        guard case .adaRound = settings.rounding, progress >= 0.2 else { return nil }
        return 20 - 18 * (progress - 0.2) / 0.8
    }

    private func refreshWeights(hard: Bool) {
        pool.run(tiles.count) { tile, _ in
            linears[tiles[tile].linear].refresh(tiles[tile].rows, hard: hard)
        }
        pool.run(linears.count) { linear, _ in linears[linear].load() }
    }

    private func operands(of linear: LinearLearner) -> (dOutput: Matrix, input: Matrix) {
        (
            workspace.tape[linear.descriptor.gradientSlot],
            task.unit.operand(of: linear.descriptor, in: workspace.tape, transform: transform)
        )
    }

    private func weightGradients() {
        pool.run(tiles.count) { tile, _ in
            let linear = linears[tiles[tile].linear]
            let (dOutput, input) = operands(of: linear)
            linear.accumulate(tiles[tile].rows, dOutput: dOutput, input: input)
        }
    }

    private func update(index: Int, beta: Double?) {
        let decay = 0.5 * (1 + cos(Double.pi * Double(index) / Double(settings.steps)))
        let adam = AdamSettings(learningRate: Float(settings.weightLearningRate * decay), step: index + 1)
        pool.run(tiles.count) { tile, _ in
            let linear = linears[tiles[tile].linear]
            guard linear.learns else { return }
            linear.update(tiles[tile].rows, adam: adam, beta: beta)
            if tiles[tile].rows.lowerBound == 0 {
                linear.updateBias(dOutput: operands(of: linear).dOutput, adam: adam)
            }
        }
        if settings.scaleLearningRate > 0 {
            updateScales(rate: Float(settings.scaleLearningRate * decay), step: index + 1)
        }
    }

    /// Moves every uniform scale by Adam on its logarithm, to first order: s ← s · (1 − step).
    private func updateScales(rate: Float, step: Int) {
        let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        for (index, site) in transform.sites.enumerated() {
            guard case .uniform = site.quantizer else { continue }
            let gradients = scaleGradient(of: index)
            for group in 0..<site.scales.count {
                let gradient = gradients[group] * site.scales[group]
                moments[index].first[group] += 0.1 * (gradient - moments[index].first[group])
                moments[index].second[group] += 0.001 * (gradient * gradient - moments[index].second[group])
                let mean = moments[index].first[group] / Float(first)
                let deviation = (moments[index].second[group] / Float(second)).squareRoot()
                site.scales[group] *= 1 - rate * mean / (deviation + 1e-12)
            }
        }
    }
}

// MARK: - One task of a step

extension UnitReconstruction {
    /// Runs the unit, the full-precision unit where local terms are on, and the units behind where the
    /// global term is on, and leaves that term's gradient in the chunk.
    ///
    /// - Returns: The chunk's part of every term.
    private func forward(
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
                    target: chunk.target, student: chunk.output, temperature: 1, gradient: chunk.globalGradient,
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

    private func runReference(_ images: ArraySlice<Int>, _ worker: Int) -> Tape {
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
    private func localTerm(_ tape: Tape, _ reference: Tape) -> Double {
        var sum = 0.0
        for (index, operation) in task.unit.operators.enumerated() {
            let elements = elementsPerBatch(of: operation)
            sum += squaredDistance(tape[operation.slot], reference[operation.slot]) / elements / operatorPower[index]
        }
        return sum / Double(task.unit.operators.count)
    }

    private func elementsPerBatch(of operation: OperatorDescriptor) -> Double {
        let buffer = workspace.tape[operation.slot]
        return Double(buffer.rows * buffer.columns)
    }

    /// Runs the units behind on the chunk's output, and back.
    private func globalTerm(
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
                space.suffixGradients[index].rows(0..<count * prepared.unit.output.rows), input: inputs[index],
                parameters: prepared.parameters, transform: prepared.transform, tape: tapes[index],
                scratch: space.suffixScratch[index].images(0..<count), local: index == last ? local : nil,
                dInput: dInput)
        }
        return loss
    }

    /// Carries the weighted terms' gradients back through the unit; a factor of 0 leaves a term out.
    private func backward(
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
                referenceIsFresh ? space.reference.images(0..<count) : runReference(batch[chunk.images], worker)
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

    private func localFactors(_ factor: Double) -> [Float] {
        task.unit.operators.enumerated().map { index, operation in
            Float(
                2 * factor / elementsPerBatch(of: operation) / operatorPower[index]
                    / Double(task.unit.operators.count))
        }
    }

    /// Copies images' rows from a cache.
    private func gather(_ images: ArraySlice<Int>, of cache: Matrix, _ rows: Int, into out: Matrix) {
        for (position, image) in images.enumerated() {
            copy(
                cache.rows(image * rows..<(image + 1) * rows), into: out.rows(position * rows..<(position + 1) * rows))
        }
    }
}

// MARK: - Measurements

extension UnitReconstruction {
    /// Measures the operators' mean squares and, for `firstSteps`, the terms' divisors, over a few batches
    /// of the calibrated unit with hard roundings.
    private func measureStart() {
        let batches = min(4, (task.images + settings.batch - 1) / settings.batch)
        var draw = SeededGenerator(seed: settings.seed, stream: "divisors of \(task.unit.name)")
        refreshWeights(hard: true)
        operatorPower = Array(repeating: 1, count: task.unit.operators.count)
        var sums = Terms(block: 0, global: 0, local: 0)
        for batchIndex in 0..<batches {
            let batch = Array(draw.permutation(of: task.images).prefix(settings.batch))
            if batchIndex == 0, settings.localWeight > 0 {
                measureOperators(batch)
            }
            let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
            pool.run(workspace.chunks.count) { chunk, worker in
                parts[chunk] = forward(chunk, worker, batch: batch, factors: (1, 1, 1))
            }
            let terms = total(parts.values)
            sums.block = (sums.block ?? 0) + (terms.block ?? 0)
            sums.global = (sums.global ?? 0) + (terms.global ?? 0)
            sums.local = (sums.local ?? 0) + (terms.local ?? 0)
        }
        guard settings.fusion == .firstSteps else { return }
        func divisor(_ sum: Double?) -> Double { max(1e-12, (sum ?? 0) / Double(batches)) }
        divisors = Terms(block: divisor(sums.block), global: divisor(sums.global), local: divisor(sums.local))
    }

    private func measureOperators(_ batch: [Int]) {
        let parts = TaskResults(
            count: workspace.chunks.count, repeating: Array(repeating: 0.0, count: task.unit.operators.count))
        pool.run(workspace.chunks.count) { chunk, worker in
            let reference = runReference(batch[workspace.chunks[chunk].images], worker)
            parts[chunk] = task.unit.operators.map { squaredNorm(reference[$0.slot]) }
        }
        for (index, operation) in task.unit.operators.enumerated() {
            let sum = parts.values.reduce(0) { $0 + $1[index] }
            operatorPower[index] = max(1e-12, sum / elementsPerBatch(of: operation))
        }
    }

    /// The norm of each term's gradient on the weights. The whole gradient must have been computed; it is
    /// put back afterwards. Gradients add up, so the global term's is what the others leave.
    private func gradientNorms(
        batch: [Int], factors: (block: Double, global: Double, local: Double)
    ) -> Terms {
        guard linears.contains(where: \.learns) else { return Terms() }
        let whole = linears.map { $0.gradient.elements }
        guard !task.isHead else { return Terms(block: norm(whole)) }
        let block = weightGradients(batch: batch, factors: (factors.block, 0, 0))
        let local =
            settings.localWeight > 0 ? weightGradients(batch: batch, factors: (0, 0, factors.local)) : nil
        var rest = whole
        for layer in rest.indices {
            for element in rest[layer].indices {
                rest[layer][element] -= block[layer][element] + (local?[layer][element] ?? 0)
            }
        }
        // The training gradient and its scales' are what the update needs.
        pool.run(workspace.chunks.count) { chunk, worker in
            backward(chunk, worker, batch: batch, factors: factors, referenceIsFresh: false)
        }
        weightGradients()
        return Terms(
            block: norm(block), global: settings.globalWeight > 0 ? norm(rest) : nil, local: local.map(norm))
    }

    private func weightGradients(
        batch: [Int], factors: (block: Double, global: Double, local: Double)
    ) -> [[Float]] {
        pool.run(workspace.chunks.count) { chunk, worker in
            backward(chunk, worker, batch: batch, factors: factors, referenceIsFresh: false)
        }
        weightGradients()
        return linears.map { $0.gradient.elements }
    }

    private func norm(_ gradients: [[Float]]) -> Double {
        gradients.reduce(0) { sum, layer in layer.reduce(sum) { $0 + Double($1) * Double($1) } }.squareRoot()
    }
}
