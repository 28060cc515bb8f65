internal import Kernels
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

extension UnitReconstruction {
    /// Measures the operators' mean squares and what terms are divided by, over a few batches of the calibrated
    /// unit with hard roundings.
    func measureStart() {
        let batches = min(4, (images.learned.count + settings.batch - 1) / settings.batch)
        var draw = SeededGenerator(seed: seed, stream: "divisors of \(task.unit.name)")
        refreshWeights(hard: true)
        var means = PerTerm<Double>(block: 0, global: 0, local: 0)
        for batchIndex in 0..<batches {
            let batch = draw.permutation(of: images.learned.count).prefix(settings.batch)
                .map { images.learned[$0] }
            if batchIndex == 0, settings.localWeight > 0 {
                measureOperators(batch)
            }
            let terms = forward(batch, factors: .none)
            means = means.zip(terms) { $0 + ($1 ?? 0) / Double(batches) }
        }
        fusion.start(means)
        startFusion = fusion
    }

    func measureOperators(_ batch: [Int]) {
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

    /// As `differentiate`, and measures the norms of terms' gradients on the weights and the cosines between them.
    ///
    /// Gradients add up, so the global term's is what the others leave of the whole.
    func differentiateByTerm(
        _ batch: [Int], factors: PerTerm<Double>
    ) -> (terms: Terms, norms: Terms, cosines: GradientCosines) {
        guard linears.contains(where: \.learns) else {
            return (differentiate(batch, factors: factors), Terms(), GradientCosines())
        }
        guard !task.isHead else {
            let terms = differentiate(batch, factors: factors)
            let whole = linears.map { $0.gradient.elements }
            return (terms, Terms(block: dot(whole, whole).squareRoot()), GradientCosines())
        }
        refreshWeights(hard: false)
        let terms = forward(batch, factors: factors)
        let block = weightGradients(batch: batch, factors: factors.only(.block))
        let local =
            settings.localWeight > 0 ? weightGradients(batch: batch, factors: factors.only(.local)) : nil
        // The last to be computed, because it and its scales' are what the update needs.
        var rest = weightGradients(batch: batch, factors: factors)
        for layer in rest.indices {
            for element in rest[layer].indices {
                rest[layer][element] -= block[layer][element] + (local?[layer][element] ?? 0)
            }
        }
        let global = settings.globalWeight > 0 ? rest : nil
        let norms = Terms(
            block: dot(block, block).squareRoot(), global: global.map { dot($0, $0).squareRoot() },
            local: local.map { dot($0, $0).squareRoot() })
        return (
            terms, norms,
            GradientCosines(
                blockGlobal: cosine(block, norms.block, global, norms.global),
                blockLocal: cosine(block, norms.block, local, norms.local),
                globalLocal: cosine(global, norms.global, local, norms.local))
        )
    }

    /// The local terms of a batch one by one; the unit's activations must be those of that batch.
    func operatorLosses(_ batch: [Int]) -> [OperatorLoss] {
        let parts = TaskResults(count: workspace.chunks.count, repeating: [Double]())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = supervision.losses(
                workspace.chunks[chunk].tape, runReference(batch[workspace.chunks[chunk].images], worker))
        }
        return task.unit.operators.enumerated().map { index, operation in
            OperatorLoss(name: operation.name, loss: parts.values.reduce(0) { $0 + $1[index] })
        }
    }

    func weightGradients(
        batch: [Int], factors: PerTerm<Double>
    ) -> [[Float]] {
        pool.run(workspace.chunks.count) { chunk, worker in
            backward(chunk, worker, batch: batch, factors: factors, referenceIsFresh: false)
        }
        weightGradients()
        return linears.map { $0.gradient.elements }
    }

    private func dot(_ a: [[Float]], _ b: [[Float]]) -> Double {
        zip(a, b).reduce(0) { sum, layers in
            zip(layers.0, layers.1).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
        }
    }

    private func cosine(_ a: [[Float]]?, _ aNorm: Double?, _ b: [[Float]]?, _ bNorm: Double?) -> Double? {
        guard let a, let b, let aNorm, let bNorm, aNorm > 0, bNorm > 0 else { return nil }
        let value = dot(a, b) / aNorm / bNorm
        return value.isFinite ? min(max(value, -1), 1) : nil
    }
}
