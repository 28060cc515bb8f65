public import Runs

/// A sweep, as far as it has been measured.
public struct SweepProgress: Equatable, Sendable {
    /// How many points there will be.
    public var expected: Int
    /// The points so far, in the order of measurement.
    public var points: [SweepPoint] = []
    /// Whether more points are coming.
    public var isRunning = true

    /// Whether it ended before all points were measured.
    var isIncomplete: Bool { !isRunning && points.count < expected }

    /// The points from the smallest to the largest, the order in which a selection moves.
    var ordered: [SweepPoint] {
        points.sorted {
            ($0.bytes, $0.activationBits, $0.weightBits) < ($1.bytes, $1.activationBits, $1.weightBits)
        }
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
