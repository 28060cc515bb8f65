internal import RunText
package import Runs

/// The state of a sweep.
package struct SweepProgress: Equatable, Sendable {
    package var expected: Int
    /// What was asked for; nil for a sweep of an earlier session.
    private(set) var request: SweepRequest?
    /// The points so far, in the order of measurement.
    package var points: [SweepPoint] = []
    package var isRunning = true
    /// When it began, and when the last point was measured.
    private(set) var startedAt: Double?
    var measuredAt: Double?

    init(expected: Int) {
        self.expected = expected
    }

    mutating func begin(_ request: SweepRequest?, at now: Double) {
        self.request = request?.points.count == expected ? request : nil
        startedAt = now
    }

    /// Whether it ended before all points were measured.
    var isIncomplete: Bool { !isRunning && points.count < expected }

    /// The time that the missing points take, by those so far, in seconds; nil before the first.
    func remaining(at now: Double) -> Double? {
        guard isRunning, let startedAt, let measuredAt, !points.isEmpty else { return nil }
        let each = (measuredAt - startedAt) / Double(points.count)
        return max(0, each * Double(expected - points.count) - (now - measuredAt))
    }

    /// The points from the smallest to the largest: by weight bits, then by activation bits.
    var ordered: [SweepPoint] {
        points.sorted { ($0.weightBits, $0.activationBits) < ($1.weightBits, $1.activationBits) }
    }

    /// The widths of weights, from the largest, and of activations, from the smallest, missing points included.
    var widths: (weights: [Int], activations: [Int]) {
        (
            Set(points.map(\.weightBits) + (request?.weightBits ?? [])).sorted(by: >),
            Set(points.map(\.activationBits) + (request?.activationBits ?? [])).sorted()
        )
    }

    func point(_ weightBits: Int, _ activationBits: Int) -> SweepPoint? {
        points.first { ($0.weightBits, $0.activationBits) == (weightBits, activationBits) }
    }

    /// The point to show if none was chosen: the latest one; at the end, the best one on the front.
    var suggested: SweepPoint? {
        guard !isRunning else { return points.last }
        return points.filter(isOnFront).min { $0.evaluation.kl < $1.evaluation.kl } ?? points.last
    }

    /// The unit of all sizes.
    var sizeUnit: SizeUnit { SizeUnit(largest: points.map { Double($0.bytes) }.max() ?? 0) }

    /// The points that are worth their cost.
    private var front: SweepFront { SweepFront(points) }

    /// The bit operations of a point's linear layers, in percent of those at W8A8.
    static func cost(of point: SweepPoint) -> Double { SweepFront.cost(of: point) }

    /// Whether no other point has at most its bit operations and its size, is at least as good, and better in one.
    func isOnFront(_ point: SweepPoint) -> Bool { front.contains(point) }
}
