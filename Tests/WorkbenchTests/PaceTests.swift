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
        #expect(busier > 1.5 * steady && idler < 0.95 * steady)
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

    @Test("on a recorded run whose machine gets busier and idler, it neither jumps nor stays wrong")
    func recorded() throws {
        var (time, raw) = (TimeLeft(), [Double]())
        var shown: [(time: Double, left: Double)] = []
        for (now, work) in Self.series {
            time.note(work: work, at: now, hasWaited: false)
            shown.append((now, try #require(time.seconds(at: now))))
            raw.append(work * time.pace.factor)
        }
        /// The largest step away from a clock that runs down.
        func largestJump(_ left: [Double]) -> Double {
            zip(zip(shown, left), zip(shown, left).dropFirst()).map { before, after in
                abs(after.1 - (before.1 - (after.0.time - before.0.time)))
            }.max() ?? .infinity
        }
        #expect(largestJump(shown.map(\.left)) < 2.5)
        #expect(largestJump(raw) > 6, "the speed alone would jump")
        let end = try #require(shown.last)
        #expect(end.left == 0)
        // From the middle on it is right within a third, and within 5 s near the end.
        for (now, left) in shown where now > end.time / 2 {
            #expect(abs(left - (end.time - now)) < max(5, 0.34 * (end.time - now)), "at \(now) s")
        }
    }

    @Test("work that is added or waited for is shown at once")
    func added() throws {
        var time = TimeLeft()
        time.note(work: 10, at: 0, hasWaited: false)
        time.note(work: 9, at: 1, hasWaited: false)
        #expect(abs(try #require(time.seconds(at: 4)) - 6) < 0.5, "it runs down between events")
        time.note(work: 60, at: 5, hasWaited: false)
        #expect(try #require(time.seconds(at: 5)) > 50)
        time.note(work: 20, at: 500, hasWaited: true)
        #expect(try #require(time.seconds(at: 500)) < 30)
        time.note(work: nil, at: 501, hasWaited: false)
        #expect(time.seconds(at: 501) == nil)
    }

    /// Seconds since a gate and estimated seconds of work left, of a run of the bundled model from its second unit on,
    /// while other programs used the machine more and less.
    private static let series: [(Double, Double)] = [
        (0.0, 58.52), (1.1, 58.52), (2.1, 58.52), (3.2, 56.4), (4.3, 55.81), (5.3, 55.17), (6.3, 54.62),
        (7.4, 54.03), (8.4, 53.4), (9.4, 52.76), (10.5, 52.22), (11.5, 51.67), (12.6, 51.13),
        (13.6, 50.58), (14.6, 50.08), (15.7, 49.58), (16.7, 49.08), (17.8, 48.58), (18.9, 48.08),
        (20.0, 47.67), (21.2, 47.67), (22.2, 46.18), (23.2, 46.18), (24.3, 46.18), (25.4, 44.38),
        (26.4, 43.66), (27.4, 43.03), (28.4, 42.44), (29.5, 41.85), (30.6, 41.22), (31.7, 40.58),
        (32.7, 40.08), (33.7, 39.48), (34.7, 38.85), (35.8, 38.18), (36.8, 37.59), (37.8, 36.83),
        (38.9, 36.19), (40.1, 35.98), (41.2, 34.72), (42.2, 34.72), (43.3, 34.72), (44.4, 34.72),
        (45.5, 32.57), (46.5, 31.9), (47.5, 31.24), (48.6, 30.58), (49.6, 30.07), (50.6, 29.57),
        (51.7, 29.06), (52.7, 28.55), (53.8, 28.01), (54.8, 27.5), (55.8, 26.99), (56.8, 26.45),
        (57.8, 25.94), (58.9, 25.43), (60.0, 25.16), (61.0, 24.12), (62.0, 24.12), (63.1, 24.12),
        (64.1, 22.04), (65.3, 21.61), (66.3, 21.0), (67.3, 20.58), (68.5, 20.18), (69.5, 19.75),
        (70.5, 19.29), (71.7, 18.75), (72.7, 18.25), (73.7, 17.82), (74.8, 17.4), (75.8, 16.93),
        (76.8, 16.32), (77.9, 15.86), (78.9, 15.32), (79.9, 15.22), (81.0, 14.4), (82.0, 14.4),
        (83.1, 14.4), (84.2, 12.32), (85.2, 11.83), (86.3, 11.31), (87.4, 10.76), (88.4, 10.3),
        (89.4, 9.75), (90.4, 9.29), (91.4, 8.77), (92.5, 8.32), (93.5, 7.8), (94.5, 7.34), (95.6, 6.73),
        (96.6, 6.14), (97.6, 5.55), (99.1, 5.55), (100.1, 5.55), (101.1, 3.11), (102.1, 2.61),
        (103.2, 2.08), (104.2, 1.62), (105.2, 1.39), (105.9, 0),
    ]
}
