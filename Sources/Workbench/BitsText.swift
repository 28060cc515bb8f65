internal import Runs
internal import Vocabulary

/// Bit-widths as people write them.
enum BitsText {
    /// `W4A4`.
    static func label(_ weightBits: Int, _ activationBits: Int) -> String {
        "W\(weightBits)A\(activationBits)"
    }

    /// `W4A4` where all units agree, `W2–8A4` where they do not.
    static func label(_ summary: RunSummary) -> String {
        "W\(range(summary.weightBits))A\(range(summary.activationBits))"
    }

    /// The same for the hyperparameters of some units.
    static func label(_ units: [Hyperparameters]) -> String {
        "W\(range(units.map(\.weightBits)))A\(range(units.map(\.activationBits)))"
    }

    /// The same for pairs.
    static func label(_ pairs: [BitsPair]) -> String {
        "W\(range(pairs.map(\.weightBits)))A\(range(pairs.map(\.activationBits)))"
    }

    private static func range(_ bits: [Int]) -> String {
        guard let low = bits.min(), let high = bits.max() else { return "–" }
        return low == high ? "\(low)" : "\(low)–\(high)"
    }
}
