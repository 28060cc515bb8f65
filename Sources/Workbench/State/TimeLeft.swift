internal import Foundation

/// How long the rest of a run takes: the estimate of what is left at the speed of the last minute, as a clock that runs
/// down and is set right little by little.
///
/// The speed changes with everything else that the machine does. Shown as it is, it would make the time that is left
/// jump up and down by half of it within seconds.
package struct TimeLeft: Equatable, Sendable {
    /// How long it takes at most, in seconds, until a deviation is e times smaller; it is shorter where little is left.
    private static let patience = 6.0

    /// The speed so far.
    private(set) var pace = RunPace()
    /// The last event: when it was, and how much work was left.
    private var last: Mark?
    /// What the clock said at the last event.
    private var clock: Mark?

    /// How much was left at a time, both in seconds.
    private struct Mark: Equatable {
        let time: Double
        let left: Double
    }

    /// Takes the work that is left after an event.
    ///
    /// - Parameters:
    ///   - work: Its estimated time in seconds; nil if there is no estimate.
    ///   - now: When the event happened.
    ///   - hasWaited: Whether the run has waited since the last event: that time says nothing about the speed, and what is
    ///     left may be something else now.
    mutating func note(work: Double?, at now: Double, hasWaited: Bool) {
        guard let work else { return (last, clock) = (nil, nil) }
        let isSame = !hasWaited && last.map { work <= $0.left } ?? false
        if isSame, let last, now > last.time {
            pace.add(work: last.left - work, seconds: now - last.time)
        }
        last = Mark(time: now, left: work)
        let target = work * pace.factor
        guard isSame, target > 0, let clock else { return clock = Mark(time: now, left: target) }
        let passed = max(0, now - clock.time)
        let said = max(0, clock.left - passed)
        let patience = min(Self.patience, max(1, target / 8))
        let share = 1 - exp(-passed / patience)
        self.clock = Mark(time: now, left: said + (target - said) * share)
    }

    /// The seconds that are left; nil before the first event with an estimate.
    func seconds(at now: Double) -> Double? {
        clock.map { max(0, $0.left - max(0, now - $0.time)) }
    }
}
