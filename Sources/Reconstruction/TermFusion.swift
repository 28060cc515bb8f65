internal import Glibc

/// The factors that terms enter the loss with.
typealias TermFactors = (block: Double, global: Double, local: Double)

/// Brings terms to one scale.
struct TermFusion: Equatable, Sendable {
    /// How much of a running mean one step replaces.
    private static let renewal = 0.05
    /// How far one step moves the logarithm of a learned variance.
    private static let uncertaintyRate = 0.01
    /// No divisor is smaller.
    private static let floor = 1e-12

    private let fusion: ReconstructionSettings.Fusion
    private var divisors: [Double] = [1, 1, 1]
    /// The logarithms of learned variances.
    private var uncertainties: [Double] = [0, 0, 0]

    init(_ fusion: ReconstructionSettings.Fusion) {
        self.fusion = fusion
    }

    /// Takes the terms of the calibrated unit.
    mutating func start(_ terms: Terms) {
        guard fusion != .fixed else { return }
        divisors = [terms.block, terms.global, terms.local].map { max(Self.floor, $0 ?? 1) }
    }

    /// The factors, given weights and how schedules change them.
    func factors(_ weights: [Double]) -> TermFactors {
        let values = weights.indices.map { weights[$0] * exp(-uncertainties[$0]) / divisors[$0] }
        return (values[0], values[1], values[2])
    }

    /// What learned variances add to the loss.
    var penalty: Double { uncertainties.reduce(0, +) }

    /// Takes what a step measured.
    ///
    /// - Parameters:
    ///   - terms: Every term as measured.
    ///   - weighted: Every term as it entered the loss.
    ///   - norms: The norms of weighted gradients, where they were measured.
    ///   - factors: The factors of the step.
    ///   - weights: The weights, with schedules.
    mutating func take(
        _ terms: Terms, weighted: Terms, norms: Terms?, factors: TermFactors, weights: [Double]
    ) {
        switch fusion {
        case .fixed, .firstSteps: break
        case .runningMean:
            for (index, term) in [terms.block, terms.global, terms.local].enumerated() {
                guard let term, term.isFinite else { continue }
                divisors[index] = max(
                    Self.floor, divisors[index] + Self.renewal * (term - divisors[index]))
            }
        case .gradientNorm:
            guard let norms, let block = norms.block, factors.block > 0, block > 0 else { return }
            // What one unit of each term pulls with; the block term keeps its divisor.
            let unit = block / factors.block
            for (index, part) in [(1, (norms.global, factors.global)), (2, (norms.local, factors.local))] {
                guard let norm = part.0, norm > 0, part.1 > 0 else { continue }
                divisors[index] = max(Self.floor, divisors[0] * norm / part.1 / unit)
            }
        case .uncertainty:
            for (index, term) in [weighted.block, weighted.global, weighted.local].enumerated() {
                guard let term, weights[index] > 0, term.isFinite else { continue }
                // d(w · L · e^(−s) + s) / ds, in a step that outliers cannot stretch.
                uncertainties[index] += Self.uncertaintyRate * min(max(term - 1, -1), 1)
            }
        }
    }
}
