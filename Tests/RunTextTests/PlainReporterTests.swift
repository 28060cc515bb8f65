import SampleRun
import Runs
import Testing

import RunText

@Suite("Plain reporter")
struct PlainReporterTests {
    @Test("a whole run reads as a story, one line for each thing that happened")
    func story() {
        let run = SampleRun(blocks: 1, steps: 100)
        var reporter = PlainReporter()
        var lines: [String] = []
        for (index, event) in run.whole.enumerated() {
            lines += reporter.lines(for: event, at: Double(index) / 10)
        }
        #expect(lines == Self.expectedStory)
    }

    private static let expectedStory = [
        "00:00  model sample:fashion-vit: ViT, 6 blocks of width 128, 4 heads, 4 × 4 patches, 4.83 MB",
        "00:00  plan: preset mgrq, W4A4, 3 units, 512 calibration images, 1 000 evaluation images, "
            + "2 threads",
        "00:00  run directory runs/fashion-vit-w4a4",
        "00:00  running the full-precision model",
        "00:00  full precision: top-1 91.60 %, top-5 99.70 %, 1 000 images",
        "00:00  calibrating, 3 of 3",
        "00:00  calibrated: top-1 86.10 %, top-5 99.70 %, agreement 89.74 %, KL 0.114 nats, SQNR "
            + "12.6 dB, 1 000 images",
        "00:00  attempts are compared on 1 000 evaluation images, which no other result contains; calibrated: top-1 89.50 %, top-5 "
            + "99.70 %, agreement 96.22 %, KL 4.20e-2 nats, SQNR 19.8 dB, 1 000 images",
        "00:00  unit 1/3 stem begins",
        "00:00  unit 1/3 stem calibrated, 2 sites, lowest SQNR 17.5 dB at stem.weight",
        "00:02  unit 1/3 stem step 81 of 100, loss 0.627 (block 42 %, global 42 %, local 16 %)",
        "00:02  unit 1/3 stem done in 18.3 s: block loss 2.40e-3 → 8.16e-4 (−66 %), KL 4.00e-3 → 2.50e-3 nats (−38 %), "
            + "19.0 kB; held out: top-1 91.52 %, KL 1.60e-3 nats",
        "00:02  unit 2/3 blocks.0 begins",
        "00:03  unit 2/3 blocks.0 calibrated, 5 sites, lowest SQNR 17.5 dB at blocks.0.attn.qkv.weight",
        "00:04  unit 2/3 blocks.0 step 66 of 100, loss 0.737 (block 41 %, global 43 %, local 16 %)",
        "00:05  unit 2/3 blocks.0 done in 19.3 s: block loss 3.60e-3 → 1.22e-3 (−66 %), KL 8.00e-3 → 5.00e-3 "
            + "nats (−38 %), 104.0 kB; held out: top-1 91.44 %, KL 3.20e-3 nats",
        "00:05  unit 3/3 head begins",
        "00:05  unit 3/3 head calibrated, 2 sites, lowest SQNR 17.5 dB at head.weight",
        "00:06  unit 3/3 head step 51 of 100, loss 0.893 (block 41 %, global 44 %, local 16 %)",
        "00:07  unit 3/3 head done in 20.3 s: block loss 4.80e-3 → 1.63e-3 (−66 %), KL 1.20e-2 → 7.50e-3 nats (−38 %), "
            + "19.0 kB; held out: top-1 91.36 %, KL 4.80e-3 nats",
        "00:07  final: top-1 90.90 %, top-5 99.70 %, agreement 98.08 %, KL 2.13e-2 nats, SQNR 21.9 "
            + "dB, 1 000 images",
        "00:07  done in 2 min 51 s: 4.83 MB → 662.4 kB (7.3 times smaller), top-1 91.60 % full "
            + "precision → 86.10 % calibrated → 90.90 % final",
    ]

    @Test("steps are told at most every two seconds", arguments: [0.01, 0.5, 1.9, 2.0])
    func throttle(gap: Double) {
        let run = SampleRun(steps: 600)
        var reporter = PlainReporter()
        var last = -Double.infinity
        for (index, event) in run.unit(1).enumerated() {
            let now = Double(index) * gap
            let lines = reporter.lines(for: event, at: now)
            guard case .stepped = event, !lines.isEmpty else { continue }
            #expect(now - last >= 2)
            last = now
        }
        #expect(last.isFinite)
    }

    @Test("a change of activity is told at once, however soon")
    func activities() {
        var reporter = PlainReporter()
        #expect(reporter.lines(for: .progressed(activity: "a", done: 0, total: 9), at: 0).count == 1)
        #expect(reporter.lines(for: .progressed(activity: "a", done: 1, total: 9), at: 0.1).isEmpty)
        #expect(reporter.lines(for: .progressed(activity: "b", done: 0, total: 1), at: 0.2).count == 1)
        #expect(reporter.lines(for: .progressed(activity: "a", done: 9, total: 9), at: 0.3).count == 1)
    }

    @Test("a failure's sentence is told as it is")
    func failure() {
        var reporter = PlainReporter()
        let lines = reporter.lines(for: .failed(RunFailure(.badData, "x.safetensors is cut short")), at: 61)
        #expect(lines == ["01:01  failed: x.safetensors is cut short"])
    }

    @Test(
        "after other bits were adopted, the end says which bits were calibrated",
        arguments: [("weight_bits", "86.10 % calibrated at W4A4 →"), ("steps", "86.10 % calibrated →")])
    func formerBits(key: String, part: String) throws {
        let run = SampleRun()
        var reporter = PlainReporter()
        let changes = [HyperparameterChange(key: key, value: "6")]
        let events =
            run.opening + [.changed(units: Array(1..<run.unitNames.count), changes: changes)] + run.ending
        let last = try #require(events.flatMap { reporter.lines(for: $0, at: 0) }.last)
        #expect(last.contains(part), "\(last)")
    }

    @Test(
        "what is undone is told with its units and attempts",
        arguments: [
            (
                [RunEvent.redoStarted(units: [1], changes: [], sites: [])], [Int](), RunDecision.redo,
                [1, 1, 1],
                "undone: redo of blocks.0; chosen again: attempt 1 of blocks.0"
            ),
            (
                [.attemptChosen(unit: 1, attempt: 2)], [1], .choose, [1, 1, 1],
                "undone: choice of attempt 2 at blocks.0; chosen again: attempt 1 of blocks.0"
            ),
            (
                [.rolledBack(unit: 1)], [], .rollBack, [1, 1, 1],
                "undone: return to the gate before blocks.0; chosen again: attempt 1 of blocks.0, blocks.1"
            ),
            (
                [.changed(units: [2], changes: [HyperparameterChange(key: "steps", value: "60")])], [],
                .change, [1, 1], "undone: steps = 60, blocks.1; blocks.1 returns to full precision"
            ),
        ])
    func undone(
        decisions: [RunEvent], before: [Int], kind: RunDecision, chosen: [Int], expected: String
    ) {
        let run = SampleRun(blocks: 3)
        var reporter = PlainReporter(brief: true)
        func report(_ unit: Int, attempt: Int) -> AttemptReport {
            var report = run.report(unit)
            report.attempt = attempt
            return report
        }
        var events = run.opening + (0..<3).map { .unitFinished(report($0, attempt: 1)) }
        // A choice between attempts, which the last decision is not.
        events += before.flatMap { unit -> [RunEvent] in
            [.unitFinished(report(unit, attempt: 2)), .attemptChosen(unit: unit, attempt: 1)]
        }
        events += decisions
        if kind == .redo { events.append(.unitFinished(report(1, attempt: 2))) }
        for event in events { _ = reporter.sentences(for: event) }
        #expect(reporter.sentences(for: .undone(kind, chosen: chosen)) == [expected])
    }

    @Test("going back says which units return to full precision")
    func rolledBack() {
        let run = SampleRun(blocks: 3)
        var reporter = PlainReporter(brief: true)
        for event in run.opening + (0..<3).map({ .unitFinished(run.report($0)) }) {
            _ = reporter.sentences(for: event)
        }
        #expect(
            reporter.sentences(for: .rolledBack(unit: 1))
                == ["back at the gate before blocks.0; blocks.0, blocks.1 return to full precision"])
    }

    @Test("a reporter that has not seen the run begin names the kind of an undone decision")
    func undoneUnseen() {
        var reporter = PlainReporter()
        #expect(
            reporter.sentences(for: .undone(.choose, chosen: [1, 1]))
                == ["undone: choice of an attempt; 2 units are quantized"])
    }

    @Test("without labels, no top-1 is invented")
    func unlabelled() {
        let run = SampleRun(isLabelled: false)
        var reporter = PlainReporter()
        let lines = run.opening.flatMap { reporter.lines(for: $0, at: 0) }
        #expect(lines.allSatisfy { !$0.contains("top-1") })
        #expect(lines.contains { $0.contains("agreement") })
    }
}
