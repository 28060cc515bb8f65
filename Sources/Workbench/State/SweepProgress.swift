package import Runs

/// The state of a sweep.
package struct SweepProgress: Equatable, Sendable {
    package var expected: Int
    /// The size of the checkpoint, from which sizes are predicted.
    var fullPrecisionBytes = 0
    /// The points so far, in the order of measurement.
    package var points: [SweepPoint] = []
    package var isRunning = true

    /// Whether it ended before all points were measured.
    var isIncomplete: Bool { !isRunning && points.count < expected }

    /// The points from the smallest to the largest, the order in which a selection moves.
    ///
    /// Points with the same weight bits differ by a few bytes only, and are ordered by their activation bits.
    var ordered: [SweepPoint] {
        points.sorted {
            ($0.weightBits, $0.activationBits, $0.bytes) < ($1.weightBits, $1.activationBits, $1.bytes)
        }
    }

    /// The point to show if none was chosen: the latest one; at the end, the best one on the front.
    var suggested: SweepPoint? {
        guard !isRunning else { return points.last }
        return points.filter(isOnFront).min { badness(of: $0) < badness(of: $1) } ?? points.last
    }

    /// The unit of all sizes.
    var sizeUnit: SizeUnit { SizeUnit(largest: sizes?.upperBound ?? 0) }

    /// The range of sizes in bytes, including points that are still to come.
    ///
    /// Sizes are linear in the weight bits, so the points so far predict the others; with one width only, a bit counts
    /// as a 32nd of the checkpoint. Nil before the first point.
    var sizes: ClosedRange<Double>? {
        guard let thin = points.min(by: { $0.weightBits < $1.weightBits }),
            let thick = points.max(by: { $0.weightBits < $1.weightBits })
        else { return nil }
        var sizes = points.map { Double($0.bytes) }
        if isRunning {
            let widths = SweepRequest().weightBits
            let perBit =
                thick.weightBits > thin.weightBits
                ? Double(thick.bytes - thin.bytes) / Double(thick.weightBits - thin.weightBits)
                : Double(fullPrecisionBytes) / 32
            sizes += widths.map { Double(thin.bytes) + perBit * Double($0 - thin.weightBits) }
        }
        guard let least = sizes.min(), let most = sizes.max() else { return nil }
        return max(0, least)...max(0, most)
    }

    /// Whether points are compared by top-1; without labels they are compared by KL.
    var isJudgedByTop1: Bool { !points.isEmpty && points.allSatisfy { $0.evaluation.top1 != nil } }

    /// The error of a point: 100 − top-1, or its KL.
    func badness(of point: SweepPoint) -> Double {
        isJudgedByTop1 ? 100 - (point.evaluation.top1 ?? 0) : point.evaluation.kl
    }

    /// Whether no other point is at least as small and at least as good, and better in one of the two.
    func isOnFront(_ point: SweepPoint) -> Bool {
        let own = badness(of: point)
        return !points.contains { other in
            let bad = badness(of: other)
            return other.bytes <= point.bytes && bad <= own && (other.bytes < point.bytes || bad < own)
        }
    }
}
