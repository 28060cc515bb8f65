import Runs
import Testing
import Vocabulary

@Suite("Ledger")
struct RunLedgerTests {
    private let units = ["stem", "blocks.0", "blocks.1"].map {
        UnitSummary(name: $0, parameters: 1, sites: ["\($0).weight", "\($0).input"])
    }

    private func report(
        _ unit: Int, _ attempt: Int, prefix: [Int], _ hyperparameters: [HyperparameterChange] = [],
        sites: [SiteOverride] = [], ending: AttemptEnding = .complete
    ) -> RunEvent {
        .unitFinished(
            AttemptReport(
                unit: unit, name: units[unit].name, attempt: attempt, hyperparameters: hyperparameters,
                sites: sites, prefix: prefix, calibratedLoss: 1, finalLoss: 1, calibratedKl: 1, finalKl: 1,
                reverted: false, ending: ending, seconds: 1, bytes: 1))
    }

    private var done: [RunEvent] {
        [report(0, 1, prefix: []), report(1, 1, prefix: [1]), report(2, 1, prefix: [1, 1])]
    }

    private func change(_ key: String, _ value: String) -> HyperparameterChange {
        HyperparameterChange(key: key, value: value)
    }

    private let plan = RunPlan(model: "model")

    @Test("a run without decisions keeps its plan")
    func plain() {
        let ledger = RunLedger(done, plan: plan, units: units)
        #expect(ledger.plan == plan)
        #expect(ledger.chosen == [1, 1, 1])
        #expect(ledger.stale == [])
        #expect(ledger.undoable == nil)
    }

    @Test("a unit is stale if the chosen attempts before it changed")
    func stale() {
        var ledger = RunLedger(done, plan: plan, units: units)
        ledger.apply(.redoStarted(units: [0], changes: [], sites: []))
        #expect(ledger.pendingRedo == [0])
        ledger.apply(report(0, 2, prefix: []))
        #expect(ledger.pendingRedo == [])
        #expect(ledger.stale == [1, 2])
        ledger.apply(report(1, 2, prefix: [2]))
        #expect(ledger.stale == [2])
        #expect(ledger.nextAttempt(of: 1) == 3)
        ledger.apply(.attemptChosen(unit: 0, attempt: 1))
        #expect(ledger.stale == [1, 2])
        ledger.apply(.attemptChosen(unit: 1, attempt: 1))
        #expect(ledger.stale == [])
    }

    @Test("every decision can be undone, the last one first")
    func undo() {
        var ledger = RunLedger(Array(done.dropLast()), plan: plan, units: units)
        var states: [RunLedger] = []
        let decisions: [(RunDecision, [RunEvent])] = [
            (
                .change,
                [
                    .changed(
                        units: [2], changes: [change("steps", "7")],
                        sites: [SiteOverride(match: "*.input", bits: 8)])
                ]
            ),
            (
                .redo,
                [
                    .redoStarted(units: [1], changes: [change("batch", "8")], sites: []),
                    report(1, 2, prefix: [1], [change("batch", "8")]),
                ]
            ),
            (.choose, [.attemptChosen(unit: 1, attempt: 1)]),
            (.rollBack, [.rolledBack(unit: 1)]),
        ]
        for (_, events) in decisions {
            states.append(ledger)
            events.forEach { ledger.apply($0) }
            #expect(ledger.plan != states.last?.plan || ledger.chosen != states.last?.chosen)
        }
        for (decision, _) in decisions.reversed() {
            let before = states.removeLast()
            #expect(ledger.undoable?.decision == decision)
            #expect(ledger.undoable?.unitsDone == before.unitsDone)
            ledger.apply(.undone(decision, chosen: before.chosen))
            #expect(ledger.plan == before.plan)
            #expect(ledger.chosen == before.chosen)
        }
        #expect(ledger.undoable == nil)
        #expect(ledger.attempts[1].count == 2)
    }

    @Test("the plan gets the hyperparameters and bits of the chosen attempt, and nothing else")
    func folding() throws {
        var ledger = RunLedger(plan: plan, units: units)
        ledger.apply(
            report(
                0, 1, prefix: [], [change("stop_after", "9")],
                sites: [SiteOverride(match: "stem.input", bits: 8)], ending: .finishedEarly))
        #expect(ledger.plan.units == [UnitOverride(match: "stem", changes: [change("stop_after", "9")])])
        #expect(ledger.plan.sites == [SiteOverride(match: "stem.input", bits: 8)])
        for attempt in 2...20 {
            ledger.apply(.redoStarted(units: [0], changes: [change("steps", "\(attempt)")], sites: []))
            ledger.apply(report(0, attempt, prefix: [], [change("steps", "\(attempt)")]))
        }
        let wanted = try {
            var values = Hyperparameters(); try values.apply([change("steps", "20")]); return values
        }()
        #expect(try ledger.plan.hyperparameters(of: "stem") == wanted)
        #expect(ledger.plan.bits(of: "stem.input", otherwise: 4) == 4)
        #expect(ledger.plan.units.count <= 2)
        #expect(ledger.plan.sites.count <= 1)
        #expect(try RunPlan(yaml: ledger.plan.yaml) == ledger.plan)
    }

    @Test("a cancelled attempt changes neither the choice nor the plan")
    func cancelled() throws {
        var ledger = RunLedger(done, plan: plan, units: units)
        ledger.apply(.redoStarted(units: [1, 2], changes: [change("weight_bits", "8")], sites: []))
        ledger.apply(report(1, 2, prefix: [1], [change("steps", "0")], ending: .cancelled))
        #expect(ledger.pendingRedo == [])
        #expect(ledger.chosen == [1, 1, 1])
        #expect(try ledger.plan.hyperparameters(of: "blocks.0") == plan.hyperparameters)
    }

    @Test(
        "events of a damaged journal are harmless",
        arguments: [
            RunEvent.rolledBack(unit: -4), .rolledBack(unit: 9), .attemptChosen(unit: 7, attempt: 1),
            .attemptChosen(unit: -1, attempt: 1), .undone(.redo, chosen: [9, 9]),
            .changed(units: [-1, 12], changes: [HyperparameterChange(key: "none", value: "")]),
            .redoStarted(units: [44], changes: [], sites: []),
        ])
    func damaged(event: RunEvent) {
        var ledger = RunLedger(done, plan: plan, units: units)
        ledger.apply(event)
        #expect(ledger.chosen.count <= 3)
        _ = (ledger.stale, ledger.plan.yaml)
    }
}
