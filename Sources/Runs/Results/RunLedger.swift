internal import Vocabulary

/// The attempts of a run, the chosen ones among them, and the decisions that led there: a fold over its events.
///
/// The engine keeps a ledger while it works and rebuilds it from the journal when it resumes; screens fold the events
/// that they receive. All get the same state.
package struct RunLedger: Equatable, Sendable {
    /// The plan with all decisions.
    package private(set) var plan: RunPlan
    /// The units in order.
    package let units: [UnitSummary]
    /// Every finished attempt, by unit, in order of number.
    package private(set) var attempts: [[AttemptReport]]
    /// The chosen attempts of the quantized units, in order; one per quantized unit.
    package private(set) var chosen: [Int] = []
    /// The units still to be redone, in order.
    package private(set) var pendingRedo: [Int] = []
    private var past: [Past] = []

    /// The state before a decision.
    private struct Past: Equatable {
        var decision: RunDecision
        var plan: RunPlan
        var chosen: [Int]
    }

    /// The ledger before the first event.
    ///
    /// - Parameters:
    ///   - plan: The plan at the start.
    ///   - units: The units in order, from the run's first event.
    package init(plan: RunPlan, units: [UnitSummary]) {
        self.plan = plan
        self.units = units
        attempts = units.map { _ in [] }
    }

    /// Applies all events of a run.
    ///
    /// - Parameters:
    ///   - events: The events in order.
    ///   - plan: The plan at the start.
    ///   - units: The units in order.
    package init(_ events: [RunEvent], plan: RunPlan, units: [UnitSummary]) {
        self.init(plan: plan, units: units)
        for event in events {
            apply(event)
        }
    }

    /// The number of quantized units, which is the index of the unit that comes next.
    package var unitsDone: Int { chosen.count }

    /// The decision that `undo` would undo, and the number of quantized units before it.
    package var undoable: (decision: RunDecision, unitsDone: Int)? {
        past.last.map { ($0.decision, $0.chosen.count) }
    }

    /// The report of a unit's chosen attempt; nil if the unit is not quantized.
    package func chosenAttempt(of unit: Int) -> AttemptReport? {
        chosen.indices.contains(unit) ? attempt(chosen[unit], of: unit) : nil
    }

    /// The reports of the chosen attempts, in order.
    package var chosenAttempts: [AttemptReport] { chosen.indices.compactMap(chosenAttempt) }

    /// The report of an attempt; nil if there is none of that number.
    package func attempt(_ number: Int, of unit: Int) -> AttemptReport? {
        attempts.indices.contains(unit) ? attempts[unit].first { $0.attempt == number } : nil
    }

    /// The number of the next attempt at a unit.
    package func nextAttempt(of unit: Int) -> Int {
        (attempts.indices.contains(unit) ? attempts[unit].last?.attempt ?? 0 : 0) + 1
    }

    /// The quantized units that were reconstructed after other attempts than the chosen ones.
    package var stale: [Int] {
        chosen.indices.filter { unit in
            guard let report = chosenAttempt(of: unit) else { return false }
            return report.prefix != Array(chosen[..<unit])
        }
    }

    /// The names of the stale units.
    package var staleNames: [String] { stale.map { units[$0].name } }

    /// Applies an event.
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
        case .inputsAccepted(_, let inputs): plan.inputs = inputs
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
        // Cancelling one unit of a redo of several abandons the rest.
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

    /// Overrides hyperparameters and bits of units, by their names.
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

    /// Adds changes for one unit: to the override of its name if no later pattern matches, else as a new override.
    private mutating func override(_ name: String, _ changes: [HyperparameterChange]) {
        let last = plan.units.lastIndex { matches(pattern: $0.match, name: name) }
        guard let last, plan.units[last].match == name else {
            return plan.units.append(UnitOverride(match: name, changes: changes))
        }
        let kept = plan.units[last].changes.filter { old in !changes.contains { $0.key == old.key } }
        plan.units[last].changes = kept + changes
    }

    /// Makes the plan reproduce the hyperparameters and bits of the unit's chosen attempt.
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
