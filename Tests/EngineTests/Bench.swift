import Engine
import Files
import Foundation
import Runs
import Safetensors
import Synchronization
import TensorCore
import Testing
import TestSupport

/// A small random model and images in files, and runs of it.
struct Bench: Sendable {
    let folder: TemporaryFolder
    var resources: RunResources

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
        waitsAtEnd: Bool = false, heldOut: Int = 256, measuresNoiseFloor: Bool = false,
        answer: @escaping @Sendable (RunEvent) -> [RunCommand] = { _ in [] }
    ) -> [RunEvent] {
        let options = EngineOptions(
            threads: threads, directory: directory.map(folder.file), waitsAtFirstGate: waits,
            waitsAtEnd: waitsAtEnd, heldOutImages: heldOut, measuresNoiseFloor: measuresNoiseFloor)
        return follow(answer) { startRun(plan, resources: resources, options: options, sink: $0) }
    }

    /// Goes on with a run.
    func resume(
        _ directory: String, waits: Bool = false, waitsAtEnd: Bool = false,
        answer: @escaping @Sendable (RunEvent) -> [RunCommand] = { _ in [] }
    ) throws -> [RunEvent] {
        let options = EngineOptions(
            threads: 2, directory: folder.file(directory), waitsAtFirstGate: waits, waitsAtEnd: waitsAtEnd)
        // Events that the journal replays were answered before.
        let goesOn = Mutex(false)
        let answerNew: @Sendable (RunEvent) -> [RunCommand] = { event in
            if case .continued = event { goesOn.withLock { $0 = true } }
            return goesOn.withLock { $0 } ? answer(event) : []
        }
        return try follow(answerNew) { (sink) throws(RunFailure) in
            try resumeRun(resources: resources, options: options, sink: sink)
        }
    }

    /// Every line of a run's journal, and whether bytes follow them.
    func journal(_ directory: String) throws -> (entries: [JournalEntry], isTorn: Bool) {
        var entries: [JournalEntry] = []
        let path = RunDirectory(path: folder.file(directory)).journalPath
        let extent = try readJournal(path) { entries.append($0) }
        return (entries, extent.isTorn)
    }

    /// Measures a grid of bit-widths without a run; `answer` sees every event and may send commands.
    func sweep(
        _ plan: RunPlan, _ request: SweepRequest, to directory: String,
        answer: @escaping @Sendable (RunEvent) -> [RunCommand] = { _ in [] }
    ) -> [RunEvent] {
        let options = EngineOptions(threads: 2, directory: folder.file(directory))
        return follow(answer) {
            startSweep(plan, request: request, resources: resources, options: options, sink: $0)
        }
    }

    /// The commands in a run's journal, in order.
    func commands(of directory: String) throws -> [RunCommand] {
        try journal(directory).entries.compactMap {
            if case .command(let command) = $0.content { command } else { nil }
        }
    }

    /// Sends one list of commands after another, each when the run waits; then lets it go on.
    @discardableResult
    func script(
        _ plan: RunPlan, to directory: String, waits: Bool = false, waitsAtEnd: Bool = true,
        _ commands: [[RunCommand]]
    ) -> [RunEvent] {
        run(plan, to: directory, waits: waits, waitsAtEnd: waitsAtEnd, answer: Script(commands).answer)
    }

    func follow<Failure: Error>(
        _ answer: @escaping @Sendable (RunEvent) -> [RunCommand],
        start: (@escaping @Sendable (RunEvent) -> Void) throws(Failure) -> RunHandle
    ) throws(Failure) -> [RunEvent] {
        let events = Mutex<[RunEvent]>([])
        let pending = Mutex<RunHandle?>(nil)
        let early = Mutex<[RunCommand]>([])
        let handle = try start { event in
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

    /// Checks that two runs came to the same tensors; their plans may be written differently.
    func expectSameIntegers(
        _ one: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        _ = (try packed(one), try packed(other))
        let first = try SafetensorsFile(path: folder.file("\(one).packed"))
        let second = try SafetensorsFile(path: folder.file("\(other).packed"))
        #expect(first.names == second.names, sourceLocation: sourceLocation)
        for name in first.names {
            let (expected, found) = (try first.bytes(name), try second.bytes(name))
            #expect(expected == found, "\(name) of \(other)", sourceLocation: sourceLocation)
        }
    }

    /// The bytes of a run's packed export.
    func packed(_ directory: String) throws -> Data {
        let path = folder.file("\(directory).packed")
        try exportRun(folder.file(directory), format: .packed, to: path)
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }
}

/// Lists of commands, one for each time that a run waits.
final class Script: Sendable {
    private let left: Mutex<[[RunCommand]]>

    init(_ commands: [[RunCommand]]) {
        left = Mutex(commands)
    }

    func answer(_ event: RunEvent) -> [RunCommand] {
        guard case .waiting = event else { return [] }
        return left.withLock { $0.isEmpty ? [.resume] : $0.removeFirst() }
    }
}

extension [RunEvent] {
    /// The report of a run that finished.
    var report: RunReport? {
        if case .finished(let report) = last { report } else { nil }
    }

    /// The sentences of all warnings.
    var warnings: [String] {
        compactMap { if case .warning(let sentence) = $0 { sentence } else { nil } }
    }

    /// The reports of all attempts, in order.
    var attempts: [AttemptReport] {
        compactMap { if case .unitFinished(let report) = $0 { report } else { nil } }
    }
}
