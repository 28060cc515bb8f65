package import Runs

/// A sweep, as far as it has been measured.
package struct SweepProgress: Equatable, Sendable {
    /// How many points there will be.
    package var expected: Int
    /// The size of the checkpoint, by which sizes are foreseen.
    var fullPrecisionBytes = 0
    /// The points so far, in the order of measurement.
    package var points: [SweepPoint] = []
    /// Whether more points are coming.
    package var isRunning = true

    /// Whether it ended before all points were measured.
    var isIncomplete: Bool { !isRunning && points.count < expected }

    /// The points from the smallest to the largest, the order in which a selection moves.
    ///
    /// Weights make the size; points of the same weights differ by a few bytes only, and are in the order
    /// of their activations.
    var ordered: [SweepPoint] {
        points.sorted {
            ($0.weightBits, $0.activationBits, $0.bytes) < ($1.weightBits, $1.activationBits, $1.bytes)
        }
    }

    /// The point to look at where none was chosen: the latest one, at the end the best one on the front.
    var suggested: SweepPoint? {
        guard !isRunning else { return points.last }
        return points.filter(isOnFront).min { badness(of: $0) < badness(of: $1) } ?? points.last
    }

    /// In what sizes are told: one unit for all points, so that they can be compared.
    var sizeUnit: SizeUnit { SizeUnit(largest: sizes?.upperBound ?? 0) }

    /// The sizes in bytes of the points from the smallest to the largest, of those to come, too.
    ///
    /// The size grows linearly with the bits of weights, so that the points so far tell the others: with one
    /// width only, a bit is taken for a 32nd of the checkpoint. Nil before the first point.
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

    /// Whether points are judged by top-1; by the KL where one has no labels.
    var isJudgedByTop1: Bool { !points.isEmpty && points.allSatisfy { $0.evaluation.top1 != nil } }

    /// How bad a point is: what its accuracy lacks, or its KL.
    func badness(of point: SweepPoint) -> Double {
        isJudgedByTop1 ? 100 - (point.evaluation.top1 ?? 0) : point.evaluation.kl
    }

    /// Whether no other point is at least as small and at least as good, and better in one of both.
    func isOnFront(_ point: SweepPoint) -> Bool {
        let own = badness(of: point)
        return !points.contains { other in
            let bad = badness(of: other)
            return other.bytes <= point.bytes && bad <= own && (other.bytes < point.bytes || bad < own)
        }
    }
}
