internal import Glibc
internal import Kernels
internal import TensorCore

/// Moves a learned unit against its gradients, by Adam.
///
/// It knows nothing of activations, terms or images: gradients are in the linear layers, and those of scales are handed in.
struct StepOptimizer: Sendable {
    private let unit: LearnedUnit
    /// Adam's moments of the logarithm of each site's scales.
    private var scaleMoments: [(first: [Float], second: [Float])]

    init(_ unit: LearnedUnit) {
        self.unit = unit
        scaleMoments = unit.transform.sites.map { site in
            let zeros: [Float] = Array(repeating: 0, count: site.learnedScales?.count ?? 0)
            return (zeros, zeros)
        }
    }

    /// Forgets the moments, as before the first update.
    mutating func forget() {
        for linear in unit.linears { linear.forgetMoments() }
        for index in scaleMoments.indices {
            for group in scaleMoments[index].first.indices {
                (scaleMoments[index].first[group], scaleMoments[index].second[group]) = (0, 0)
            }
        }
    }

    /// Updates weights (or rounding variables) and biases from the gradients that their layers hold.
    ///
    /// - Parameters:
    ///   - step: The number of the update, from 1.
    ///   - rate: The learning rate, in units of the quantizers' steps for weights and biases.
    ///   - exponent: The exponent of AdaRound's regulariser; nil while that is off.
    ///   - pool: The threads.
    func updateLinears(step: Int, rate: Double, exponent: Double?, pool: WorkerPool) {
        let adam = AdamSettings(learningRate: Float(rate), step: step)
        pool.run(unit.tiles.count) { index, _ in
            let (linear, rows) = (unit.linears[unit.tiles[index].linear], unit.tiles[index].rows)
            guard linear.learns else { return }
            linear.update(rows, adam: adam, exponent: exponent)
            if rows.lowerBound == 0 {
                linear.updateBias(adam: adam)
            }
        }
    }

    /// Moves each uniform scale by Adam on its logarithm, to first order: s ← s · (1 − step).
    ///
    /// - Parameters:
    ///   - step: The number of the update, from 1.
    ///   - rate: The learning rate.
    ///   - gradients: The loss's gradient by each site's scales.
    mutating func updateScales(step: Int, rate: Double, gradients: [[Float]]) {
        let rate = Float(rate)
        let (first, second) = (1 - pow(0.9, Double(step)), 1 - pow(0.999, Double(step)))
        for (index, site) in unit.transform.sites.enumerated() {
            guard let scales = site.learnedScales else { continue }
            for group in 0..<scales.count {
                let gradient = gradients[index][group] * scales[group]
                scaleMoments[index].first[group] += 0.1 * (gradient - scaleMoments[index].first[group])
                scaleMoments[index].second[group] +=
                    0.001 * (gradient * gradient - scaleMoments[index].second[group])
                let mean = scaleMoments[index].first[group] / Float(first)
                let deviation = (scaleMoments[index].second[group] / Float(second)).squareRoot()
                scales[group] *= 1 - rate * mean / (deviation + 1e-12)
            }
        }
    }
}
