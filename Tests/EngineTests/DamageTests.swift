import Engine
import Files
import Foundation
import Runs
import Testing
import TestSupport
import Vocabulary

@Suite("Damage to what a run wrote")
struct DamageTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    /// A finished run in which one attempt is not chosen, and its packed checkpoint.
    private func makeRun() throws {
        var plan = try bench.plan()
        plan.hyperparameters.steps = 4
        bench.script(plan, to: "run", [[.redo(unit: 3), .choose(unit: 3, attempt: 1)], [.resume]])
        _ = try bench.packed("run")
    }

    private func evaluate(_ name: String) throws -> ModelEvaluation {
        try evaluateModelOrRun(
            path: bench.folder.file(name), dataPath: bench.resources.evaluationPath ?? "",
            referencePath: bench.resources.modelPath,
            checks: InputChecks(reference: true, data: true), threads: 1)
    }

    /// How a damaged run or packed checkpoint is met: the kind of its refusal; nil if it gives the results of the original.
    private func refusal(of name: String, expected: ModelEvaluation) throws -> RunFailure.Kind? {
        do {
            #expect(try evaluate(name) == expected)
            if RunDirectory.isRun(bench.folder.file(name)) {
                #expect(try bench.packed(name) == bench.packed("run"))
                let events = try bench.resume(name, waitsAtEnd: true) { event in
                    if case .waiting = event { [.resume] } else { [] }
                }
                if case .failed(let failure) = events.last { return failure.kind }
                #expect(events.report?.units.map(\.sha256) == (try report("run")).units.map(\.sha256))
            }
            return nil
        } catch let failure as RunFailure {
            return failure.kind
        }
    }

    private func report(_ name: String) throws -> RunReport {
        try RunDirectory(path: bench.folder.file(name)).report()
    }

    private func copy(_ name: String, to copy: String) throws {
        let path = bench.folder.file(copy)
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: bench.folder.file(name), toPath: path)
    }

    @Test(
        "one of 200 flipped bits anywhere in a run's folder or a packed checkpoint is refused, or has no effect"
    )
    func flips() throws {
        try makeRun()
        let expected = try evaluate("run")
        let inside = try FileManager.default.subpathsOfDirectory(atPath: bench.folder.file("run"))
        let names = inside.filter { isFile(bench.folder.file("run/\($0)")) }.sorted()
        #expect(names.count == 10, "\(names)")
        var generator = TestGenerator(seed: 6)
        var withoutEffect: [String] = []
        for _ in 0..<200 {
            let choice = Int(generator.next() % UInt64(names.count + 1))
            let (original, name) =
                choice == names.count ? ("run.packed", "damaged.packed") : ("run", "damaged")
            try copy(original, to: name)
            let file = choice == names.count ? name : "\(name)/\(names[choice])"
            let url = URL(filePath: bench.folder.file(file))
            var bytes = try Data(contentsOf: url)
            let (place, bit) = (Int(generator.next() % UInt64(bytes.count)), generator.next() % 8)
            bytes[place] ^= 1 << UInt8(bit)
            try bytes.write(to: url)
            if let kind = try refusal(of: name, expected: expected) {
                #expect(kind == .badData, "bit \(bit) of byte \(place) of \(file)")
            } else {
                withoutEffect.append("\(file) \(place)")
            }
        }
        // A comment of the plan, or the line end that makes the journal's last line whole.
        #expect(
            withoutEffect.allSatisfy { $0.hasPrefix("damaged/plan.yaml") || $0.hasPrefix("damaged/journal") },
            "\(withoutEffect)")
        #expect(withoutEffect.count < 15, "\(withoutEffect)")
    }

    @Test("an attempt of another run is refused, chosen or not", arguments: [1, 2])
    func foreignAttempt(number: Int) throws {
        try makeRun()
        var plan = try bench.plan()
        (plan.seed, plan.hyperparameters.steps) = (9, 4)
        bench.run(plan, to: "other")
        let name = "attempts/head-\(number).safetensors"
        try FileManager.default.removeItem(atPath: bench.folder.file("run/\(name)"))
        try FileManager.default.copyItem(
            atPath: bench.folder.file("other/attempts/head-1.safetensors"),
            toPath: bench.folder.file("run/\(name)"))
        for work in [{ _ = try evaluate("run") }, { _ = try bench.packed("run") }] as [() throws -> Void] {
            let error = #expect(throws: RunFailure.self) { try work() }
            #expect(error?.kind == .badData)
            #expect(error?.message.contains("\(name) is not the file that the run wrote") == true)
        }
    }

    @Test(
        "files of another run are refused", arguments: ["report.json", "predictions.json", "journal.jsonl"])
    func foreignFile(name: String) throws {
        try makeRun()
        var plan = try bench.plan()
        (plan.seed, plan.hyperparameters.steps) = (9, 4)
        bench.run(plan, to: "other")
        try Data(contentsOf: URL(filePath: bench.folder.file("other/\(name)")))
            .write(to: URL(filePath: bench.folder.file("run/\(name)")))
        let error = #expect(throws: RunFailure.self) { try evaluate("run") }
        #expect(error?.kind == .badData)
    }

    @Test(
        "another seed in a finished run's plan is refused, and put right from the journal if that is asked for"
    )
    func seed() throws {
        try makeRun()
        let path = bench.folder.file("run/plan.yaml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let edited = text.replacing("\nseed: 1\n", with: "\nseed: 9\n")
        #expect(edited != text)
        for damaged in [edited, "no plan"] {
            try Data(damaged.utf8).write(to: URL(filePath: path))
            for format in ExportFormat.allCases {
                let error = #expect(throws: RunFailure.self) {
                    try exportRun(bench.folder.file("run"), format: format, to: bench.folder.file("x"))
                }
                #expect(error?.kind == .badData)
                #expect(error?.message.hasPrefix(path) == true)
            }
            #expect(throws: RunFailure.self) { try bench.resume("run", waitsAtEnd: true) }
            #expect(try String(contentsOfFile: path, encoding: .utf8) == damaged)
            // There is nothing to go on with, but the plan is the journal's again.
            let options = EngineOptions(
                threads: 1, directory: bench.folder.file("run"), acceptsChangedInputs: true)
            let error = #expect(throws: RunFailure.self) {
                try resumeRun(resources: bench.resources, options: options, sink: { _ in })
            }
            #expect(error?.message.contains("is finished") == true)
            #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
        }
        _ = try evaluate("run")
    }

    @Test("a plan that is one decision behind, as a killed process leaves it, is no damage")
    func late() throws {
        let change = [HyperparameterChange(key: "weight_bits", value: "8")]
        let bench = bench
        bench.script(
            try bench.plan(), to: "run", waits: true, waitsAtEnd: false,
            [[.change(unit: 3, change), .step], [.stop]])
        let first = try RunPlan(
            yaml: #require(
                try bench.journal("run").entries.compactMap { entry -> String? in
                    if case .event(.started(let summary)) = entry.content { summary.plan } else { nil }
                }.first))
        let path = bench.folder.file("run/plan.yaml")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try RunPlan(yaml: text) != first)
        try Data(first.yaml.utf8).write(to: URL(filePath: path))
        _ = try bench.resume("run") { _ in [.stop] }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}
