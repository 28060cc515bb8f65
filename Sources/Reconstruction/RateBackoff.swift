/// Lowers the learning rates of a unit that gets worse, from the best state that it had.
///
/// The unit is judged on the same images at regular steps, so that its losses compare. Where the loss rises too far above
/// that of the calibrated unit, learning goes on from the state of the least loss with rates of a tenth. A unit whose rates
/// were lowered as often as allowed ends instead.
struct RateBackoff {
    /// What rates are divided by.
    static let divisor = 10.0
    /// How far the loss may rise above that of the calibrated unit before rates are lowered.
    struct Limits: Equatable {
        /// The limit for the first time.
        let first: Double
        /// The limit after that: the unit is known to be sensitive.
        let later: Double

        /// Blocks that learn well rise by up to a quarter while rates are high.
        static let usual = Limits(first: 1.3, later: 1.05)
        /// The head's divergence rises by more than that while rates are high, and falls again with them.
        static let head = Limits(first: .infinity, later: .infinity)
    }

    /// On how many images a unit is judged; a head is judged on all of them.
    static let images = 64

    /// How often rates can be lowered; 0 judges nothing.
    let allowed: Int
    let limits: Limits
    /// The loss of the calibrated unit.
    private let start: Double
    /// The calibrated state.
    let calibrated: LearnedUnit.Snapshot
    /// The state of the least loss so far, and the step after which it was reached.
    private(set) var best: (loss: Double, step: Int, state: LearnedUnit.Snapshot)
    /// How often rates were lowered.
    private(set) var lowered = 0

    /// What follows from a loss.
    enum Verdict: Equatable { case goOn, lower, end }

    /// Starts at the calibrated unit.
    init(allowed: Int, limits: Limits, start: Double, state: LearnedUnit.Snapshot) {
        (self.allowed, self.limits, self.start) = (allowed, limits, start)
        calibrated = state
        best = (start, 0, state)
    }

    /// The factor on learning rates.
    var factor: Double { (0..<lowered).reduce(1) { factor, _ in factor / Self.divisor } }

    /// The loss as a multiple of that of the calibrated unit.
    func ratio(_ loss: Double) -> Double { start > 0 ? loss / start : loss > 0 ? .infinity : 1 }

    /// Judges the unit after a step; `state` is only called for a new best one.
    mutating func judge(_ loss: Double, step: Int, state: () -> LearnedUnit.Snapshot) -> Verdict {
        if loss < best.loss { best = (loss, step, state()) }
        // A loss that is not a number is above every limit.
        guard !(ratio(loss) <= (lowered == 0 ? limits.first : limits.later)) else { return .goOn }
        guard lowered < allowed else { return .end }
        lowered += 1
        return .lower
    }
}

/// Learning rates that were lowered, or learning that ended, because a unit got worse.
package struct RateChange: Equatable, Sendable {
    /// The step after which the unit had its least loss, at which learning goes on; 0 is the calibrated unit.
    package let restored: Int
    /// The loss as a multiple of the calibrated unit's.
    package let ratio: Double
    /// The factor on the rates of the plan from now on; nil where learning ends.
    package let factor: Double?
}
