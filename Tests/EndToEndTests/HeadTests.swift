import Foundation
import Safetensors
import Testing

@Suite("Hugging Face's Dinov2 and a SigLIP from the command line", .serialized)
struct HeadTests {
    private let place: Workplace

    init() throws {
        place = try Workplace()
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        for name in [
            "CheckpointsTests/Goldens/dinov2", "CheckpointsTests/Goldens/dinov2-registers",
            "CheckpointsTests/Goldens/dinov2-features",
            "VisionTransformersTests/Goldens/attention-pool-features",
        ] {
            let source = tests.appending(path: name)
            try FileManager.default.copyItem(
                at: source, to: URL(filePath: place.file(source.lastPathComponent)))
        }
    }

    @Test(
        "every head runs from checkpoint to export, and the export gives the run's logits",
        arguments: ["dinov2", "dinov2-registers", "dinov2-features", "attention-pool-features"],
        ["mgrq", "ridge"])
    func run(model: String, preset: String) throws {
        let hasClassifier = !model.hasSuffix("features")
        let poolsByAttention = model.hasPrefix("attention-pool")
        let side = poolsByAttention ? 16 : 24
        try place.write(SmallModel.images(16, seed: 1, isLabelled: false, side: side), to: "c.safetensors")
        try place.write(SmallModel.images(20, seed: 2, isLabelled: true, side: side), to: "e.safetensors")
        let job = [
            "run", "--model", model, "--calibration", "c.safetensors", "--evaluation", "e.safetensors",
            "--preset", preset,
        ]
        let steps = preset == "mgrq" ? ["--steps", "4", "--batch", "4"] : []
        _ = try place.succeed(job + steps + ["--output", "out"])
        _ = try place.succeed(["export", "out", "--format", "packed", "--output", "p.safetensors"])
        let report = try jsonObject(try place.data("out/report.json"))
        let (full, final) = (report["full_precision"] as? [String: Any], report["final"] as? [String: Any])
        #expect(full?["kl"] as? Double == 0)
        #expect((final?["top1"] as? Double != nil) == hasClassifier)
        #expect(final?["sqnr_db"] as? Double ?? 0 > 5)
        let found = try jsonObject(try place.succeed(["evaluate", "p.safetensors", "--json"]).output)
        for key in ["images", "top1", "agreement", "kl", "sqnr_db"] {
            #expect(found[key] as? Double == final?[key] as? Double, "\(key)")
        }
        let units = try #require(report["units"] as? [[String: Any]])
        let pooling = poolsByAttention ? ["attn_pool"] : []
        #expect(units.map { $0["name"] as? String } == ["stem", "blocks.0", "blocks.1"] + pooling + ["head"])
    }
}
