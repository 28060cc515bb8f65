package import Runs

/// The points of a sweep that are worth their cost, by their KL to full precision.
///
/// Top-1 on a few hundred images cannot tell neighbours apart: one image is 0.4 points of 250.
package struct SweepFront: Equatable, Sendable {
    /// The points, in any order.
    package let points: [SweepPoint]
    package init(_ points: [SweepPoint]) { self.points = points }

    /// The bit operations of a point's linear layers, in percent of those at W8A8.
    ///
    /// A product of codes of w and a bits counts as w · a bit operations. Unlike the size of the file, it depends on both
    /// widths.
    package static func cost(of point: SweepPoint) -> Double {
        Double(point.weightBits * point.activationBits) / 64 * 100
    }

    /// Whether no other point has at most its bit operations and its size, is at least as good, and better in one.
    package func contains(_ point: SweepPoint) -> Bool {
        let own = point.evaluation.kl
        return !points.contains { other in
            let (kl, cost, otherCost) = (other.evaluation.kl, Self.cost(of: point), Self.cost(of: other))
            return otherCost <= cost && kl <= own && other.weightBits <= point.weightBits
                && (otherCost < cost || kl < own || other.weightBits < point.weightBits)
        }
    }
}
