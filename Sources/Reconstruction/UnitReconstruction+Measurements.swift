internal import Kernels
internal import TensorCore
internal import VisionTransformers

extension UnitReconstruction {
    /// Measures the operators' mean squares and, for `firstSteps`, the terms' divisors, over a few batches
    /// of the calibrated unit with hard roundings.
    func measureStart() {
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

    /// The norm of each term's gradient on the weights.
    ///
    /// The whole gradient must have been computed; it is put back afterwards. Gradients add up, so the global
    /// term's is what the others leave.
    func gradientNorms(
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

    func weightGradients(
        batch: [Int], factors: (block: Double, global: Double, local: Double)
    ) -> [[Float]] {
        pool.run(workspace.chunks.count) { chunk, worker in
            backward(chunk, worker, batch: batch, factors: factors, referenceIsFresh: false)
        }
        weightGradients()
        return linears.map { $0.gradient.elements }
    }

    func norm(_ gradients: [[Float]]) -> Double {
        gradients.reduce(0) { sum, layer in layer.reduce(sum) { $0 + Double($1) * Double($1) } }.squareRoot()
    }
}
