import SampleRun
import Runs
import Testing
import Vocabulary

@testable import Workbench

@Suite("Remaining time")
struct PaceTests {
    /// A run of units that were estimated at 10 s each, of which some are done, each in so many seconds.
    private func remaining(after done: [Double]) throws -> Double {
        let run = SampleRun()
        var progress = RunProgress(plan: run.plan, startedAt: 0)
        progress.estimate = RunEstimate(
            preparationSeconds: 0, unitSeconds: Array(repeating: 10, count: 8), evaluationSeconds: 0,
            operationsPerSecond: 1, memory: [])
        var now = 0.0
        for event in run.opening { progress.apply(event, at: now) }
        for (unit, seconds) in done.enumerated() {
            let events = run.unit(unit)
            for (index, event) in events.enumerated() {
                progress.apply(event, at: now + seconds * Double(index + 1) / Double(events.count))
            }
            now += seconds
        }
        return try #require(progress.remaining(at: now))
    }

    @Test("before anything is measured it is the estimate")
    func estimate() throws {
        #expect(abs(try remaining(after: []) - 80) < 1)
    }

    @Test("it follows a machine that gets busier, and one that gets idler")
    func follows() throws {
        let steady = try remaining(after: [10, 10, 10, 10])
        let busier = try remaining(after: [10, 10, 30, 30])
        let idler = try remaining(after: [10, 10, 5, 5])
        #expect(abs(steady - 40) < 4)
        #expect(busier > 1.5 * steady && idler < 0.85 * steady)
        // What was slow a while ago counts less than what is slow now.
        #expect(try remaining(after: [30, 30, 10, 10]) < busier)
    }

    @Test("time at a gate is no work")
    func gate() throws {
        let run = SampleRun()
        var progress = RunProgress(plan: run.plan, startedAt: 0)
        progress.estimate = RunEstimate(
            preparationSeconds: 0, unitSeconds: Array(repeating: 10, count: 8), evaluationSeconds: 0,
            operationsPerSecond: 1, memory: [])
        for event in run.opening { progress.apply(event, at: 0) }
        progress.apply(.waiting(unit: 0), at: 0)
        progress.apply(.resumed(unit: 0), at: 1000)
        progress.apply(.progressed(activity: "calibrating", done: 1, total: 2), at: 1001)
        #expect(try #require(progress.remaining(at: 1001)) < 120)
    }

    @Test("what is counted stands in the place of steps until the next event")
    func activity() {
        var session = Session(at: .running)
        session.tell([.progressed(activity: "measuring stem on held-out images", done: 1000, total: 2000)])
        #expect(session.text.contains("held-out images 1 000/2 000"))
        let unit = session.state.run?.currentUnit ?? 0
        session.tell([.unitFinished(session.run.report(unit))])
        #expect(session.state.run?.activity == nil)
    }
}
