import Foundation
import Safetensors
import Testing

@Suite("Blocks of other kinds than a plain ViT's, from the command line", .serialized)
struct BlockKindsTests {
    private let place: Workplace
    private static let models = ["attention-pool-registers", "dinov3-gated", "eva02-norms", "swin-v2"]

    init() throws {
        place = try Workplace()
        let goldens = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "VisionTransformersTests/Goldens")
        for name in Self.models {
            try FileManager.default.copyItem(
                at: goldens.appending(path: name), to: URL(filePath: place.file(name)))
        }
        try place.write(SmallModel.images(64, seed: 1, isLabelled: false, side: 16), to: "c.safetensors")
        try place.write(SmallModel.images(64, seed: 2, isLabelled: true, side: 16), to: "e.safetensors")
    }

    private func job(_ model: String, _ preset: String) -> [String] {
        [
            "run", "--model", model, "--calibration", "c.safetensors", "--evaluation", "e.safetensors",
            "--preset", preset, "--json",
        ]
    }

    @Test(
        "each runs from checkpoint to export, and the export gives the run's logits",
        arguments: models, ["mgrq", "ridge", "glf"])
    func run(model: String, preset: String) throws {
        let steps = preset == "ridge" ? [] : ["--steps", "6", "--batch", "8", "--set", "weight_bits=8"]
        let ending = try place.succeed(job(model, preset) + steps + ["--output", "out"])
        let isSwin = model == "swin-v2"
        let isRotary = !isSwin && model != "attention-pool-registers"
        if preset == "glf" {
            // What the preset cannot do is said, and nothing else.
            let refit = "relu_refit_steps has no effect"
            #expect(ending.output.contains(refit) == isRotary)
        }
        #expect(ending.output.contains("which no norm precedes") == (model == "attention-pool-registers"))
        #expect(ending.output.contains("which rotary positions turn") == isRotary)
        #expect(ending.output.contains("whose length is fixed") == isSwin)
        #expect(ending.output.contains("which a norm follows") == (model == "eva02-norms"))
        _ = try place.succeed(["export", "out", "--format", "packed", "--output", "p.safetensors"])
        let report = try jsonObject(try place.data("out/report.json"))
        let (full, final) = (report["full_precision"] as? [String: Any], report["final"] as? [String: Any])
        #expect(full?["kl"] as? Double == 0)
        #expect(final?["sqnr_db"] as? Double ?? 0 > 5)
        let found = try jsonObject(try place.succeed(["evaluate", "p.safetensors", "--json"]).output)
        for key in ["images", "top1", "agreement", "kl", "sqnr_db"] {
            #expect(found[key] as? Double == final?[key] as? Double, "\(key)")
        }
    }

    @Test("each goes on after its process was killed, and ends with the same bits", arguments: models)
    func resume(model: String) throws {
        let flags = job(model, "mgrq") + ["--steps", "400", "--batch", "4"]
        _ = try place.succeed(flags + ["--output", "plain"])
        let work = try place.start(flags + ["--output", "killed"])
        while try !work.outputSoFar().contains(#""event":"stepped","unit":2"#) {
            try #require(work.process.isRunning, "it ended before its third unit was in work")
            usleep(2000)
        }
        kill(work.process.processIdentifier, SIGKILL)
        #expect(try work.end().wasKilled)
        _ = try place.succeed(["resume", "killed"])
        for run in ["plain", "killed"] {
            _ = try place.succeed(["export", run, "--format", "packed", "--output", "\(run).packed"])
        }
        #expect(try place.data("plain.packed") == place.data("killed.packed"))
    }
}
