import Checkpoints
import Engine
import Foundation
import Runs
import Safetensors
import Synchronization
import TensorCore
import Testing

/// A folder that goes when the test ends.
private final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("mgrq-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A small random model and images in files, and runs of it.
private struct Bench {
    let folder: TemporaryFolder
    let resources: RunResources

    init(seed: UInt64 = 1, damage: (inout [SafetensorsTensor]) -> Void = { _ in }) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        var generator = SeededGenerator(seed: seed)
        func tensor(_ name: String, _ shape: [Int]) -> SafetensorsTensor {
            let count = shape.reduce(1, *)
            let gain: Float = name.contains("norm") && name.hasSuffix("weight") ? 1 : 0
            let spread = shape.count >= 2 ? 2 / Float(count / shape[0]).squareRoot() : 0.3
            return SafetensorsTensor(
                name: name, shape: shape,
                floats: (0..<count).map { _ in gain + spread * 2 * (generator.uniform() - 0.5) })
        }
        var tensors = [
            tensor("cls_token", [1, 1, 16]), tensor("pos_embed", [1, 5, 16]),
            tensor("patch_embed.proj.weight", [16, 1, 4, 4]), tensor("patch_embed.proj.bias", [16]),
            tensor("norm.weight", [16]), tensor("norm.bias", [16]), tensor("head.weight", [6, 16]),
            tensor("head.bias", [6]),
        ]
        for block in 0..<2 {
            for (name, shape) in [
                ("norm1.weight", [16]), ("norm1.bias", [16]), ("attn.qkv.weight", [48, 16]),
                ("attn.qkv.bias", [48]),
                ("attn.proj.weight", [16, 16]), ("attn.proj.bias", [16]), ("norm2.weight", [16]),
                ("norm2.bias", [16]),
                ("mlp.fc1.weight", [32, 16]), ("mlp.fc1.bias", [32]), ("mlp.fc2.weight", [16, 32]),
                ("mlp.fc2.bias", [16]),
            ] {
                tensors.append(tensor("blocks.\(block).\(name)", shape))
            }
        }
        damage(&tensors)
        try writeSafetensors(tensors, to: folder.file("model.safetensors"))
        try Data(#"{"model_args": {"num_heads": 2}, "pretrained_cfg": {"mean": [0.5], "std": [0.25]}}"#.utf8)
            .write(to: URL(fileURLWithPath: folder.file("config.json")))
        func images(_ count: Int, labels: Bool, to name: String) throws {
            let pixels = (0..<count * 64).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 33) }
            var tensors = [
                SafetensorsTensor(name: "images", type: .uint8, shape: [count, 1, 8, 8], bytes: pixels)
            ]
            if labels {
                let classes = (0..<count).map { _ in Int64(generator.index(below: 6)) }
                tensors.append(SafetensorsTensor(name: "labels", shape: [count], integers: classes))
            }
            try writeSafetensors(tensors, to: folder.file(name))
        }
        try images(48, labels: false, to: "calibration.safetensors")
        try images(40, labels: true, to: "evaluation.safetensors")
        resources = RunResources(
            modelPath: folder.path, calibrationPath: folder.file("calibration.safetensors"),
            evaluationPath: folder.file("evaluation.safetensors"))
    }

    func plan(_ changes: [(String, String)] = []) throws -> RunPlan {
        var plan = RunPlan(model: folder.path, preset: .mgrq)
        plan.calibration = resources.calibrationPath
        plan.evaluation = resources.evaluationPath
        let small = [("steps", "12"), ("batch", "16"), ("weight_bits", "3"), ("activation_bits", "4")]
        try plan.hyperparameters.apply((small + changes).map { HyperparameterChange(key: $0.0, value: $0.1) })
        return plan
    }

    /// Carries a plan out; `answer` sees every event and may send commands.
    @discardableResult
    func run(
        _ plan: RunPlan, to directory: String? = nil, threads: Int = 2, waits: Bool = false,
        answer: @escaping @Sendable (RunEvent) -> [RunCommand] = { _ in [] }
    ) -> [RunEvent] {
        let events = Mutex<[RunEvent]>([])
        let pending = Mutex<RunHandle?>(nil)
        let early = Mutex<[RunCommand]>([])
        let handle = startRun(
            plan, resources: resources,
            options: EngineOptions(
                threads: threads, directory: directory.map(folder.file), waitsAtFirstGate: waits)
        ) { event in
            events.withLock { $0.append(event) }
            for command in answer(event) {
                if let handle = pending.withLock({ $0 }) {
                    handle.send(command)
                } else {
                    early.withLock { $0.append(command) }
                }
            }
        }
        pending.withLock { $0 = handle }
        for command in early.withLock({ $0 }) {
            handle.send(command)
        }
        handle.wait()
        return events.withLock { $0 }
    }

    /// The bytes of a run's packed export.
    func packed(_ directory: String) throws -> Data {
        let path = folder.file("\(directory).packed")
        try exportRun(folder.file(directory), format: .packed, to: path)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }
}

private func finalEvaluation(_ events: [RunEvent]) -> Evaluation? {
    events.lazy.compactMap { event -> Evaluation? in
        guard case .evaluated(.final, let evaluation) = event else { return nil }
        return evaluation
    }.first
}

@Suite("Runs")
struct RunTests {
    @Test("a run gives its events in order, with exactly one last event")
    func events() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan())
        #expect(events.filter(\.isLast).count == 1)
        #expect(events.last?.isLast == true)
        var units: [Int] = []
        for case .unitFinished(let report) in events {
            units.append(report.unit)
            #expect(report.finalLoss.isFinite && report.finalKl.isFinite)
            #expect(
                report.finalLoss <= report.calibratedLoss || report.finalKl <= report.calibratedKl
                    || report.reverted)
        }
        #expect(units == [0, 1, 2, 3])
        guard case .finished(let report) = events.last else {
            Issue.record("the run ended with \(String(describing: events.last))")
            return
        }
        #expect(report.final == finalEvaluation(events))
        #expect(report.bytes < report.fullPrecisionBytes)
        #expect(report.units.count == 4)
    }

    @Test("probed steps tell the gradient norm of every term that is on")
    func contributions() throws {
        let bench = try Bench()
        var probed = 0
        for case .stepped(let sample) in bench.run(try bench.plan()) where sample.unit == 1 {
            #expect(sample.terms.block != nil && sample.terms.global != nil && sample.terms.local != nil)
            guard let norms = sample.gradientNorms else { continue }
            probed += 1
            for norm in [norms.block, norms.global, norms.local] {
                #expect((norm ?? 0) > 0)
            }
        }
        #expect(probed > 0)
    }

    @Test("the exported integers are the same bits for any number of threads", arguments: [2, 3, 7])
    func threads(count: Int) throws {
        let bench = try Bench()
        bench.run(try bench.plan(), to: "one", threads: 1)
        bench.run(try bench.plan(), to: "many", threads: count)
        #expect(try bench.packed("one") == bench.packed("many"))
    }

    @Test("AdaRound and the feature target run too, and follow from the seed")
    func otherChoices() throws {
        let bench = try Bench()
        let plan = try bench.plan([
            ("rounding", "adaround"), ("global_target", "features"), ("weight_learning_rate", "0.01"),
        ])
        var other = plan
        other.seed = 2
        bench.run(plan, to: "a")
        bench.run(plan, to: "b")
        bench.run(other, to: "c")
        #expect(try bench.packed("a") == bench.packed("b"))
        #expect(try bench.packed("a") != bench.packed("c"))
    }

    @Test(
        "a person at a gate changes the bits of the coming units, and the recipe replays to the same integers"
    )
    func gate() throws {
        let bench = try Bench()
        let asked = Mutex(false)
        let events = bench.run(try bench.plan(), to: "watched", waits: true) { event in
            guard case .waiting(let unit) = event else { return [] }
            if unit == 0 { return [.step] }
            let first = asked.withLock { asked in
                defer { asked = true }
                return !asked
            }
            return first
                ? [
                    .change([
                        HyperparameterChange(key: "weight_bits", value: "8"),
                        HyperparameterChange(key: "steps", value: "5"),
                    ]),
                    .resume,
                ] : [.resume]
        }
        #expect(events.contains(.waiting(unit: 0)) && events.contains(.waiting(unit: 1)))
        #expect(
            events.contains(
                .changed(
                    units: [1, 2, 3],
                    changes: [
                        HyperparameterChange(key: "weight_bits", value: "8"),
                        HyperparameterChange(key: "steps", value: "5"),
                    ])))
        let recipe = bench.folder.file("recipe.yaml")
        try exportRun(bench.folder.file("watched"), format: .recipe, to: recipe)
        let replayed = try RunPlan(path: recipe)
        #expect(try replayed.hyperparameters(of: "stem").weightBits == 3)
        #expect(try replayed.hyperparameters(of: "blocks.0").weightBits == 8)
        bench.run(replayed, to: "replayed", threads: 1)
        let watched = try SafetensorsFile(path: try export(bench, "watched"))
        let again = try SafetensorsFile(path: try export(bench, "replayed"))
        #expect(watched.names == again.names)
        for name in watched.names {
            #expect(try watched.bytes(name) == again.bytes(name), "\(name)")
        }
    }

    private func export(_ bench: Bench, _ directory: String) throws -> String {
        _ = try bench.packed(directory)
        return bench.folder.file("\(directory).packed")
    }

    @Test(
        "the packed checkpoint evaluates to the very numbers of the run",
        arguments: [2, 3, 4, 5, 6, 7, 8, 16])
    func packed(bits: Int) throws {
        let bench = try Bench()
        let events = bench.run(
            try bench.plan([("weight_bits", "\(bits)"), ("activation_bits", "\(bits)")]), to: "run")
        let path = try export(bench, "run")
        let read = try evaluateModelOrRun(
            path: path, dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: bench.folder.path,
            threads: 1)
        let live = try #require(finalEvaluation(events))
        #expect(read.top1 == live.top1)
        #expect(read.kl == live.kl)
        #expect(read.sqnrDb == live.sqnrDb)
        #expect(read.agreement == live.agreement)
        if bits == 16 {
            #expect(live.agreement == 100)
        }
    }

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
        #expect(points.map(\.weightBits) == [2, 2, 8, 8])
        #expect(points.map(\.activationBits) == [3, 8, 3, 8])
        #expect(points[0].bytes < points[2].bytes)
        #expect(points[3].evaluation.kl < points[0].evaluation.kl)
        #expect(events.contains(.sweepFinished(complete: true)))
    }

    @Test("a stopped run keeps what it has and leaves nothing where it has nothing")
    func stop() throws {
        let bench = try Bench()
        let late = bench.run(try bench.plan(), to: "late") { event in
            if case .unitFinished = event { [.stop] } else { [] }
        }
        guard case .stopped(let units) = late.last else {
            Issue.record("the run ended with \(String(describing: late.last))")
            return
        }
        #expect(units >= 1)
        #expect(FileManager.default.fileExists(atPath: bench.folder.file("late/journal.jsonl")))
        #expect(throws: RunFailure.self) {
            try exportRun(bench.folder.file("late"), format: .packed, to: bench.folder.file("no.safetensors"))
        }
        let early = bench.run(try bench.plan(), to: "early", waits: true) { event in
            if case .waiting = event { [.stop] } else { [] }
        }
        #expect(early.last == .stopped(unitsDone: 0))
        #expect(!FileManager.default.fileExists(atPath: bench.folder.file("early")))
    }

    @Test("a learning rate that destroys a unit is seen and undone")
    func divergence() throws {
        let bench = try Bench()
        let events = bench.run(
            try bench.plan([("weight_learning_rate", "1"), ("scale_learning_rate", "0.9")]))
        guard case .finished(let report) = events.last else {
            Issue.record("the run ended with \(String(describing: events.last))")
            return
        }
        #expect(report.units.contains { $0.reverted })
        #expect(report.final?.kl.isFinite == true)
        #expect(events.contains { if case .warning = $0 { true } else { false } })
    }

    @Test("weights that are no numbers, a missing tensor and an odd one are named")
    func badCheckpoints() throws {
        let cases: [((inout [SafetensorsTensor]) -> Void, String)] = [
            (
                {
                    $0[0] = SafetensorsTensor(
                        name: "cls_token", shape: [1, 1, 16], floats: Array(repeating: .nan, count: 16))
                }, "cls_token"
            ),
            ({ $0.removeAll { $0.name == "blocks.1.mlp.fc1.bias" } }, "blocks.1.mlp.fc1.bias"),
            ({ $0.append(SafetensorsTensor(name: "reg_token", shape: [1], floats: [1])) }, "reg_token"),
        ]
        for (damage, name) in cases {
            let bench = try Bench(damage: damage)
            let events = bench.run(try bench.plan(), to: "run")
            guard case .failed(let failure) = events.last else {
                Issue.record("the run ended with \(String(describing: events.last))")
                continue
            }
            #expect(failure.kind == .badData)
            #expect(failure.message.contains(name), "\(failure.message)")
            #expect(!FileManager.default.fileExists(atPath: bench.folder.file("run")))
        }
    }
}
