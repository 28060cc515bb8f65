import TestSupport
import Checkpoints
import Engine
import Foundation
import Runs
import Safetensors
import Synchronization
import TensorCore
import Testing
import Vocabulary

private func finalEvaluation(_ events: [RunEvent]) -> Evaluation? {
    events.lazy.compactMap { event -> Evaluation? in
        guard case .evaluated(.final, let evaluation) = event else { return nil }
        return evaluation
    }.first
}

@Suite("Runs")
struct RunTests {
    @Test("a run gives its events in order, with exactly one last event")
    func events() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan())
        #expect(events.filter(\.isLast).count == 1)
        #expect(events.last?.isLast == true)
        var units: [Int] = []
        for case .unitFinished(let report) in events {
            units.append(report.unit)
            #expect(report.finalLoss.isFinite && report.finalKl.isFinite)
        }
        #expect(units == [0, 1, 2, 3])
        guard case .finished(let report) = events.last else {
            Issue.record("the run ended with \(String(describing: events.last))")
            return
        }
        #expect(report.final == finalEvaluation(events))
        #expect(report.bytes < report.fullPrecisionBytes)
        #expect(report.units.count == 4)
    }

    @Test("without the guard, learning still lowers the loss of blocks and head")
    func learning() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan([("keep_or_revert", "false"), ("steps", "160")]))
        var units: [String] = []
        for case .unitFinished(let report) in events where report.name != "stem" {
            units.append(report.name)
            #expect(
                report.finalLoss < report.calibratedLoss,
                "\(report.name): \(report.finalLoss) after \(report.calibratedLoss)")
        }
        #expect(units == ["blocks.0", "blocks.1", "head"])
    }

    @Test("probed steps tell the gradient norm of every term that is on")
    func contributions() throws {
        let bench = try Bench()
        var probed = 0
        for case .stepped(let sample) in bench.run(try bench.plan()) where sample.unit == 1 {
            #expect(sample.terms.block != nil && sample.terms.global != nil && sample.terms.local != nil)
            guard let norms = sample.gradientNorms else { continue }
            probed += 1
            for norm in [norms.block, norms.global, norms.local] {
                #expect((norm ?? 0) > 0)
            }
        }
        #expect(probed > 0)
    }

    @Test("the exported integers are the same bits for any number of threads", arguments: [2, 3, 7])
    func threads(count: Int) throws {
        let bench = try Bench()
        bench.run(try bench.plan(), to: "one", threads: 1)
        bench.run(try bench.plan(), to: "many", threads: count)
        #expect(try bench.packed("one") == bench.packed("many"))
    }

    @Test("AdaRound and the logits target run too, and follow from the seed")
    func otherChoices() throws {
        let bench = try Bench()
        let plan = try bench.plan([
            ("rounding", "adaround"), ("global_target", "logits"), ("weight_learning_rate", "0.01"),
        ])
        var other = plan
        other.seed = 2
        bench.run(plan, to: "a")
        bench.run(plan, to: "b")
        bench.run(other, to: "c")
        #expect(try bench.packed("a") == bench.packed("b"))
        #expect(try bench.packed("a") != bench.packed("c"))
    }

    @Test(
        "a person at a gate changes the bits of the coming units, and the recipe replays to the same integers"
    )
    func gate() throws {
        let bench = try Bench()
        let asked = Mutex(false)
        let events = bench.run(try bench.plan(), to: "watched", waits: true) { event in
            guard case .waiting(let unit) = event else { return [] }
            if unit == 0 { return [.step] }
            let first = asked.withLock { asked in
                defer { asked = true }
                return !asked
            }
            return first
                ? [
                    .change([
                        HyperparameterChange(key: "weight_bits", value: "8"),
                        HyperparameterChange(key: "steps", value: "5"),
                    ]),
                    .resume,
                ] : [.resume]
        }
        #expect(events.contains(.waiting(unit: 0)) && events.contains(.waiting(unit: 1)))
        #expect(
            events.contains(
                .changed(
                    units: [1, 2, 3],
                    changes: [
                        HyperparameterChange(key: "weight_bits", value: "8"),
                        HyperparameterChange(key: "steps", value: "5"),
                    ])))
        let recipe = bench.folder.file("recipe.yaml")
        try exportRun(bench.folder.file("watched"), format: .recipe, to: recipe)
        let replayed = try RunPlan(path: recipe)
        #expect(try replayed.hyperparameters(of: "stem").weightBits == 3)
        #expect(try replayed.hyperparameters(of: "blocks.0").weightBits == 8)
        bench.run(replayed, to: "replayed", threads: 1)
        let watched = try SafetensorsFile(path: try export(bench, "watched"))
        let again = try SafetensorsFile(path: try export(bench, "replayed"))
        #expect(watched.names == again.names)
        for name in watched.names {
            #expect(try watched.bytes(name) == again.bytes(name), "\(name)")
        }
    }

    private func export(_ bench: Bench, _ directory: String) throws -> String {
        _ = try bench.packed(directory)
        return bench.folder.file("\(directory).packed")
    }

    @Test(
        "the packed checkpoint evaluates to the very numbers of the run",
        arguments: [2, 3, 4, 5, 6, 7, 8, 16])
    func packed(bits: Int) throws {
        let bench = try Bench()
        let events = bench.run(
            try bench.plan([("weight_bits", "\(bits)"), ("activation_bits", "\(bits)")]), to: "run")
        let path = try export(bench, "run")
        let read = try evaluateModelOrRun(
            path: path, dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: bench.folder.path, checks: InputChecks(reference: true, data: true), threads: 1)
        let live = try #require(finalEvaluation(events))
        #expect(read.top1 == live.top1)
        #expect(read.kl == live.kl)
        #expect(read.sqnrDb == live.sqnrDb)
        #expect(read.agreement == live.agreement)
        if bits == 16 {
            #expect(live.agreement == 100)
        }
    }

    @Test(
        "a plan that only calibrates keeps the model that it starts with, unless views give closed forms more",
        arguments: [1, 4])
    func calibratedOnly(views: Int) throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan([("steps", "0"), ("views", "\(views)")]))
        var calibrated: Evaluation?
        for case .evaluated(.calibrated, let evaluation) in events { calibrated = evaluation }
        let final = try #require(finalEvaluation(events))
        // Of 48 images, units here would see up to 192 views.
        #expect((final == calibrated) == (views == 1))
    }

    @Test("a stopped run keeps what it has and leaves nothing where it has nothing")
    func stop() throws {
        let bench = try Bench()
        let late = bench.run(try bench.plan(), to: "late") { event in
            if case .unitFinished = event { [.stop] } else { [] }
        }
        guard case .stopped(let units) = late.last else {
            Issue.record("the run ended with \(String(describing: late.last))")
            return
        }
        #expect(units >= 1)
        #expect(FileManager.default.fileExists(atPath: bench.folder.file("late/journal.jsonl")))
        #expect(throws: RunFailure.self) {
            try exportRun(bench.folder.file("late"), format: .packed, to: bench.folder.file("no.safetensors"))
        }
        let early = bench.run(try bench.plan(), to: "early", waits: true) { event in
            if case .waiting = event { [.stop] } else { [] }
        }
        #expect(early.last == .stopped(unitsDone: 0))
        #expect(!FileManager.default.fileExists(atPath: bench.folder.file("early")))
    }

    @Test("a term whose gradient the others drown is named, with the field that weighs it")
    func unheard() throws {
        let bench = try Bench()
        func told(_ weight: String) throws -> [String] {
            let changes = [("fusion", "fixed"), ("local_weight", "0"), ("block_weight", weight)]
            return bench.run(try bench.plan(changes)).warnings.filter { $0.contains("of the gradient") }
        }
        let drowned = try told("0.000001")
        #expect(
            drowned.map { String($0.prefix { $0 != ":" }) } == ["stem", "blocks.0", "blocks.1"], "\(drowned)")
        #expect(drowned.allSatisfy { $0.contains("the block term had less than 0.1 %") })
        #expect(drowned.allSatisfy { $0.hasSuffix("block_weight is its weight") })
        let alone = try told("1000000")
        #expect(
            !alone.isEmpty && alone.allSatisfy { $0.contains("the global term had less than 0.1 %") },
            "\(alone)")
        // With the terms brought to one scale nothing is drowned.
        #expect(bench.run(try bench.plan()).warnings.allSatisfy { !$0.contains("of the gradient") })
    }

    @Test("a learning rate that destroys a unit is seen and undone")
    func divergence() throws {
        let bench = try Bench()
        let events = bench.run(
            try bench.plan([
                ("weight_learning_rate", "1"), ("scale_learning_rate", "0.9"), ("backoffs", "0"),
            ]))
        guard case .finished(let report) = events.last else {
            Issue.record("the run ended with \(String(describing: events.last))")
            return
        }
        #expect(report.units.contains { $0.reverted })
        #expect(report.final?.kl.isFinite == true)
        #expect(events.contains { if case .warning = $0 { true } else { false } })
    }

    @Test("a unit that got worse is put back to its calibrated state, unless a person wants it as it is")
    func keepOrRevert() throws {
        let bench = try Bench()
        // Finite, but far too high.
        let changes = [
            ("weight_learning_rate", "1"), ("scale_learning_rate", "0.05"), ("backoffs", "0"),
        ]
        func report(_ more: [(String, String)], to directory: String) throws -> RunReport {
            try #require(bench.run(try bench.plan(changes + more), to: directory).report)
        }
        let kept = try report([("keep_or_revert", "false")], to: "kept")
        let worse = try #require(
            kept.units.first { $0.finalLoss > $0.calibratedLoss && $0.finalKl > $0.calibratedKl })
        #expect(!worse.reverted)
        let guarded = try report([], to: "guarded")
        let reverted = try #require(guarded.units.first { $0.reverted })
        #expect(reverted.finalLoss == reverted.calibratedLoss && reverted.finalKl == reverted.calibratedKl)
        #expect(reverted.diagnosis?.cause == .rose && reverted.diagnosis?.blamed.value == "1.0")
        #expect(guarded.units.allSatisfy { $0.reverted == ($0.diagnosis != nil) })
        // Up to the first unit that was put back, both runs are the same.
        #expect(reverted.name == worse.name)
        #expect(reverted.calibratedLoss == worse.calibratedLoss)
        // And the run is the one in which those units were only calibrated.
        var plan = try bench.plan(changes)
        plan.units = guarded.units.filter(\.reverted).map {
            UnitOverride(match: $0.name, changes: [HyperparameterChange(key: "steps", value: "0")])
        }
        bench.run(plan, to: "calibrated")
        try bench.expectSameIntegers("guarded", "calibrated")
        #expect(
            guarded.units.allSatisfy { !($0.finalLoss > $0.calibratedLoss && $0.finalKl > $0.calibratedKl) })
    }

    @Test("a unit that ends worse than calibrated is kept in a better state, and the run says in which")
    func fallbacks() throws {
        let bench = try Bench()
        var (restored, shares): ([Int], [Double]) = ([], [])
        for (rate, scaleRate) in [("0.1", "0.2"), ("1", "0.05"), ("1", "0.2")] {
            let changes = [
                ("weight_learning_rate", rate), ("scale_learning_rate", scaleRate), ("least_rows", "0"),
            ]
            let events = bench.run(try bench.plan(changes), to: "\(rate) \(scaleRate)")
            let units = try #require(events.report).units
            for event in events {
                switch event {
                case .rateLowered(let unit, _, 12, let step, let ratio, nil):
                    #expect(!units[unit].reverted && ratio > 1)
                    #expect((step == 0) == (units[unit].finalLoss == units[unit].calibratedLoss))
                    restored.append(step)
                case .steppedBack(let unit, _, let share):
                    #expect(
                        !units[unit].reverted
                            && (units[unit].finalLoss < units[unit].calibratedLoss
                                || units[unit].finalKl < units[unit].calibratedKl)
                    )
                    shares.append(share)
                default: break
                }
            }
        }
        #expect(restored.contains(0) && restored.contains { $0 > 0 })
        #expect(Set(shares) == [0.25, 0.5])
        // Without judging, the same head is put back.
        let unjudged = bench.run(
            try bench.plan([
                ("weight_learning_rate", "1"), ("scale_learning_rate", "0.05"), ("backoffs", "0"),
            ]))
        #expect(unjudged.report?.units.last?.reverted == true)
    }

    @Test("a unit is kept where only one of its loss and its KL got worse")
    func mixedResult() throws {
        let bench = try Bench()
        let units = try ["0.003", "0.01", "0.02", "0.03", "0.05", "0.1", "0.2", "0.3", "0.5", "1"].flatMap {
            rate in
            try #require(
                bench.run(try bench.plan([("weight_learning_rate", rate)]), to: rate).report
            ).units
        }
        // A unit that was put back has its calibrated loss and KL, so it is not among these.
        let mixed = units.filter { ($0.finalLoss > $0.calibratedLoss) != ($0.finalKl > $0.calibratedKl) }
        #expect(!mixed.isEmpty && mixed.allSatisfy { !$0.reverted })
    }

    @Test(
        "a NaN loss ends the unit at once and reverts it, guarded or not",
        arguments: ["true", "false"])
    func notANumber(guarded: String) throws {
        // Scales that move by their whole size reach 0 at once; whether a loss or only a scale is NaN then,
        // roundings decide, so that seeds are tried until it is a loss.
        var events: [RunEvent] = []
        func told() -> String? {
            events.warnings.first { $0.contains("the loss is ") && $0.contains(" at step ") }
        }
        let bench = try Bench()
        for seed in 1...16 where told() == nil {
            var plan = try bench.plan([
                ("steps", "60"), ("warm_up", "0"), ("rate_schedule", "constant"),
                ("scale_learning_rate", "1"), ("fusion", "first_step"), ("global_target", "logits"),
                ("token_importance", "0"), ("keep_or_revert", guarded),
            ])
            plan.seed = UInt64(seed)
            events = bench.run(plan)
        }
        let report = try #require(events.report)
        let warning = try #require(told())
        let unit = try #require(report.units.first { warning.hasPrefix("\($0.name):") })
        #expect(unit.reverted && unit.finalLoss == unit.calibratedLoss)
        let steps = events.compactMap { event -> Int? in
            if case .stepped(let sample) = event, sample.unit == unit.unit { sample.step } else { nil }
        }
        #expect((steps.max() ?? 0) < 60)
        #expect(report.final?.kl.isFinite == true)
    }

    @Test("weights that are not finite, a missing tensor and an odd one are named")
    func badCheckpoints() throws {
        let cases: [((inout [SafetensorsTensor]) -> Void, String)] = [
            (
                {
                    $0[0] = SafetensorsTensor(
                        name: "cls_token", shape: [1, 1, 16], floats: Array(repeating: .nan, count: 16))
                }, "cls_token"
            ),
            ({ $0.removeAll { $0.name == "blocks.1.mlp.fc1.bias" } }, "blocks.1.mlp.fc1.bias"),
            ({ $0.append(SafetensorsTensor(name: "reg_token", shape: [1], floats: [1])) }, "reg_token"),
        ]
        for (damage, name) in cases {
            let bench = try Bench(damage: damage)
            let events = bench.run(try bench.plan(), to: "run")
            guard case .failed(let failure) = events.last else {
                Issue.record("the run ended with \(String(describing: events.last))")
                continue
            }
            #expect(failure.kind == .badData)
            #expect(failure.message.contains(name), "\(failure.message)")
            #expect(!FileManager.default.fileExists(atPath: bench.folder.file("run")))
        }
    }
}
