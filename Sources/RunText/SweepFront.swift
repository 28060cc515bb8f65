package import Runs

/// The points of a sweep that are worth their cost.
package struct SweepFront: Equatable, Sendable {
    /// The points, in any order.
    package let points: [SweepPoint]
    /// Whether points are compared by top-1; without labels they are compared by KL.
    package let isJudgedByTop1: Bool

    package init(_ points: [SweepPoint]) {
        self.points = points
        isJudgedByTop1 = !points.isEmpty && points.allSatisfy { $0.evaluation.top1 != nil }
    }

    /// The error of a point: 100 − top-1, or its KL.
    package func badness(of point: SweepPoint) -> Double {
        isJudgedByTop1 ? 100 - (point.evaluation.top1 ?? 0) : point.evaluation.kl
    }

    /// The bit operations of a point's linear layers, in percent of those at W8A8.
    ///
    /// A product of codes of w and a bits counts as w · a bit operations. Unlike the size of the file, it depends on both
    /// widths.
    package static func cost(of point: SweepPoint) -> Double {
        Double(point.weightBits * point.activationBits) / 64 * 100
    }

    /// Whether no other point has at most its bit operations and its size, is at least as good, and better in one.
    package func contains(_ point: SweepPoint) -> Bool {
        let own = badness(of: point)
        return !points.contains { other in
            let (bad, cost, otherCost) = (badness(of: other), Self.cost(of: point), Self.cost(of: other))
            return otherCost <= cost && bad <= own && other.weightBits <= point.weightBits
                && (otherCost < cost || bad < own || other.weightBits < point.weightBits)
        }
    }
}
