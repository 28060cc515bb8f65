internal import Glibc
internal import Vocabulary

/// Brings terms to one scale.
struct TermFusion: Equatable, Sendable {
    /// How much of a running mean one step replaces.
    private static let renewal = 0.05
    /// How far one step moves the logarithm of a learned variance.
    private static let uncertaintyRate = 0.01
    /// No divisor is smaller.
    private static let floor = 1e-12

    private let fusion: Fusion
    private var divisors = PerTerm<Double> { _ in 1 }
    /// The logarithms of learned variances.
    private var uncertainties = PerTerm<Double>.none

    init(_ fusion: Fusion) {
        self.fusion = fusion
    }

    /// Starts from the terms of the calibrated unit.
    mutating func start(_ means: PerTerm<Double>) {
        guard fusion != .fixed else { return }
        divisors = means.map { max(Self.floor, $0) }
    }

    /// The terms' factors in the loss, given their weights with schedules.
    func factors(_ weights: PerTerm<Double>) -> PerTerm<Double> {
        PerTerm { weights[$0] * exp(-uncertainties[$0]) / divisors[$0] }
    }

    /// What learned variances add to the loss.
    var penalty: Double { Term.allCases.reduce(0) { $0 + uncertainties[$1] } }

    /// Adjusts divisors or variances to a step's measurements.
    ///
    /// - Parameters:
    ///   - terms: Every term as measured.
    ///   - weighted: Every term as it entered the loss.
    ///   - norms: The norms of weighted gradients, where they were measured.
    ///   - factors: The factors of the step.
    ///   - weights: The weights, with schedules.
    mutating func take(
        _ terms: Terms, weighted: Terms, norms: Terms?, factors: PerTerm<Double>, weights: PerTerm<Double>
    ) {
        switch fusion {
        case .fixed, .firstStep: break
        case .runningMean:
            for term in Term.allCases {
                guard let value = terms[term], value.isFinite else { continue }
                divisors[term] = max(
                    Self.floor, divisors[term] + Self.renewal * (value - divisors[term]))
            }
        case .gradientNorm:
            guard let norms, let block = norms.block, factors.block > 0, block > 0 else { return }
            // Gradient norm per unit of factor; the block term keeps its divisor.
            let unit = block / factors.block
            for term in Term.allCases where term != .block {
                guard let norm = norms[term], norm > 0, factors[term] > 0 else { continue }
                divisors[term] = max(Self.floor, divisors.block * norm / factors[term] / unit)
            }
        case .uncertainty:
            for term in Term.allCases {
                guard let value = weighted[term], weights[term] > 0, value.isFinite else { continue }
                // d(w · L · e^(−s) + s) / ds, in a step that outliers cannot stretch.
                uncertainties[term] += Self.uncertaintyRate * min(max(value - 1, -1), 1)
            }
        }
    }
}
