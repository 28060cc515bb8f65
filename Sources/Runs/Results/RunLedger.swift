internal import Vocabulary

/// Which attempts a run has, which of them are chosen, and what decisions led there; a fold over its events.
///
/// The engine keeps one while it works, makes one of the journal when it resumes, and screens can keep one of the
/// events that they see: all come to the same.
package struct RunLedger: Equatable, Sendable {
    /// The plan with every decision folded in.
    package private(set) var plan: RunPlan
    /// The units in order.
    package let units: [UnitSummary]
    /// Every attempt that has ended, by unit, in order of their numbers.
    package private(set) var attempts: [[AttemptReport]]
    /// The numbers of the chosen attempts of the units that are quantized: as many as there are such units.
    package private(set) var chosen: [Int] = []
    /// The units that are to be redone and are not yet, in order.
    package private(set) var pendingRedo: [Int] = []
    private var past: [Past] = []

    /// What was before a decision.
    private struct Past: Equatable {
        var decision: RunDecision
        var plan: RunPlan
        var chosen: [Int]
    }

    /// Begins before the first event.
    ///
    /// - Parameters:
    ///   - plan: The plan at the start.
    ///   - units: The units in order, as the run's first event tells them.
    package init(plan: RunPlan, units: [UnitSummary]) {
        self.plan = plan
        self.units = units
        attempts = units.map { _ in [] }
    }

    /// Folds the events of a run.
    ///
    /// - Parameters:
    ///   - events: Everything that happened, in order.
    ///   - plan: The plan at the start.
    ///   - units: The units in order.
    package init(_ events: [RunEvent], plan: RunPlan, units: [UnitSummary]) {
        self.init(plan: plan, units: units)
        for event in events {
            apply(event)
        }
    }

    /// How many units are quantized; also the index of the unit that comes next.
    package var unitsDone: Int { chosen.count }

    /// The decision that `undo` would take back, and how many units are quantized then.
    package var undoable: (decision: RunDecision, unitsDone: Int)? {
        past.last.map { ($0.decision, $0.chosen.count) }
    }

    /// The report of a unit's chosen attempt; nil where the unit is not quantized.
    package func chosenAttempt(of unit: Int) -> AttemptReport? {
        chosen.indices.contains(unit) ? attempt(chosen[unit], of: unit) : nil
    }

    /// The report of an attempt, if there is one of that number.
    package func attempt(_ number: Int, of unit: Int) -> AttemptReport? {
        attempts.indices.contains(unit) ? attempts[unit].first { $0.attempt == number } : nil
    }

    /// The number that the next attempt at a unit gets.
    package func nextAttempt(of unit: Int) -> Int {
        (attempts.indices.contains(unit) ? attempts[unit].last?.attempt ?? 0 : 0) + 1
    }

    /// The units that are quantized but were reconstructed behind other attempts than the chosen ones.
    package var stale: [Int] {
        chosen.indices.filter { unit in
            guard let report = chosenAttempt(of: unit) else { return false }
            return report.prefix != Array(chosen[..<unit])
        }
    }

    /// Takes note of an event.
    package mutating func apply(_ event: RunEvent) {
        switch event {
        case .unitFinished(let report): take(report)
        case .changed(let units, let changes, let sites):
            remember(.change)
            override(units, changes, sites)
        case .redoStarted(let units, let changes, let sites):
            remember(.redo)
            override(units, changes, sites)
            pendingRedo = units.filter { chosen.indices.contains($0) }
        case .attemptChosen(let unit, let attempt):
            remember(.choose)
            choose(attempt, of: unit)
        case .rolledBack(let unit):
            remember(.rollBack)
            chosen.removeSubrange(min(max(0, unit), chosen.count)...)
        case .undone:
            guard let last = past.popLast() else { return }
            (plan, chosen, pendingRedo) = (last.plan, last.chosen, [])
        default: break
        }
    }

    private mutating func remember(_ decision: RunDecision) {
        past.append(Past(decision: decision, plan: plan, chosen: chosen))
        pendingRedo = []
    }

    private mutating func take(_ report: AttemptReport) {
        guard attempts.indices.contains(report.unit), report.unit <= chosen.count else { return }
        attempts[report.unit].append(report)
        // Who cancels one of several gives the others up, too.
        pendingRedo = report.ending == .cancelled ? [] : pendingRedo.filter { $0 != report.unit }
        let keepsOther = report.ending == .cancelled && chosen.indices.contains(report.unit)
        choose(keepsOther ? chosen[report.unit] : report.attempt, of: report.unit)
    }

    private mutating func choose(_ attempt: Int, of unit: Int) {
        guard units.indices.contains(unit), unit <= chosen.count else { return }
        if unit == chosen.count {
            chosen.append(attempt)
        } else {
            chosen[unit] = attempt
        }
        guard let report = chosenAttempt(of: unit) else { return }
        fold(report)
    }

    // MARK: - The plan

    /// Gives units other hyperparameters, by their names.
    private mutating func override(
        _ indices: [Int], _ changes: [HyperparameterChange], _ sites: [SiteOverride]
    ) {
        for unit in indices where units.indices.contains(unit) {
            if !changes.isEmpty { override(units[unit].name, changes) }
            for override in sites {
                plan.sites += units[unit].sites.filter { matches(pattern: override.match, name: $0) }
                    .map { SiteOverride(match: $0, bits: override.bits) }
            }
        }
    }

    /// Adds changes for one unit, to those that it has under its own name if no pattern comes behind them.
    private mutating func override(_ name: String, _ changes: [HyperparameterChange]) {
        let last = plan.units.lastIndex { matches(pattern: $0.match, name: name) }
        guard let last, plan.units[last].match == name else {
            return plan.units.append(UnitOverride(match: name, changes: changes))
        }
        let kept = plan.units[last].changes.filter { old in !changes.contains { $0.key == old.key } }
        plan.units[last].changes = kept + changes
    }

    /// Sees to it that the plan gives a unit what its chosen attempt came out with.
    private mutating func fold(_ report: AttemptReport) {
        var wanted = Hyperparameters()
        // Only a damaged journal has changes that cannot be applied; the plan then stays as it is.
        guard (try? wanted.apply(report.hyperparameters)) != nil else { return }
        let name = units[report.unit].name
        if (try? plan.hyperparameters(of: name)) != wanted {
            plan.units.removeAll { $0.match == name }
            let rest = (try? plan.hyperparameters(of: name)) ?? plan.hyperparameters
            let changes = rest.changes(to: wanted)
            if !changes.isEmpty { plan.units.append(UnitOverride(match: name, changes: changes)) }
        }
        for site in units[report.unit].sites {
            let usual = site.hasSuffix(".weight") ? wanted.weightBits : wanted.activationBits
            let bits = report.sites.last { $0.match == site }?.bits ?? usual
            guard plan.bits(of: site, otherwise: usual) != bits else { continue }
            plan.sites.removeAll { $0.match == site }
            if plan.bits(of: site, otherwise: usual) != bits {
                plan.sites.append(SiteOverride(match: site, bits: bits))
            }
        }
    }
}
