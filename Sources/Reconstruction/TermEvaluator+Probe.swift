internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The terms of a batch, with what each of them contributes to the gradient of the weights.
struct TermProbe {
    /// Every term that is on, before its factor.
    let terms: Terms
    /// The norms of the weighted terms' gradients; nil where nothing is learned of the weights.
    var norms = Terms()
    /// The cosines between these gradients.
    var cosines = GradientCosines()
}

extension TermEvaluator {
    /// As `differentiate`, and measures each term's gradient.
    ///
    /// Gradients add up, so the global term's are what the other terms leave of the whole.
    func differentiateByTerm(_ batch: Batch, factors: PerTerm<Double>) -> TermProbe {
        guard learned.linears.contains(where: \.learns) else {
            return TermProbe(terms: differentiate(batch, factors: factors))
        }
        guard !task.isHead else {
            let terms = differentiate(batch, factors: factors)
            let whole = weightGradients
            return TermProbe(terms: terms, norms: Terms(block: dot(whole, whole).squareRoot()))
        }
        refreshWeights(hard: false)
        let terms = forward(batch, factors: factors)
        var parts = PerTerm<[[Float]]?> { term in
            term != .global && settings.isOn(term) ? gradients(batch, factors: factors.only(term)) : nil
        }
        // The whole comes last: its gradients are those that the update needs.
        var rest = gradients(batch, factors: factors)
        if settings.isOn(.global) {
            let others = Term.allCases.compactMap { parts[$0] }
            for layer in rest.indices {
                for element in rest[layer].indices {
                    rest[layer][element] -= others.reduce(0) { $0 + $1[layer][element] }
                }
            }
            parts.global = rest
        }
        var probe = TermProbe(terms: terms, norms: parts.map { $0.map { dot($0, $0).squareRoot() } })
        for pair in TermPair.allCases {
            probe.cosines[pair] = cosine(
                parts[pair.first], probe.norms[pair.first], parts[pair.second], probe.norms[pair.second])
        }
        return probe
    }

    /// The gradients of the weights after the batch's forward passes, each term times its factor.
    private func gradients(_ batch: Batch, factors: PerTerm<Double>) -> [[Float]] {
        pool.run(workspace.chunks.count) { chunk, worker in
            backward(chunk, worker, batch, factors: factors, referenceIsFresh: false)
        }
        sumGradients()
        return weightGradients
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
