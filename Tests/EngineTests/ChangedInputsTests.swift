import Checkpoints
import Foundation
import Kernels
import Runs
import Safetensors
import TensorCore
import Testing
import TestSupport
import Vocabulary

@testable import Engine

@Suite("Inputs that have changed")
struct ChangedInputsTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    /// Writes a safetensors file again with other bytes of one tensor.
    private func edit(_ name: String, _ tensor: String, _ change: (inout [UInt8]) -> Void) throws {
        let file = try SafetensorsFile(path: bench.folder.file(name))
        let tensors = try file.names.map { name in
            let entry = try #require(file.entry(name))
            var bytes = try file.bytes(name)
            if name == tensor { change(&bytes) }
            return SafetensorsTensor(name: name, type: entry.type, shape: entry.shape, bytes: bytes)
        }
        try writeSafetensors(tensors, to: bench.folder.file(name))
    }

    private enum Change: String, CaseIterable {
        case weight, preparation, calibration, evaluation, label
    }

    private func make(_ change: Change) throws {
        switch change {
        case .weight: try edit("model.safetensors", "head.bias") { $0[2] ^= 1 }
        case .preparation:
            try bench.folder.write(
                #"{"model_args": {"num_heads": 2}, "pretrained_cfg": {"mean": [0.4], "std": [0.25]}}"#,
                to: "config.json")
        case .calibration: try edit("calibration.safetensors", "images") { $0[100] ^= 1 }
        case .evaluation: try edit("evaluation.safetensors", "images") { $0[100] ^= 1 }
        case .label: try edit("evaluation.safetensors", "labels") { $0[8] ^= 1 }
        }
    }

    private func sentence(of change: Change) -> String {
        switch change {
        case .weight: "the weights in \(bench.folder.file("model.safetensors")) have changed"
        case .preparation: "the image preparation or the class names of"
        case .calibration:
            "of the calibration images, \(bench.folder.file("calibration.safetensors")) has changed"
        case .evaluation, .label:
            "of the evaluation images, \(bench.folder.file("evaluation.safetensors")) has changed"
        }
    }

    private func plan() throws -> RunPlan {
        var plan = try bench.plan()
        plan.hyperparameters.steps = 2
        return plan
    }

    private func stopAfterUnit(_ event: RunEvent) -> [RunCommand] {
        if case .unitFinished = event { [.stop] } else { [] }
    }

    private func resume(accepting: Bool) throws -> [RunEvent] {
        let options = EngineOptions(
            threads: 1, directory: bench.folder.file("run"), acceptsChangedInputs: accepting)
        return try bench.follow({ _ in [] }) { (sink) throws(RunFailure) in
            try resumeRun(resources: bench.resources, options: options, sink: sink)
        }
    }

    @Test(
        "a run that goes on with them is refused, and goes on where they are accepted",
        arguments: Change.allCases)
    private func resumed(change: Change) throws {
        bench.run(try plan(), to: "run", answer: stopAfterUnit)
        try make(change)
        for _ in 0..<2 {
            guard case .failed(let failure) = try resume(accepting: false).last else {
                Issue.record("the run went on")
                return
            }
            #expect(failure.kind == .badData)
            #expect(failure.message.contains(sentence(of: change)), "\(failure.message)")
            #expect(failure.message.contains("--accept-changed-inputs"))
        }
        let events = try resume(accepting: true)
        #expect(events.report != nil, "\(String(describing: events.last))")
        let accepted = try bench.journal("run").entries.compactMap { entry -> [String]? in
            if case .event(.inputsAccepted(let changes, _)) = entry.content { changes } else { nil }
        }
        #expect(accepted.count == 1 && accepted[0].count == 1)
        #expect(accepted[0][0].contains(sentence(of: change)))
        // From now on these are the run's inputs.
        #expect(try evaluate(accepting: false).images == 30)
    }

    private func evaluate(accepting: Bool, warn: (String) -> Void = { _ in }) throws -> ModelEvaluation {
        try evaluateModelOrRun(
            path: bench.folder.file("run"), dataPath: bench.resources.evaluationPath ?? "",
            referencePath: bench.resources.modelPath,
            checks: InputChecks(reference: true, data: true, acceptsChanges: accepting), threads: 1,
            warn: warn)
    }

    @Test(
        "a finished run and its packed checkpoint are not evaluated with them",
        arguments: [Change.weight, .preparation, .evaluation, .label])
    private func evaluated(change: Change) throws {
        bench.run(try plan(), to: "run")
        _ = try bench.packed("run")
        let before = try evaluate(accepting: false)
        try make(change)
        let error = #expect(throws: RunFailure.self) { try evaluate(accepting: false) }
        #expect(error?.kind == .badData)
        #expect(error?.message.contains(sentence(of: change)) == true, "\(error?.message ?? "")")
        var warnings: [String] = []
        let after = try evaluate(accepting: true) { warnings.append($0) }
        #expect((after != before || change == .label) && warnings.count == 1)
        #expect(throws: RunFailure.self) {
            try evaluateModelOrRun(
                path: bench.folder.file("run.packed"), dataPath: bench.resources.evaluationPath ?? "",
                referencePath: bench.resources.modelPath, checks: InputChecks(reference: true, data: true),
                threads: 1)
        }
        // Inputs that were named on purpose.
        #expect(
            try evaluateModelOrRun(
                path: bench.folder.file("run"), dataPath: bench.resources.evaluationPath ?? "",
                referencePath: bench.resources.modelPath, threads: 1
            ).images == 40)
    }

    @Test(
        "a recipe does not replay with them, unless it was edited to name others", arguments: Change.allCases)
    private func replayed(change: Change) throws {
        bench.run(try plan(), to: "run")
        try exportRun(bench.folder.file("run"), format: .recipe, to: bench.folder.file("recipe.yaml"))
        try make(change)
        var recipe = try RunPlan(path: bench.folder.file("recipe.yaml"))
        guard case .failed(let failure) = bench.run(recipe, to: "replay").last else {
            Issue.record("the recipe was carried out")
            return
        }
        #expect(failure.kind == .badData && failure.message.contains("--accept-changed-inputs"))
        #expect(!FileManager.default.fileExists(atPath: bench.folder.file("replay")))
        recipe.seed = 9
        #expect(bench.run(recipe, to: "edited").report != nil)
        let text = try String(contentsOfFile: bench.folder.file("edited/plan.yaml"), encoding: .utf8)
        let written = try RunPlan(yaml: text)
        #expect(written.inputs != nil && written.inputs?.request != recipe.inputs?.request)
    }

    @Test("a preparation of images that the plan sets is no change of the checkpoint")
    func preparation() throws {
        var plan = try plan()
        (plan.images.mean, plan.images.cropFraction) = ([0.4], 0.5)
        bench.run(plan, to: "run")
        #expect(try evaluate(accepting: false).images == 30)
        try make(.preparation)
        // The plan sets the mean, so the file's plays no part.
        #expect(try evaluate(accepting: false).images == 30)
    }

    @Test("a recipe replays to the same plan and the same bytes")
    func same() throws {
        bench.run(try plan(), to: "run")
        try exportRun(bench.folder.file("run"), format: .recipe, to: bench.folder.file("recipe.yaml"))
        bench.run(try RunPlan(path: bench.folder.file("recipe.yaml")), to: "replay")
        #expect(try bench.packed("run") == bench.packed("replay"))
    }

    @Test("weights in another layout are the same, and every bit counts")
    func weights() throws {
        let path = bench.folder.file("model.safetensors")
        let digest = try loadCheckpoint(path: path).weightsDigest
        // Metadata moves every tensor.
        let file = try SafetensorsFile(path: path)
        let tensors = try file.names.map { name in
            let entry = try #require(file.entry(name))
            return SafetensorsTensor(
                name: name, type: entry.type, shape: entry.shape, bytes: try file.bytes(name))
        }
        try writeSafetensors(tensors, metadata: ["format": "pt"], to: path)
        #expect(try loadCheckpoint(path: path).weightsDigest == digest)
        try edit("model.safetensors", "cls_token") { $0[0] ^= 1 }
        #expect(try loadCheckpoint(path: path).weightsDigest != digest)
    }

    @Test("a machine without fused multiply-add is another input")
    func arithmetic() throws {
        let pool = WorkerPool(threads: 1)
        defer { pool.shutDown() }
        let plan = try plan()
        let inputs = try RunInputs(plan: plan, resources: bench.resources, heldOutImages: 0, pool: pool)
        let now = try inputs.digests(for: plan)
        var other = now
        other.arithmetic = now.arithmetic == .fused ? .separate : .fused
        #expect(inputs.changes(now, since: now, manifest: nil).isEmpty)
        let changes = inputs.changes(now, since: other, manifest: nil)
        #expect(changes.count == 1 && changes[0].contains("fused multiply-add"))
        #expect(InstructionLevel.allCases.count { $0.arithmetic == .separate } == 1)
    }

    @Test("the file that has changed is named among others in a folder")
    func folder() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = try SafetensorsFile(path: tests.path + "/DatasetsTests/Fixtures/images.safetensors")
        let photo = try file.bytes(try #require(file.names.first { $0.hasPrefix("photo-1") }))
        let folder = bench.folder.file("photos")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for index in 0..<4 { try bench.folder.write(photo, to: "photos/\(index).jpg") }
        var bench = bench
        bench.resources.calibrationPath = folder
        bench.run(try plan(), to: "run", answer: stopAfterUnit)
        // A comment after the end of the image.
        try bench.folder.write(photo + [0], to: "photos/2.jpg")
        guard case .failed(let failure) = try bench.resume("run").last else {
            Issue.record("the run went on")
            return
        }
        #expect(failure.message.contains("of the calibration images, \(folder)/2.jpg has changed: "))
        try bench.folder.write(photo, to: "photos/2.jpg")
        // The whole folder may move.
        try FileManager.default.moveItem(atPath: folder, toPath: bench.folder.file("moved"))
        bench.resources.calibrationPath = bench.folder.file("moved")
        #expect(try bench.resume("run").report != nil)
    }

    @Test("a manifest that is damaged or of another run is refused by name")
    func manifest() throws {
        bench.run(try plan(), to: "run", answer: stopAfterUnit)
        let path = bench.folder.file("run/images.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try edit("calibration.safetensors", "images") { $0[0] ^= 1 }
        bench.run(try plan(), to: "other", answer: stopAfterUnit)
        try edit("calibration.safetensors", "images") { $0[0] ^= 1 }
        let other = try String(contentsOfFile: bench.folder.file("other/images.json"), encoding: .utf8)
        for damaged in [text.replacing("\"schema\": 1", with: "\"schema\": 2"), other] {
            try Data(damaged.utf8).write(to: URL(filePath: path))
            guard case .failed(let failure) = try bench.resume("run").last else {
                Issue.record("the run went on")
                return
            }
            #expect(failure.kind == .badData && failure.message.hasPrefix(path), "\(failure.message)")
        }
        #expect(try resume(accepting: true).report != nil)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }
}
