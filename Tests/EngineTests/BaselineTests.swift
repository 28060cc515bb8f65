import Runs
import Testing
import Vocabulary

@Suite("Baselines of a run")
struct BaselineTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test("nothing is measured for comparison before the first unit is done")
    func firstStep() throws {
        let events = bench.run(try bench.plan())
        let first = try #require(events.firstIndex { if case .unitFinished = $0 { true } else { false } })
        for event in events[..<first] {
            switch event {
            case .evaluated, .heldOutMeasured: Issue.record("\(event) before the first unit is done")
            case .progressed(let activity, _, _):
                #expect(!activity.contains("baselines"), "before the first unit is done")
            default: break
            }
        }
        let report = try #require(events.report)
        #expect(report.fullPrecision != nil && report.calibrated != nil && report.heldOut != nil)
    }

    @Test("baselines are the same whether they are measured between units or at the first gate")
    func sameAtGates() throws {
        let plan = try bench.plan()
        let between = try #require(bench.run(plan).report)
        let atGate = bench.run(plan, waits: true) { event in
            if case .heldOutMeasured = event { [.resume] } else { [] }
        }
        let report = try #require(atGate.report)
        #expect(report.fullPrecision == between.fullPrecision && report.calibrated == between.calibrated)
        #expect(report.heldOut == between.heldOut && report.final == between.final)
        // All of them came before the first unit.
        let measured = atGate.firstIndex { if case .heldOutMeasured = $0 { true } else { false } }
        let begun = atGate.firstIndex { if case .unitStarted = $0 { true } else { false } }
        #expect(try #require(measured) < #require(begun))
    }

    @Test("the calibrated model has the bits of the plan at the start, whatever was changed since")
    func planAtStart() throws {
        let plan = try bench.plan()
        let plain = try #require(bench.run(plan).report)
        let change = RunCommand.change([HyperparameterChange(key: "weight_bits", value: "8")])
        let changed = bench.run(plan, waits: true) { event in
            switch event {
            case .waiting(0): [change, .resume]
            default: []
            }
        }
        let report = try #require(changed.report)
        #expect(report.bytes > plain.bytes)
        #expect(report.calibrated == plain.calibrated && report.heldOut == plain.heldOut)
    }

    @Test("a unit that is only calibrated is the calibrated model's")
    func onlyCalibrated() throws {
        let report = try #require(bench.run(try bench.plan([("steps", "0"), ("views", "1")])).report)
        #expect(report.final == report.calibrated)
        #expect(report.units.map(\.heldOut) == report.heldOut?.calibrated)
    }

    @Test("baselines that are asked for are measured after the unit in work")
    func askedFor() throws {
        let events = bench.run(try bench.plan()) { event in
            if case .stepped(let sample) = event, sample.unit == 0, sample.step == 1 {
                [.measureBaselines]
            } else {
                []
            }
        }
        let measured = events.firstIndex { if case .heldOutMeasured = $0 { true } else { false } }
        let second = events.firstIndex {
            if case .unitStarted(let unit, _, _) = $0 { unit == 1 } else { false }
        }
        #expect(try #require(measured) < #require(second))
    }

    @Test("what is counted rises, and ends at its total")
    func progress() throws {
        for changes in [[], [("steps", "0")], [("relu_refit_steps", "4")]] {
            var last: [String: (done: Int, total: Int)] = [:]
            for case .progressed(let activity, let done, let total) in bench.run(try bench.plan(changes)) {
                let before = last[activity] ?? (0, total)
                #expect(total == before.total && done <= total, "\(activity) \(done)/\(total)")
                #expect(done >= before.done || before.done == total, "\(activity) \(done)/\(total)")
                last[activity] = (done, total)
            }
            #expect(last.keys.contains("measuring baselines"))
            for (activity, count) in last where !activity.contains("refitting") {
                #expect(count.done == count.total, "\(activity)")
            }
        }
    }
}
