import TestSupport
import Engine
import Foundation
import Runs
import Testing
import Vocabulary

@Suite("A run that goes on")
struct ResumeTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    /// A copy of a run as its directory is after some of its journal's lines.
    private func cut(_ directory: String, to copy: String, after isLastKept: (JournalEntry) -> Bool) throws {
        let (from, to) = (bench.folder.file(directory), bench.folder.file(copy))
        try FileManager.default.copyItem(atPath: from, toPath: to)
        let run = RunDirectory(path: to)
        let entries = try bench.journal(copy).entries
        let found = entries.firstIndex(where: isLastKept)
        let last = try #require(found)
        let lines = try String(contentsOfFile: run.journalPath, encoding: .utf8).split(separator: "\n")
        let kept = lines[...last].joined(separator: "\n")
        try Data((kept + "\n{\"seq\":").utf8).write(to: URL(filePath: run.journalPath))
        try? FileManager.default.removeItem(atPath: run.reportPath)
    }

    @Test("ends with the bits of an undisturbed run, wherever it was interrupted")
    func anywhere() throws {
        bench.run(try bench.plan(), to: "plain")
        let places: [(String, (JournalEntry) -> Bool)] = [
            ("start", { if case .event(.started) = $0.content { true } else { false } }),
            ("held", { if case .event(.heldOutMeasured) = $0.content { true } else { false } }),
            (
                "calibrated",
                { if case .event(.evaluated(.calibrated, _)) = $0.content { true } else { false } }
            ),
            (
                "step",
                { if case .event(.stepped(let s)) = $0.content { s.unit == 1 && s.step > 5 } else { false } }
            ),
            ("unit", { if case .event(.unitFinished(let r)) = $0.content { r.unit == 1 } else { false } }),
            ("last", { if case .event(.unitFinished(let r)) = $0.content { r.unit == 3 } else { false } }),
            ("final", { if case .event(.evaluated(.final, _)) = $0.content { true } else { false } }),
        ]
        for (name, isLast) in places {
            try cut("plain", to: name, after: isLast)
            let events = try bench.resume(name)
            #expect(events.filter(\.isLast).count == 1, "\(name)")
            #expect(events.count { if case .started = $0 { true } else { false } } == 1, "\(name)")
            let plain = try RunDirectory(path: bench.folder.file("plain")).report()
            let report = try #require(events.report, "\(name): \(String(describing: events.last))")
            #expect(report.final == plain.final && report.heldOut == plain.heldOut, "\(name)")
            #expect(report.units.map(\.attempt) == [1, 1, 1, 1], "\(name)")
            try bench.expectSameIntegers("plain", name)
            let journal = try bench.journal(name)
            #expect(!journal.isTorn)
            #expect(journal.entries.map(\.seconds) == journal.entries.map(\.seconds).sorted(), "\(name)")
        }
    }

    @Test("a run that was stopped goes on")
    func stopped() throws {
        bench.run(try bench.plan(), to: "plain")
        bench.run(try bench.plan(), to: "stopped") { event in
            if case .stepped(let sample) = event, sample.unit == 2 { [.stop] } else { [] }
        }
        let events = try bench.resume("stopped")
        #expect(events.contains(.continued(unitsDone: 2)))
        try bench.expectSameIntegers("plain", "stopped")
    }

    @Test("a redo that was interrupted goes on, and decisions from before can be taken back")
    func redo() throws {
        let change = [HyperparameterChange(key: "weight_bits", value: "8")]
        bench.script(
            try bench.plan(), to: "plain", [[.redo(unit: 1, changes: change)], [.redoStale], [.resume]])
        bench.run(try bench.plan(), to: "first")
        try cut("plain", to: "cut") { entry in
            if case .event(.unitFinished(let report)) = entry.content {
                report.unit == 2 && report.attempt == 2
            } else {
                false
            }
        }
        try FileManager.default.copyItem(
            atPath: bench.folder.file("cut"), toPath: bench.folder.file("undone"))
        _ = try bench.resume("cut")
        try bench.expectSameIntegers("plain", "cut")
        let script = Script([[.undo], [.undo], [.resume]])
        let events = try bench.resume("undone", waitsAtEnd: true, answer: script.answer)
        #expect(events.report?.units.map(\.attempt) == [1, 1, 1, 1])
        try bench.expectSameIntegers("first", "undone")
    }

    @Test("a finished run is opened again only with a pause at its end")
    func finished() throws {
        bench.run(try bench.plan(), to: "run")
        let error = #expect(throws: RunFailure.self) { _ = try bench.resume("run") }
        #expect(error?.kind == .badData)
        #expect(error?.message.contains("is finished") == true)
        let script = Script([[.redo(unit: 3)], [.resume]])
        let events = try bench.resume("run", waitsAtEnd: true, answer: script.answer)
        #expect(events.report?.units.map(\.attempt) == [1, 1, 1, 2])
        #expect(events.count { if case .resumed = $0 { true } else { false } } == 1)
    }

    @Test("ends with the same bits where it was interrupted after rates were lowered")
    func loweredRates() throws {
        let changes = [("weight_learning_rate", "0.5"), ("scale_learning_rate", "0.05"), ("steps", "20")]
        let events = bench.run(try bench.plan(changes), to: "plain")
        let lowered = events.filter { if case .rateLowered = $0 { true } else { false } }
        #expect(!lowered.isEmpty)
        try cut("plain", to: "lowered") {
            if case .event(.rateLowered) = $0.content { true } else { false }
        }
        let resumed = try bench.resume("lowered")
        #expect(resumed.report?.final == events.report?.final)
        try bench.expectSameIntegers("plain", "lowered")
    }

    @Test("two processes cannot work on one run")
    func locked() throws {
        let bench = bench
        let events = bench.run(try bench.plan(), to: "run", waits: true) { event in
            guard case .waiting = event else { return [] }
            let error = #expect(throws: RunFailure.self) { _ = try bench.resume("run") }
            #expect(error?.kind == .cannotCreate)
            #expect(error?.message.contains("another process works on the run in") == true)
            return [.resume]
        }
        #expect(events.report != nil)
    }

    @Test("no run, a finished sweep, other files and a missing attempt are refused with a reason")
    func refusals() throws {
        func refusal(_ directory: String) -> RunFailure? {
            #expect(throws: RunFailure.self) { _ = try bench.resume(directory) }
        }
        #expect(refusal("nowhere")?.kind == .missingInput)
        try FileManager.default.createDirectory(
            atPath: bench.folder.file("empty"), withIntermediateDirectories: false)
        #expect(refusal("empty")?.kind == .badData)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.folder.file("empty")).isEmpty)

        let options = EngineOptions(threads: 2, directory: bench.folder.file("sweep"))
        startSweep(
            try bench.plan(), request: SweepRequest(weightBits: [8], activationBits: [8]),
            resources: bench.resources, options: options, sink: { _ in }
        ).wait()
        #expect(refusal("sweep")?.message.contains("the sweep in") == true)

        bench.run(try bench.plan(), to: "run")
        let isUnit: (JournalEntry) -> Bool = { entry in
            if case .event(.unitFinished(let report)) = entry.content { report.unit == 2 } else { false }
        }
        try cut("run", to: "other", after: isUnit)
        var elsewhere = bench
        elsewhere.resources.calibrationPath = bench.folder.file("evaluation.safetensors")
        let events = try elsewhere.resume("other")
        guard case .failed(let failure) = events.last else {
            Issue.record("\(String(describing: events.last))")
            return
        }
        #expect(failure.message.contains("of the calibration images, "))
        try cut("run", to: "lost", after: isUnit)
        try FileManager.default.removeItem(
            atPath: bench.folder.file("lost/attempts/blocks.0-1.safetensors"))
        #expect(refusal("lost")?.message.contains("blocks.0-1.safetensors") == true)
        #expect(FileManager.default.fileExists(atPath: bench.folder.file("lost/journal.jsonl")))
    }
}
