import Checkpoints
import Datasets
import Engine
import Foundation
import NCursesTerminal
import Reports
import Runs
import Safetensors
import TensorCore
import TerminalUI
import VisionTransformers
import Vocabulary
import Workbench

/// The readers of text, of what is in a run directory, and of what is typed.
let textEntries: [String: Entry] = [
    "plan": Entry(
        seeds: { folder in
            let plans = Preset.allCases.map { RunPlan(model: "sample:fashion-vit", preset: $0).yaml }
            return (plans + [try smallRun(in: folder).text("plan.yaml"), overriddenPlan]).map(seed)
        },
        read: { _, path in
            guard let plan = try? RunPlan(path: path) else { return false }
            let again = try RunPlan(yaml: plan.yaml)
            precondition(again == plan, "a plan that was written reads as another one")
            return true
        }),
    "journal": Entry(
        seeds: { folder in [seed(try smallRun(in: folder).text("journal.jsonl"))] },
        read: { _, path in
            var ledger: RunLedger?
            do {
                try readJournal(path) { entry in
                    guard case .event(let event) = entry.content else { return }
                    if case .started(let summary) = event, let plan = try? RunPlan(yaml: summary.plan) {
                        ledger = RunLedger(plan: plan, units: summary.units)
                    }
                    ledger?.apply(event)
                }
                return ledger?.stale != nil
            } catch {
                return false
            }
        }),
    "report": Entry(
        fileName: "report.json", seeds: { folder in [seed(try smallRun(in: folder).text("report.json"))] },
        read: { _, path in (try? runDirectory(of: path).report()) != nil }),
    "predictions": Entry(
        fileName: "predictions.json",
        seeds: { folder in [seed(try smallRun(in: folder).text("predictions.json"))] },
        read: { _, path in
            guard let predictions = try? runDirectory(of: path).predictions() else { return false }
            return predictions.agreeing.count == predictions.right?.count ?? predictions.agreeing.count
        }),
    "series": Entry(
        fileName: "page.html",
        seeds: { folder in
            var run = ReportedRun()
            try readJournal(try smallRun(in: folder).path + "/journal.jsonl") { run.apply($0) }
            let page = try ReportPage(of: run) { $0.pixels }.html()
            return [Seed(bytes: page), Seed(bytes: try run.series.json())]
        },
        read: { bytes, path in
            guard let series = try? RunSeries(file: bytes, path: path) else { return false }
            return !series.csv.isEmpty && !series.tensorBoard(end: 1).isEmpty
        }),
    "configuration": Entry(
        fileName: "config.json",
        // Those of other models than the tensors' are refused.
        acceptsSeeds: false,
        seeds: { folder in
            let model = try checkpoint("vit/model.safetensors", configuration: "vit")
            try Data(model.bytes).write(to: URL(filePath: folder + "/model.safetensors"))
            return try ["vit", "deit", "swin", "dinov2"].map { name in
                Seed(bytes: try checkpoint("\(name)/config.json", configuration: name).bytes)
            }
        }, read: inspectFolder),
    "preparation": Entry(
        fileName: "preprocessor_config.json",
        seeds: { folder in
            let model = try checkpoint("dinov2/model.safetensors", configuration: "dinov2")
            try Data(model.bytes).write(to: URL(filePath: folder + "/model.safetensors"))
            try Data(model.configuration ?? []).write(to: URL(filePath: folder + "/config.json"))
            return [seed(preparation)]
        }, read: inspectFolder),
    "theme": Entry(
        seeds: { _ in
            let library = ThemeLibrary.builtIn
            return library.themes.compactMap { library.text(of: $0.name) }.map(seed)
        },
        read: { bytes, path in
            guard let text = String(validating: bytes, as: UTF8.self) else { return false }
            var library = ThemeLibrary.builtIn
            return (try? library.add(text, file: path)) != nil
        }),
    "settings": Entry(
        seeds: { _ in [seed(WorkbenchSettings().yaml)] },
        read: { bytes, path in
            guard let text = String(validating: bytes, as: UTF8.self),
                let settings = try? WorkbenchSettings(yaml: text, file: path)
            else { return false }
            return !settings.keyListing.isEmpty
        }),
    "state": Entry(
        seeds: { _ in [seed(state)] },
        read: { bytes, _ in
            let memory = WorkbenchMemory(json: String(decoding: bytes, as: UTF8.self))
            precondition(
                WorkbenchMemory(json: memory.json) == memory, "a state that was written reads as another")
            return memory != WorkbenchMemory()
        }),
    "labels": Entry(
        seeds: { folder in
            let images = try SafetensorsFile(
                path: tests.appendingPathComponent("DatasetsTests/Fixtures/images.safetensors").path)
            for (index, name) in images.names.filter({ $0.hasPrefix("photo-1") }).prefix(3).enumerated() {
                try Data(images.bytes(name)).write(to: URL(filePath: folder + "/\(index).jpg"))
            }
            return [
                "path,label\n0.jpg,ant\n\"1.jpg\",\"bee, wild\"\n2.jpg,ant\n", "0.jpg\t3\n1.jpg 4\n",
                #"{"0.jpg": "ant", "1.jpg": "bee", "2.jpg": 7}"#,
            ].map(seed)
        }, read: readLabels),
    "packed": Entry(
        seeds: { folder in [Seed(bytes: Array(try smallRun(in: folder).data("packed")))] },
        read: { _, path in
            guard let packed = try? PackedCheckpoint(path: path) else { return false }
            return (try? packed.completeUnits(path: path)) != nil
        }),
    "keys": Entry(
        seeds: { _ in
            [
                "hello\u{1B}[A\u{1B}[1;5C\u{1B}OP", "\u{1B}[<0;12;7M\u{1B}[<0;12;7m",
                "\u{1B}[I\u{1B}x\t\r\u{7F}",
            ]
            .map(seed)
        },
        read: { bytes, _ in
            let events = NCursesTerminal.events(
                of: String(decoding: bytes, as: UTF8.self).unicodeScalars.map(\.value))
            var line = EditLine()
            for case .key(let key) in events { _ = line.apply(key) }
            return !events.isEmpty
        }),
]

private func seed(_ text: String) -> Seed { Seed(bytes: Array(text.utf8)) }

private func runDirectory(of path: String) -> RunDirectory {
    RunDirectory(path: (path as NSString).deletingLastPathComponent)
}

@Sendable private func inspectFolder(_ bytes: [UInt8], _ path: String) throws -> Bool {
    let folder = (path as NSString).deletingLastPathComponent
    guard let inspection = try? inspectCheckpoint(path: folder) else { return false }
    _ = try? loadCheckpoint(path: folder)
    return inspection.problems.isEmpty
}

/// Reads labels under each of the names that a file of labels can have.
@Sendable private func readLabels(_ bytes: [UInt8], _ path: String) throws -> Bool {
    let folder = (path as NSString).deletingLastPathComponent
    var isAccepted = false
    try FileManager.default.removeItem(atPath: path)
    for name in ["labels.csv", "labels.txt", "labels.json"] {
        let file = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(filePath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        if let set = try? ImageSet(path: folder) {
            _ = try? set.labels(classes: 10, names: nil)
            isAccepted = true
        }
    }
    return isAccepted
}

/// A finished run of a small model, and its packed model.
private struct SmallRun {
    let path: String

    func data(_ name: String) throws -> Data { try Data(contentsOf: URL(filePath: "\(path)/\(name)")) }

    func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }
}

private func smallRun(in folder: String) throws -> SmallRun {
    let place = folder + "/small"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let model = try checkpoint("vit/model.safetensors", configuration: "vit")
    try Data(model.bytes).write(to: URL(filePath: place + "/model.safetensors"))
    try Data(model.configuration ?? []).write(to: URL(filePath: place + "/config.json"))
    let shape = try loadCheckpoint(path: place).model.configuration
    var generator = SeededGenerator(seed: 1)
    let size = [shape.channels, shape.imageHeight, shape.imageWidth]
    let pixels = (0..<8 * size.reduce(1, *)).map { _ in UInt8(truncatingIfNeeded: generator.next() >> 33) }
    try writeSafetensors(
        [
            SafetensorsTensor(name: "images", type: .uint8, shape: [8] + size, bytes: pixels),
            SafetensorsTensor(
                name: "labels", shape: [8], integers: (0..<8).map { Int64($0 % shape.classes) }),
        ], to: place + "/images.safetensors")
    var plan = RunPlan(model: place)
    (plan.calibration, plan.evaluation) = (place + "/images.safetensors", place + "/images.safetensors")
    try plan.hyperparameters.apply(
        [("steps", "3"), ("batch", "4")].map { HyperparameterChange(key: $0.0, value: $0.1) })
    let run = place + "/run"
    startRun(
        plan,
        resources: RunResources(
            modelPath: place, calibrationPath: place + "/images.safetensors",
            evaluationPath: place + "/images.safetensors"),
        options: EngineOptions(threads: 1, directory: run)
    ) { _ in }.wait()
    try exportRun(run, format: .packed, to: run + "/packed")
    return SmallRun(path: run)
}

private let overriddenPlan = """
    schema: 1
    model: model
    calibration: images
    seed: 7
    calibration_selection: balanced
    units:
      - match: blocks.*
        set: {steps: 4, block_weight: 0.5}
    sites:
      - match: '*.fc1.weight'
        bits: 8
    """

private let preparation = """
    {"do_center_crop": true, "crop_size": {"height": 24, "width": 24}, "size": {"shortest_edge": 32},
     "resample": 3, "do_normalize": true, "do_rescale": true, "rescale_factor": 0.00392156862745098,
     "image_mean": [0.5], "image_std": [0.25],
     "image_processor_type": "BitImageProcessor"}
    """

private let state = """
    {"theme": "gruvbox", "commands": ["export packed x", "pause"], "runs": [{"directory": "/tmp/a", "label": "a"}],
     "draft": [{"key": "steps", "value": "40"}], "panels": {"curves": 0.5, "log": 0.2}}
    """
