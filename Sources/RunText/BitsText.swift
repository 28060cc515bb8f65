package import Runs
package import Vocabulary

/// Bit-widths as text: `W4A4`, or `W2–8A4` where units differ.
package enum BitsText {
    /// The label of one pair of widths.
    package static func label(_ weightBits: Int, _ activationBits: Int) -> String {
        "W\(weightBits)A\(activationBits)"
    }

    /// The label of the widths of several units.
    package static func label(_ weightBits: [Int], _ activationBits: [Int]) -> String {
        "W\(range(weightBits))A\(range(activationBits))"
    }

    /// The label of a run's units.
    package static func label(_ summary: RunSummary) -> String {
        label(summary.weightBits, summary.activationBits)
    }

    /// The label of the hyperparameters of several units.
    package static func label(_ units: [Hyperparameters]) -> String {
        label(units.map(\.weightBits), units.map(\.activationBits))
    }

    private static func range(_ bits: [Int]) -> String {
        guard let low = bits.min(), let high = bits.max() else { return "–" }
        return low == high ? "\(low)" : "\(low)–\(high)"
    }
}
