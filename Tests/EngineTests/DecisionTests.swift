import TestSupport
import Engine
import Files
import Foundation
import Runs
import Synchronization
import Testing
import Vocabulary

@Suite("Decisions at gates")
struct DecisionTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    private func change(_ key: String, _ value: String) -> HyperparameterChange {
        HyperparameterChange(key: key, value: value)
    }

    /// The chosen attempts' numbers of a finished run.
    private func chosen(_ events: [RunEvent]) -> [Int]? { events.report?.units.map(\.attempt) }

    @Test("units whose bits change at the first gate are calibrated by them, not taken from before")
    func changedBits() throws {
        let bits = ("weight_bits", "6")
        bench.run(try bench.plan([("steps", "0"), bits]), to: "planned")
        bench.script(
            try bench.plan([("steps", "0")]), to: "changed", waits: true, waitsAtEnd: false,
            [[.change([change(bits.0, bits.1)]), .resume]])
        bench.run(try bench.plan([("steps", "0")]), to: "plain")
        // The packed model also has the plan, which says the same in other words.
        for unit in ["stem", "blocks.0", "blocks.1", "head"] {
            let bytes = try ["planned", "changed", "plain"].map { run in
                try Data(
                    contentsOf: URL(filePath: bench.folder.file("\(run)/attempts/\(unit)-1.safetensors")))
            }
            #expect(bytes[0] == bytes[1], "\(unit)")
            #expect(bytes[2] != bytes[1], "\(unit)")
        }
    }

    @Test("a redone unit has another attempt, and downstream units are stale until they are redone")
    func redo() throws {
        let plan = try bench.plan()
        bench.run(plan, to: "plain")
        let events = bench.script(
            plan, to: "redone",
            [
                [.redo(unit: 1, changes: [change("weight_bits", "8"), change("steps", "20")])],
                [.redoStale], [.resume],
            ])
        #expect(events.contains(.staleChanged(units: [2, 3])))
        #expect(events.contains(.redoStarted(units: [2, 3], changes: [], sites: [])))
        let emptied = events.lastIndex(of: .staleChanged(units: []))
        let unit3 = events.lastIndex {
            if case .unitFinished(let report) = $0 { report.unit == 3 } else { false }
        }
        #expect(try #require(emptied) > #require(unit3))
        #expect(chosen(events) == [1, 2, 2, 2])
        #expect(events.report?.stale == [])
        #expect(events.report?.units[1].hyperparameters.contains(change("weight_bits", "8")) == true)
        #expect(events.attempts.map(\.prefix) == [[], [1], [1, 1], [1, 1, 1], [1], [1, 2], [1, 2, 2]])
        #expect(try bench.packed("plain") != bench.packed("redone"))
        for name in ["stem-1", "blocks.0-1", "blocks.0-2", "blocks.1-2", "head-2"] {
            let path = bench.folder.file("redone/attempts/\(name).safetensors")
            #expect(FileManager.default.fileExists(atPath: path), "\(name)")
        }
    }

    @Test("the recipe of a run with redone units replays to the same integers")
    func replay() throws {
        bench.script(
            try bench.plan(), to: "watched",
            [
                [
                    .redo(
                        unit: 1, changes: [change("weight_bits", "8")],
                        sites: [SiteOverride(match: "*softmax", bits: 5)])
                ],
                [.redoStale], [.redo(unit: 3, changes: [change("activation_bits", "6")])],
                [.redo(unit: 3)], [.choose(unit: 3, attempt: 3)], [.resume], [.resume],
            ])
        let plan = try RunPlan(path: bench.folder.file("watched/plan.yaml"))
        #expect(plan.sites == [SiteOverride(match: "blocks.0.attn.softmax", bits: 5)])
        bench.run(plan, to: "replayed", threads: 3)
        try bench.expectSameIntegers("watched", "replayed")
    }

    @Test("choosing, rolling back and undoing restore exactly the same integers")
    func exactStates() throws {
        let plan = try bench.plan()
        bench.run(plan, to: "plain")
        let stepsAway: [(String, [[RunCommand]])] = [
            ("undone redo", [[.redo(unit: 1, changes: [change("steps", "3")])], [.undo], [.resume]]),
            (
                "chosen again",
                [
                    [.redo(unit: 0, changes: [change("steps", "3")])], [.choose(unit: 0, attempt: 1)],
                    [.resume], [.resume],
                ]
            ),
            ("rolled back and undone", [[.rollBack(unit: 1)], [.undo], [.resume]]),
            ("rolled back and done again", [[.rollBack(unit: 1)], [.resume], [.resume]]),
            (
                "rolled back and forward",
                [
                    [.rollBack(unit: 1)], [.choose(unit: 1, attempt: 1)], [.choose(unit: 2, attempt: 1)],
                    [.choose(unit: 3, attempt: 1)], [.resume],
                ]
            ),
            (
                "twice undone",
                [
                    [.redo(unit: 2, changes: [change("weight_bits", "2")])], [.redoStale],
                    [.undo], [.undo], [.resume],
                ]
            ),
        ]
        for (name, commands) in stepsAway {
            let events = bench.script(plan, to: name, commands)
            #expect(events.report?.stale == [], "\(name): \(events.warnings)")
            #expect(
                events.warnings.allSatisfy { $0.contains("learning made it worse") },
                "\(name): \(events.warnings)")
            try bench.expectSameIntegers("plain", name)
            let saved = try RunPlan(path: bench.folder.file("\(name)/plan.yaml"))
            for unit in ["stem", "blocks.0", "blocks.1", "head"] {
                #expect(
                    try saved.hyperparameters(of: unit) == plan.hyperparameters(of: unit), "\(name), \(unit)")
            }
        }
    }

    @Test("a stale unit is never hidden: warning, report, plan and recipe name it")
    func stale() throws {
        let path = bench.folder.file("recipe.yaml")
        let events = bench.script(
            try bench.plan(), to: "stale",
            [
                [.redo(unit: 1, changes: [change("steps", "3")])], [.redo(unit: 3)],
                [.export(.recipe, path: path), .resume], [.resume],
            ])
        #expect(events.contains(.staleChanged(units: [2])))
        #expect(events.report?.stale == [2])
        let warnings = events.warnings.filter { $0.contains("blocks.1 is stale") }
        #expect(warnings.count >= 2)
        for file in [path, bench.folder.file("stale/plan.yaml")] {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains("\n# Careful: blocks.1 is stale"), "\(file)")
            _ = try RunPlan(path: file)
        }
        #expect(try exportWarning(for: bench.folder.file("stale"))?.contains("blocks.1") == true)
        bench.run(try bench.plan(), to: "plain")
        #expect(try exportWarning(for: bench.folder.file("plain")) == nil)
    }

    @Test("a decision at the last gate takes the report away until the run goes on, also if it is taken back")
    func withdrawnReport() throws {
        let reports = Mutex<[Bool]>([])
        let path = bench.folder.file("run/report.json")
        let script = Script([[.redo(unit: 3)], [.undo]])
        let events = bench.run(try bench.plan(), to: "run", waitsAtEnd: true) { event in
            switch event {
            case .waiting, .redoStarted, .finished:
                reports.withLock { $0.append(FileManager.default.fileExists(atPath: path)) }
            default: break
            }
            return script.answer(event)
        }
        // At the last gate, at the redo, after it, after the undo, when the run has finished.
        #expect(reports.withLock { $0 } == [true, false, false, false, true])
        #expect(chosen(events) == [1, 1, 1, 1])
    }

    @Test("a change can be for one unit, and for sites by pattern, and the recipe replays")
    func changeForOne() throws {
        let sites = [SiteOverride(match: "*.mlp.*", bits: 7)]
        let events = bench.script(
            try bench.plan(), to: "watched", waits: true, waitsAtEnd: false,
            [
                [.step], [.change(unit: 2, [change("weight_bits", "6")], sites: sites), .resume],
            ])
        #expect(events.contains(.changed(units: [2], changes: [change("weight_bits", "6")], sites: sites)))
        var bits: [String: Int] = [:]
        for case .unitCalibrated(_, _, let reports, _) in events {
            for report in reports { bits[report.site] = report.bits }
        }
        #expect(bits["blocks.0.mlp.fc1.weight"] == 3 && bits["blocks.0.attn.qkv.weight"] == 3)
        #expect(bits["blocks.1.attn.qkv.weight"] == 6 && bits["blocks.1.attn.softmax"] == 4)
        #expect(bits["blocks.1.mlp.fc1.weight"] == 7 && bits["blocks.1.mlp.fc2.input"] == 7)
        #expect(bits["head.weight"] == 3)
        let report = try #require(events.report)
        #expect(Set(report.units[2].sites.map(\.match)).contains("blocks.1.mlp.fc1.weight"))
        bench.run(try RunPlan(path: bench.folder.file("watched/plan.yaml")), to: "replayed")
        try bench.expectSameIntegers("watched", "replayed")
    }

    @Test("a unit that is finished early keeps what it learned, and its recipe replays to it")
    func finishEarly() throws {
        let events = bench.run(try bench.plan([("steps", "4000")]), to: "early") { event in
            if case .stepped(let sample) = event, sample.step == 1 { [.finishUnit] } else { [] }
        }
        let report = try #require(events.report)
        for unit in report.units where unit.ending == .finishedEarly {
            #expect(unit.hyperparameters.contains { $0.key == "stop_after" })
        }
        #expect(report.units.contains { $0.ending == .finishedEarly })
        let plan = try RunPlan(path: bench.folder.file("early/plan.yaml"))
        #expect(try plan.hyperparameters(of: "blocks.0").steps == 4000)
        bench.run(plan, to: "replayed")
        try bench.expectSameIntegers("early", "replayed")
    }

    @Test("a cancelled attempt leaves the unit as calibrated, or as it was")
    func cancel() throws {
        let script = Script([[.redo(unit: 1, changes: [change("steps", "4000")])], [.resume]])
        let events = bench.run(try bench.plan([("steps", "400")]), to: "cancelled", waitsAtEnd: true) {
            event in
            if case .stepped(let sample) = event, sample.step == 1, sample.unit == 2 || sample.attempt == 2 {
                return [.cancelAttempt]
            }
            return script.answer(event)
        }
        let report = try #require(events.report)
        #expect(report.units.map(\.attempt) == [1, 1, 1, 1])
        #expect(report.units.map(\.ending) == [.complete, .complete, .cancelled, .complete])
        #expect(report.units[2].finalLoss == report.units[2].calibratedLoss)
        #expect(report.stale == [])
        #expect(events.attempts.map(\.ending).last == .cancelled)
        let plan = try RunPlan(path: bench.folder.file("cancelled/plan.yaml"))
        #expect(try plan.hyperparameters(of: "blocks.0").steps == 400)
        #expect(try plan.hyperparameters(of: "blocks.1").steps == 0)
        bench.run(plan, to: "replayed")
        try bench.expectSameIntegers("cancelled", "replayed")
    }

    @Test("an impossible request gives a warning with the alternatives, and changes nothing")
    func refusals() throws {
        let cases: [(RunCommand, String)] = [
            (.undo, "no decision"), (.redoStale, "no unit is stale"),
            (.redo(unit: 3), "those that are: stem, blocks.0, blocks.1"),
            (.redo(unit: -1), "not quantized"), (.rollBack(unit: 9), "not quantized"),
            (.redo(unit: 1, changes: [change("weight_bit", "3")]), "did you mean “weight_bits”"),
            (.redo(unit: 1, sites: [SiteOverride(match: "*.softmax", bits: 9)]), "2 through 8"),
            (.choose(unit: 1, attempt: 2), "has no attempt 2; it has 1"),
            (.choose(unit: 1, attempt: 1), "chosen already"),
            (.choose(unit: 7, attempt: 1), "comes next"),
            (.change([]), "changes nothing"),
            (.change(unit: 1, [change("steps", "3")]), "blocks.0 is quantized already"),
            (.change(unit: 4, [change("steps", "3")]), "units count from 0 through 3"),
            (.change([], sites: [SiteOverride(match: "head.inputs", bits: 4)]), "did you mean “head.input”"),
            (.sweep(SweepRequest(weightBits: [9], activationBits: [4])), "2 through 8"),
            (.inspectSite(SiteRequest(site: "blocks.0.attn.softmx")), "did you mean “blocks.0.attn.softmax”"),
            (.inspectSite(SiteRequest(site: "blocks.0.attn.softmax", head: 2)), "heads 0 through 1"),
            (.inspectSite(SiteRequest(site: "blocks.0.attn.softmax", image: 48)), "images 0 through 47"),
            (.inspectSite(SiteRequest(site: "head.weight", group: 6)), "groups 0 through 5"),
            (.inspectImages(ImageRequest(images: .evaluation, count: 0)), "1 through 64"),
            (.export(.packed, path: bench.folder.file("early")), "every unit is quantized"),
            (.export(.recipe, path: "/nowhere/recipe"), "was not written"),
        ]
        let plan = try bench.plan()
        bench.run(plan, to: "plain")
        let events = bench.script(
            plan, to: "asked", waits: true, waitsAtEnd: false,
            [[.step], [.step], [.step]] + [cases.map(\.0) + [.resume]])
        for (_, sentence) in cases {
            #expect(events.warnings.contains { $0.contains(sentence) }, "\(sentence) in \(events.warnings)")
        }
        #expect(events.report?.units.map(\.attempt) == [1, 1, 1, 1])
        try bench.expectSameIntegers("plain", "asked")
    }

    @Test(
        "outside an optimisation there is nothing to finish or cancel: the commands are recorded and warned of"
    )
    func nothingToFinish() throws {
        let commands: [RunCommand] = [.finishUnit, .cancelAttempt, .stopSweep, .evaluate]
        let events = bench.run(try bench.plan(), to: "asked") { event in
            if case .progressed("calibrating the quantizers of blocks.0", done: 1, _) = event {
                commands
            } else {
                []
            }
        }
        #expect(events.warnings.filter { $0.contains("no unit is being optimised") }.count == 2)
        #expect(events.warnings.filter { $0.contains("no sweep") }.count == 1)
        #expect(events.warnings.filter { $0.contains("at a gate only") }.count == 1)
        #expect(events.report?.units.map(\.ending) == [.complete, .complete, .complete, .complete])
        #expect(try bench.commands(of: "asked") == commands)
    }

    @Test("commands during a sweep are recorded, and a pause is kept for the next gate")
    func commandsDuringSweep() throws {
        let request = SweepRequest(weightBits: [8], activationBits: [6, 8])
        let events = bench.run(try bench.plan([("steps", "0")]), to: "asked") { event in
            switch event {
            case .unitFinished(let report) where report.unit == 0: [.sweep(request)]
            case .sweepMeasured(let point) where point.activationBits == 8: [.pause, .undo, .finishUnit]
            case .waiting: [.resume]
            default: []
            }
        }
        #expect(events.contains(.sweepFinished(complete: true)))
        #expect(events.contains(.pauseQueued) && events.contains(.waiting(unit: 1)))
        #expect(events.warnings.filter { $0.contains("a sweep is running") }.count == 1)
        #expect(events.warnings.filter { $0.contains("no unit is being optimised") }.count == 1)
        #expect(
            try bench.commands(of: "asked") == [.sweep(request), .pause, .undo, .finishUnit, .resume])
    }

    @Test("a sweep without a run has no gate to wait at, says so, and can be stopped")
    func commandsDuringLoneSweep() throws {
        let request = SweepRequest(weightBits: [8], activationBits: [4, 6, 8])
        let events = bench.sweep(try bench.plan(), request, to: "sweep") { event in
            if case .sweepMeasured = event { [.pause, .stopSweep] } else { [] }
        }
        #expect(events.warnings.filter { $0.contains("no gate") }.count == 1)
        #expect(events.contains(.sweepFinished(complete: false)) && events.report != nil)
        #expect(try bench.commands(of: "sweep") == [.sweep(request), .pause, .stopSweep])
    }

    @Test("a run at its end can be evaluated, exported, and gone back from")
    func end() throws {
        let path = bench.folder.file("out.safetensors")
        let events = bench.script(
            try bench.plan(), to: "run",
            [
                [.evaluate, .export(.packed, path: path), .rollBack(unit: 3)], [.evaluate, .resume],
                [.resume],
            ])
        var evaluations: [(EvaluationSubject, Evaluation)] = []
        for case .evaluated(let subject, let evaluation) in events {
            evaluations.append((subject, evaluation))
        }
        #expect(
            evaluations.map(\.0)
                == [.fullPrecision, .calibrated, .final, .prefix(unit: 3), .prefix(unit: 2), .final])
        #expect(evaluations[2].1 == evaluations[3].1)
        #expect(evaluations[2].1 == evaluations[5].1)
        let written = events.compactMap { event -> ExportResult? in
            if case .exported(.packed, path, let result) = event { result } else { nil }
        }
        #expect(written.first?.verification.images == 8)
        #expect((written.first?.verification.codes ?? 0) > 1000)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: parent(of: path)).allSatisfy { name in
                !AtomicFile.isTemporary(name)
            })
        let direct = try Data(contentsOf: URL(filePath: path))
        #expect(try direct == bench.packed("run"))
        #expect(events.filter(\.isLast).count == 1)
    }
}
