import Engine
import Runs
import Synchronization
import Testing
import Vocabulary

@Suite("Sweeps of a run")
struct SweepTests {
    @Test("a sweep at a gate measures every point, and a stopped one says so")
    func sweep() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan([("steps", "0")]), waits: true) { event in
            switch event {
            case .waiting(unit: 0): [.sweep(SweepRequest(weightBits: [2, 8], activationBits: [3, 8]))]
            case .sweepFinished: [.resume]
            default: []
            }
        }
        var points: [SweepPoint] = []
        for case .sweepMeasured(let point) in events {
            points.append(point)
        }
        // The most informative ones first.
        #expect(points.map(\.weightBits) == [8, 8, 2, 2])
        #expect(points.map(\.activationBits) == [8, 3, 3, 8])
        #expect(points[2].bytes < points[0].bytes)
        #expect(points[0].evaluation.kl < points[2].evaluation.kl)
        #expect(events.contains(.sweepFinished(complete: true)))
    }

    @Test(
        "a sweep can be evaluated on some of its images, and all of them give the same as none said",
        arguments: SweepImages.allCases)
    func sweepCount(images: SweepImages) throws {
        let bench = try Bench()
        let counts = [0, 7, 1000]
        let requests = counts.map {
            SweepRequest(weightBits: [3], activationBits: [4], images: images, count: $0)
        }
        let next = Mutex(1)
        let events = bench.run(try bench.plan([("steps", "0")]), waits: true) { event in
            switch event {
            case .waiting(unit: 0): return [.sweep(requests[0])]
            case .sweepFinished:
                let index = next.withLock { index in
                    defer { index += 1 }
                    return index
                }
                return [requests.indices.contains(index) ? .sweep(requests[index]) : .resume]
            default: return []
            }
        }
        var points: [SweepPoint] = []
        for case .sweepMeasured(let point) in events { points.append(point) }
        try #require(points.count == 3)
        #expect(points[1].evaluation.images == 7 && points[1].evaluation != points[0].evaluation)
        #expect(points[2] == points[0])
    }

    @Test("a point of a sweep is what a run at its bits starts from", arguments: ["true", "false"])
    func sweepOfRotated(rotate: String) throws {
        let bench = try Bench()
        let plan = try bench.plan([("steps", "0"), ("rotate", rotate)])
        let events = bench.run(plan, waits: true) { event in
            switch event {
            case .waiting(unit: 0): [.sweep(SweepRequest(weightBits: [3], activationBits: [4]))]
            case .sweepFinished: [.resume]
            default: []
            }
        }
        var (calibrated, measured): (Evaluation?, Evaluation?)
        for event in events {
            if case .evaluated(.calibrated, let evaluation) = event { calibrated = evaluation }
            if case .sweepMeasured(let point) = event { measured = point.evaluation }
        }
        #expect(calibrated != nil && measured == calibrated)
    }
}
