internal import Glibc
internal import Quantization
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// What learning moves: the weights (or rounding variables) and biases of a unit's linear layers, and the scales of its
/// activations.
///
/// `TermEvaluator` reads it and leaves gradients in it, `StepOptimizer` moves it. Copies share all numbers.
struct LearnedUnit: Sendable {
    let linears: [LinearLearner]
    let transform: QuantizingTransform
    /// What the unit's passes multiply with and add; `refresh` brings it up to date.
    let parameters: UnitParameters
    /// Parts of the linear layers' weights: one task works on each.
    let tiles: [(linear: Int, rows: Range<Int>)]

    /// Starts from a calibrated unit.
    init(_ state: QuantizedUnit, linears descriptors: [LinearDescriptor], settings: Hyperparameters) {
        linears = zip(state.linears, descriptors).map {
            LinearLearner($0, descriptor: $1, settings: settings)
        }
        transform = QuantizingTransform(state.sites)
        parameters = UnitParameters(
            linears: linears.map(\.prepared), vectors: state.vectors.map { $0.vector() })
        tiles = linears.enumerated().flatMap { index, linear in linear.tiles.map { (index, $0) } }
    }

    /// Whether anything is quantized, so that there is something to learn.
    var learnsAnything: Bool {
        linears.contains(where: \.learns) || transform.sites.indices.contains { !transform.isIdentity($0) }
    }

    /// Quantizes the weights and packs them for the passes.
    ///
    /// - Parameters:
    ///   - hard: Whether AdaRound's variables count as decided.
    ///   - pool: The threads.
    func refresh(hard: Bool, pool: WorkerPool) {
        pool.run(tiles.count) { tile, _ in
            linears[tiles[tile].linear].refresh(tiles[tile].rows, hard: hard)
        }
        pool.run(linears.count) { linear, _ in linears[linear].load() }
    }

    /// Sums the gradients of weights and biases over a step's images, from what backward passes left.
    ///
    /// - Parameters:
    ///   - unit: The unit.
    ///   - tape: Its activations of all images of the step.
    ///   - pool: The threads.
    func sumGradients(of unit: any ModelUnit, in tape: Tape, pool: WorkerPool) {
        pool.run(tiles.count) { index, _ in
            let (linear, rows) = (linears[tiles[index].linear], tiles[index].rows)
            let dOutput = tape[linear.descriptor.gradientSlot]
            let input = unit.operand(of: linear.descriptor, in: tape, transform: transform)
            linear.sumGradient(rows, dOutput: dOutput, input: input)
            if rows.lowerBound == 0 {
                linear.sumBiasGradient(dOutput: dOutput)
            }
        }
    }

    /// Sums the gradients of learned scales over a step's tasks in order.
    ///
    /// - Parameter transforms: The quantizers of each task, which collected them.
    /// - Returns: `[sites][groups]`: the gradients.
    func scaleGradients(of transforms: [QuantizingTransform]) -> [[Float]] {
        transform.sites.enumerated().map { index, site in
            var sum: [Float] = Array(repeating: 0, count: site.learnedScales?.count ?? 0)
            for transform in transforms {
                guard let part = transform.scaleGradients?[index] else { continue }
                for group in sum.indices {
                    sum[group] += part[group]
                }
            }
            return sum
        }
    }

    /// AdaRound's regulariser without its factor; 0 with straight-through estimation.
    func roundingPenalty(exponent: Double) -> Double {
        linears.reduce(0) { $0 + $1.penalty(exponent: exponent) }
    }

    /// The unit with its roundings decided.
    ///
    /// - Parameter start: What learning started from.
    /// - Returns: Weights on their levels, and scales as learned.
    /// - Throws: A scale that is no longer positive and finite: the optimisation diverged.
    func quantized(_ start: QuantizedUnit) throws(QuantizationError) -> QuantizedUnit {
        QuantizedUnit(
            linears: zip(linears, start.linears).map { $0.hardened(shape: $1.weight.shape) },
            vectors: start.vectors, sites: try transform.quantizers())
    }
}

// MARK: - Snapshots

extension LearnedUnit {
    /// A copy of everything that learning moves.
    struct Snapshot: Sendable {
        let variables: [LinearLearner.Variables]
        let scales: [[Float]]

        /// The state a share of the way to another one: of weights, rounding variables and biases in proportion, of scales
        /// in proportion of their logarithms.
        func moved(_ share: Double, towards other: Snapshot) -> Snapshot {
            Snapshot(
                variables: zip(variables, other.variables).map { $0.moved(share, towards: $1) },
                scales: zip(scales, other.scales).map { own, other in
                    zip(own, other).map { $0 * pow($1 / $0, Float(share)) }
                })
        }
    }

    /// The present state.
    var snapshot: Snapshot {
        Snapshot(
            variables: linears.map(\.variables),
            scales: transform.sites.map { $0.learnedScales?.elements ?? [] })
    }

    /// Returns to a former state.
    func restore(_ snapshot: Snapshot) {
        for (linear, variables) in zip(linears, snapshot.variables) {
            linear.restore(variables)
        }
        for (site, scales) in zip(transform.sites, snapshot.scales) {
            for (group, scale) in scales.enumerated() {
                site.learnedScales?[group] = scale
            }
        }
    }
}
