import Foundation
import Runs
import Testing
import TestSupport

@Suite("Run directory")
struct RunDirectoryTests {
    let folder: TemporaryFolder
    let plan = RunPlan(model: "sample:fashion-vit")

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("no output replaces a file of a run, or one that is read; others are replaced")
    func outputs() throws {
        let run = folder.file("run")
        do { _ = try OpenRun(creating: run, plan: plan) }
        let directory = RunDirectory(path: run)
        let attempt = directory.attemptPath(unit: "stem", attempt: 1)
        let (own, weights, image) = (
            folder.file("run/own.onnx"), folder.file("model/model.safetensors"), folder.file("x.npz")
        )
        try FileManager.default.createDirectory(
            atPath: folder.file("model"), withIntermediateDirectories: false)
        for path in [attempt, own, weights, image] { try Data("x".utf8).write(to: URL(filePath: path)) }
        func refusal(_ path: String) -> RunFailure? {
            do throws(RunFailure) {
                try checkOutput(path, isNoneOf: [run, folder.file("model"), image, folder.file("missing")])
                return nil
            } catch { return error }
        }
        for path in [directory.planPath, directory.journalPath, attempt] {
            #expect(refusal(path)?.message.contains("a file of the run") == true, "\(path)")
            #expect(refusal(path)?.kind == .usage)
        }
        #expect(
            refusal(weights)?.message.contains("it lies in \(folder.file("model")), which is read") == true)
        #expect(refusal(image)?.message.contains("it is what is read") == true)
        for path in [own, folder.file("model/new.onnx"), folder.file("new"), folder.file("run/attempts/new")]
        {
            #expect(refusal(path) == nil, "\(path)")
        }
        let link = folder.file("link.npz")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: image)
        #expect(refusal(link) != nil)
    }

    @Test("measurements are kept with the model that was measured, and not after another decision")
    func measurements() throws {
        let path = folder.file("run")
        let directory = RunDirectory(path: path)
        do {
            let run = try OpenRun(creating: path, plan: plan)
            try run.write(Samples.report)
            // While a process works on the run, nothing is written.
            #expect(throws: RunFailure.self) { try directory.keep(measuredOf: Samples.report) { _ in } }
            run.finish()
        }
        #expect(try directory.measurements(of: Samples.report) == nil)
        let floor = RunMeasurements.Floor(
            time: "2026-03-01T12:30:05Z", floor: NoiseFloor(kl: 0.1, changed: 2))
        func verification(_ file: String, _ runtime: String, holds: Bool) -> RunMeasurements.Verification {
            var report = VerificationReport(
                file: file, sha256: Samples.digest, reference: "run", images: 1, tracedImages: 1, bytes: 5,
                parameters: 4, bitOperations: 3, fullPrecisionBitOperations: 2)
            report.runtime = VerificationReport.Runtime(
                name: runtime, version: "1", python: "3", processor: "p", hasVnni: true, integerProducts: nil)
            report.checks = [
                VerificationReport.Check(name: "KL", measured: .nan, bound: 1, compared: nil, holds: holds)
            ]
            return RunMeasurements.Verification(time: floor.time, report: report)
        }
        try directory.keep(measuredOf: Samples.report) { $0.noiseFloor = floor }
        try directory.keep(measuredOf: Samples.report) { $0.append(verification("a", "x", holds: false)) }
        for (file, runtime) in [("a", "y"), ("b", "x"), ("a", "x")] {
            try directory.keep(measuredOf: Samples.report) {
                $0.append(verification(file, runtime, holds: true))
            }
        }
        let kept = try #require(try directory.measurements(of: Samples.report))
        #expect(kept.noiseFloor == floor)
        #expect(kept.verifications.map(\.report.file) == ["a", "b", "a"])
        #expect(kept.verifications.map(\.report.runtime?.name) == ["y", "x", "x"])
        #expect(
            kept.verifications.allSatisfy { $0.report.checks[0].holds && $0.report.checks[0].measured.isNaN })
        #expect(!FileManager.default.fileExists(atPath: path + "/.lock"))

        // Nor of a model that is not the run's any more.
        var other = Samples.report
        other.units[0].sha256 = String(Samples.digest.reversed())
        #expect(throws: RunFailure.self) { try directory.keep(measuredOf: other) { _ in } }
        #expect(try directory.measurements(of: other) == nil)
    }

    @Test("any process can read a finished run back")
    func roundTrip() throws {
        let path = folder.file("runs/first")
        do {
            let run = try OpenRun(creating: path, plan: plan)
            try run.journal.append(.started(Samples.summary), at: 0)
            var changed = plan
            changed.units.append(UnitOverride(match: "head", changes: Samples.changes))
            try run.write(changed)
            try run.write(Samples.report)
            run.finish()
        }
        let directory = RunDirectory(path: path)
        #expect(RunDirectory.isRun(path))
        #expect(try directory.plan().units.map(\.match) == ["head"])
        #expect(try directory.report() == Samples.report)
        #expect(try JournalLines(path: directory.journalPath).events == [.started(Samples.summary)])
        #expect(
            try folder.contents() == [
                "runs", "runs/first", "runs/first/attempts", "runs/first/journal.jsonl",
                "runs/first/plan.yaml",
                "runs/first/report.json",
            ])
        #expect(
            directory.attemptPath(unit: "blocks.3", attempt: 2) == "\(path)/attempts/blocks.3-2.safetensors")
    }

    @Test(
        "a folder that is not empty is refused and unchanged",
        arguments: ["notes.txt", "plan.yaml", ".hidden"])
    func notEmpty(name: String) throws {
        try folder.write("mine", to: "out/\(name)")
        let error = #expect(throws: RunFailure.self) { try OpenRun(creating: folder.file("out"), plan: plan) }
        #expect(error?.kind == .cannotCreate)
        #expect(try folder.contents() == ["out", "out/\(name)"])
    }

    @Test("an empty folder is accepted")
    func empty() throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("out"), withIntermediateDirectories: false)
        let run = try OpenRun(creating: folder.file("out"), plan: plan)
        run.discard()
        #expect(try folder.contents() == ["out"])
    }

    @Test("a path through a file cannot be created, and nothing is left")
    func throughFile() throws {
        try folder.write("mine", to: "file")
        let error = #expect(throws: RunFailure.self) {
            try OpenRun(creating: folder.file("file/out"), plan: plan)
        }
        #expect(error?.kind == .cannotCreate)
        #expect(try folder.contents() == ["file"])
    }

    @Test("a discarded run leaves nothing, not even the folders that were made above it")
    func discard() throws {
        let run = try OpenRun(creating: folder.file("a/b/c"), plan: plan)
        let attempt = run.newAttemptPath(unit: "stem", attempt: 1)
        #expect(attempt == folder.file("a/b/c/attempts/stem-1.safetensors"))
        try folder.write("codes", to: "a/b/c/attempts/stem-1.safetensors")
        try run.write(Samples.report)
        try run.journal.append(.failed(RunFailure(.badData, "no")), at: 0)
        run.discard()
        #expect(try folder.contents() == [])
    }

    @Test("other files in the folder survive a discarded run")
    func discardKeepsOthers() throws {
        let run = try OpenRun(creating: folder.file("a"), plan: plan)
        try folder.write("mine", to: "a/notes.txt")
        try folder.write("mine", to: "a/attempts/mine.safetensors")
        run.discard()
        #expect(
            try folder.contents() == ["a", "a/attempts", "a/attempts/mine.safetensors", "a/notes.txt"])
    }

    @Test("nothing is removed through a link that has taken the place of the attempts")
    func discardThroughLink() throws {
        let run = try OpenRun(creating: folder.file("a"), plan: plan)
        _ = run.newAttemptPath(unit: "stem", attempt: 1)
        try folder.write("mine", to: "other/stem-1.safetensors")
        try FileManager.default.removeItem(atPath: folder.file("a/attempts"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("a/attempts"), withDestinationPath: "../other")
        run.discard()
        #expect(
            try folder.contents() == ["a", "a/attempts", "other", "other/stem-1.safetensors"])
    }

    @Test(
        "what a process left that was killed while it made a run is taken for an empty folder",
        arguments: [
            [".lock": ""], [".lock": "", "journal.jsonl": ""], ["journal.jsonl": #"{"sc"#],
            [
                ".lock": "", ".mgrq-unfinished-12-1": "schema: 1",
                "journal.jsonl": sweepLine,
            ],
        ])
    func unbegun(files: [String: String]) throws {
        for (name, text) in files { try folder.write(text, to: "out/\(name)") }
        let refusal = #expect(throws: RunFailure.self) { try OpenRun(continuing: folder.file("out")) }
        #expect(refusal?.message.contains("start it again with mgrq run") == true)
        let run = try OpenRun(creating: folder.file("out"), plan: plan, commands: [.pause])
        #expect(
            try folder.contents() == [
                "out", "out/.lock", "out/attempts", "out/journal.jsonl", "out/plan.yaml",
            ])
        #expect(
            try JournalLines(path: run.directory.journalPath).entries.map(\.content) == [.command(.pause)])
    }

    @Test(
        "a folder with a file of someone else's beside what a killed process left is refused and unchanged",
        arguments: [
            ["journal.jsonl": "my notes"], ["journal.jsonl": "my notes\n"],
            [".lock": "", "plan.yaml": "schema: 1"], [".mgrq-unfinished-a-1": ""],
            ["journal.jsonl": stoppedLine],
        ])
    func notUnbegun(files: [String: String]) throws {
        for (name, text) in files { try folder.write(text, to: "out/\(name)") }
        let before = try folder.contents()
        let error = #expect(throws: RunFailure.self) { try OpenRun(creating: folder.file("out"), plan: plan) }
        #expect(error?.kind == .cannotCreate)
        #expect(try folder.contents() == before)
        for (name, text) in files { #expect(try folder.text("out/\(name)") == text) }
    }

    @Test("what killed processes left is removed when the run goes on, but not from behind a link")
    func leftovers() throws {
        try OpenRun(creating: folder.file("a"), plan: plan).finish()
        let name = ".mgrq-unfinished-12-1"
        for place in ["a", "a/attempts", "b"] { try folder.write("half", to: "\(place)/\(name)") }
        do { _ = try OpenRun(continuing: folder.file("a")) }
        #expect(
            try folder.contents() == [
                "a", "a/attempts", "a/journal.jsonl", "a/plan.yaml", "b", "b/\(name)",
            ])
        try FileManager.default.removeItem(atPath: folder.file("a/attempts"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("a/attempts"), withDestinationPath: "../b")
        do { _ = try OpenRun(continuing: folder.file("a")) }
        #expect(try folder.contents().contains("b/\(name)"))
    }

    @Test(
        "a journal without lines beside what only a run that has begun can have is refused",
        arguments: ["report.json", "predictions.json", "attempts/stem-1.safetensors"])
    func lostLines(name: String) throws {
        try OpenRun(creating: folder.file("a"), plan: plan).finish()
        let directory = RunDirectory(path: folder.file("a"))
        try directory.checkUnbegun()
        try folder.write("", to: "a/\(name)")
        let error = #expect(throws: RunFailure.self) { try directory.checkUnbegun() }
        #expect(error?.message.contains("has lost its lines, as \(folder.file("a/\(name)")) shows") == true)
    }

    @Test("a run is locked against a second process")
    func lock() throws {
        let run = try OpenRun(creating: folder.file("a"), plan: plan)
        for name in ["plan.yaml", "journal.jsonl"] {
            try FileManager.default.removeItem(atPath: folder.file("a/\(name)"))
        }
        try FileManager.default.removeItem(atPath: folder.file("a/attempts"))
        let error = #expect(throws: RunFailure.self) { try OpenRun(creating: folder.file("a"), plan: plan) }
        #expect(error?.message.contains("another process works on") == true)
        withExtendedLifetime(run) {}
    }

    @Test("a run without a report says that it has not finished")
    func noReport() throws {
        let run = try OpenRun(creating: folder.file("a"), plan: plan)
        let error = #expect(throws: RunFailure.self) { try run.directory.report() }
        #expect(error?.kind == .missingInput)
    }

    @Test("predictions are read back, and removed with their report")
    func predictions() throws {
        let run = try OpenRun(creating: folder.file("a"), plan: plan)
        #expect(try run.directory.predictions() == nil)
        for labels in [[1, 2, 0], nil] {
            let predictions = Predictions(
                labels: labels, fullPrecision: [1, 0, 0], final: [1, 0, 2], kl: [0, 0.1, 1.5e-5])
            try run.write(predictions)
            #expect(try run.directory.predictions() == predictions)
            #expect(predictions.right == labels.map { _ in [true, false, false] })
            #expect(predictions.agreeing == [true, true, false])
        }
        try run.write(Samples.report)
        try run.removeReport()
        #expect(try run.directory.predictions() == nil)
        #expect(try folder.contents().allSatisfy { !$0.hasSuffix(".json") })
    }

    @Test(
        "damaged predictions are refused by name",
        arguments: [
            "", "[]", #"{"labels":null,"full_precision":[1],"final":[1,2]}"#,
            #"{"labels":[1],"full_precision":[1,2],"final":[1,2]}"#,
            #"{"labels":null,"full_precision":[1,2],"final":[1,2],"kl":[0.5]}"#,
        ])
    func damagedPredictions(text: String) throws {
        let path = try folder.write(text, to: "a/predictions.json")
        let error = #expect(throws: RunFailure.self) {
            try RunDirectory(path: folder.file("a")).predictions()
        }
        #expect(error?.kind == .badData)
        #expect(error?.message.hasPrefix("\(path) holds no predictions of a run: ") == true)
    }
}

/// The journal of a sweep by itself that has not begun.
private let sweepLine =
    #"{"schema":2,"seq":1,"time":0,"command":"sweep","weight_bits":[4],"activation_bits":[4],"#
    + #""chain":"8b73094a91dba23ecb6eda5d22e5114b0b3a21a7b1e9ad2fd9e029d6f6bcb521"}"# + "\n"

/// The journal of a run that was stopped.
private let stoppedLine =
    #"{"schema":2,"seq":1,"time":0,"event":"stopped","units_done":0,"#
    + #""chain":"87bf9d428337ab319bfe676f65ed1c4a9584e85ca8a8d78b6d0c283e18be8b8d"}"# + "\n"
