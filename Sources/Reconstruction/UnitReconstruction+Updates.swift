internal import Kernels
internal import Quantization
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

internal import Glibc

extension UnitReconstruction {
    /// Runs both passes and leaves the weights' gradients in the learners.
    func differentiate(_ batch: [Int], factors: PerTerm<Double>) -> Terms {
        refreshWeights(hard: false)
        let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = forward(chunk, worker, batch: batch, factors: factors)
            backward(chunk, worker, batch: batch, factors: factors)
        }
        weightGradients()
        return total(parts.values)
    }

    /// Runs the forward passes and leaves the global term's gradient in the chunks.
    func forward(_ batch: [Int], factors: PerTerm<Double>) -> Terms {
        let parts = TaskResults(count: workspace.chunks.count, repeating: Terms())
        pool.run(workspace.chunks.count) { chunk, worker in
            parts[chunk] = forward(chunk, worker, batch: batch, factors: factors)
        }
        return total(parts.values)
    }

    private func total(_ parts: [Terms]) -> Terms {
        Terms(
            block: parts.reduce(0) { $0 + ($1.block ?? 0) },
            global: settings.globalWeight > 0 ? parts.reduce(0) { $0 + ($1.global ?? 0) } : nil,
            local: settings.localWeight > 0 ? parts.reduce(0) { $0 + ($1.local ?? 0) } : nil)
    }

    func refreshWeights(hard: Bool) {
        pool.run(tiles.count) { tile, _ in
            linears[tiles[tile].linear].refresh(tiles[tile].rows, hard: hard)
        }
        pool.run(linears.count) { linear, _ in linears[linear].load() }
    }

    func operands(of linear: LinearLearner) -> (dOutput: Matrix, input: Matrix) {
        (
            workspace.tape[linear.descriptor.gradientSlot],
            task.unit.operand(of: linear.descriptor, in: workspace.tape, transform: transform)
        )
    }

    func weightGradients() {
        pool.run(tiles.count) { tile, _ in
            let linear = linears[tiles[tile].linear]
            let (dOutput, input) = operands(of: linear)
            linear.accumulate(tiles[tile].rows, dOutput: dOutput, input: input)
        }
    }

    /// The gradient of a site's scales: its chunks' parts, added in order.
    func scaleGradient(of site: Int) -> [Float] {
        var sum: [Float] = Array(repeating: 0, count: transform.sites[site].scales.count)
        for chunk in workspace.chunks {
            guard let part = chunk.transform.scaleGradients?[site] else { continue }
            for group in sum.indices {
                sum[group] += part[group]
            }
        }
        return sum
    }

    func update(index: Int, progress: Double, beta: Double?) {
        let factor = settings.learningRateFactor(at: progress)
        let adam = AdamSettings(learningRate: Float(settings.weightLearningRate * factor), step: index + 1)
        pool.run(tiles.count) { tile, _ in
            let linear = linears[tiles[tile].linear]
            guard linear.learns else { return }
            linear.update(tiles[tile].rows, adam: adam, beta: beta)
            if tiles[tile].rows.lowerBound == 0 {
                linear.updateBias(dOutput: operands(of: linear).dOutput, adam: adam)
            }
        }
        if settings.scaleLearningRate > 0 {
            updateScales(rate: Float(settings.scaleLearningRate * factor), step: index + 1)
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
                scaleMoments[index].first[group] += 0.1 * (gradient - scaleMoments[index].first[group])
                scaleMoments[index].second[group] +=
                    0.001 * (gradient * gradient - scaleMoments[index].second[group])
                let mean = scaleMoments[index].first[group] / Float(first)
                let deviation = (scaleMoments[index].second[group] / Float(second)).squareRoot()
                site.scales[group] *= 1 - rate * mean / (deviation + 1e-12)
            }
        }
    }
}
