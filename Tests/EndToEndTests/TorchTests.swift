import Foundation
import Safetensors
import Testing

@Suite("Exports for PyTorch")
struct TorchTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    private func run() throws {
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--weight-bits", "4", "--activation-bits", "4", "--output", "run",
            ])
    }

    private func export(_ more: [String] = []) throws -> Work.Ending {
        try place.run(["export", "run", "--format", "torch", "--output", "out.safetensors"] + more)
    }

    @Test("have every tensor of the checkpoint under its name, and the quantizers")
    func tensors() throws {
        try run()
        let ending = try export()
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output.contains("mgrq_torch.py"), "\(ending.output)")
        let (file, source) = try (
            SafetensorsFile(path: place.file("out.safetensors")),
            SafetensorsFile(path: place.file("model/model.safetensors"))
        )
        #expect(try file.isIntact())
        let own = file.names.filter { !$0.hasPrefix("quantization.") }
        #expect(own.sorted() == source.names.sorted())
        for name in own { #expect(file.entry(name)?.shape == source.entry(name)?.shape, "\(name)") }
        #expect(file.metadata["format"] == "mgrq-torch")
        // Dequantized values are steps from the zero point.
        let name = "blocks.1.mlp.fc1.weight"
        let (values, scales) = try (
            file.floats(name), file.floats("quantization.\(name).scales")
        )
        let columns = values.count / scales.count
        for (index, value) in values.enumerated() {
            let steps = value / scales[index / columns]
            #expect(abs(steps - steps.rounded()) < 1e-3 && abs(steps) <= 15)
        }
        #expect(try place.text("mgrq_torch.py").contains("def load(model, path):"))
    }

    @Test(
        "a five-line reader of packed checkpoints gives the same weights",
        .enabled(if: PythonScript.runsGraphs))
    func reader() throws {
        try run()
        _ = try export()
        _ = try place.succeed(["export", "run", "--format", "packed", "--output", "packed.safetensors"])
        let docs = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/packed-checkpoint.md")
        let blocks = try String(contentsOf: docs, encoding: .utf8).split(separator: "```")
        let reader = try #require(
            blocks.first { $0.hasPrefix("python") && $0.contains("weight =") }?.dropFirst("python".count))
        try place.write(String(reader), to: "reader.py")
        let script = try PythonScript(
            file: "read_packed.py",
            ["reader.py", "packed.safetensors", "out.safetensors"].map { place.file($0) } + [
                "blocks.0.attn.qkv=16", "blocks.1.mlp.fc2=32",
            ])
        let ending = try script.end()
        #expect(ending.status == 0, "\(ending.errors)\(ending.output)")
    }

    @Test("need the checkpoint that was quantized, wherever it is now")
    func checkpoint() throws {
        try run()
        try FileManager.default.moveItem(atPath: place.file("model"), toPath: place.file("moved"))
        let missing = try export()
        #expect(missing.status == 66 && missing.errors.contains("--model"), "\(missing.errors)")
        let moved = try export(["--model", "moved"])
        #expect(moved.status == 0, "\(moved.errors)")
        try place.write(
            SmallModel.tensors { name, values in if name == "norm.bias" { values[0] += 1 } },
            to: "moved/model.safetensors")
        try FileManager.default.removeItem(atPath: place.file("out.safetensors"))
        let changed = try export(["--model", "moved"])
        #expect(changed.status == 65 && changed.errors.contains("have changed"), "\(changed.errors)")
        #expect(!FileManager.default.fileExists(atPath: place.file("out.safetensors")))
        let other = try place.run(
            ["export", "run", "--format", "packed", "--output", "x", "--model", "moved"])
        #expect(other.status == 64 && other.errors.contains("--model"))
    }

    @Test("do not replace a file that is called as their module")
    func module() throws {
        try run()
        try place.write("import os\n", to: "mgrq_torch.py")
        let refused = try export()
        #expect(
            refused.status == 64 && refused.errors.contains("mgrq_torch.py is another file"),
            "\(refused.errors)")
        #expect(try place.text("mgrq_torch.py") == "import os\n")
        #expect(!FileManager.default.fileExists(atPath: place.file("out.safetensors")))
        try FileManager.default.removeItem(atPath: place.file("mgrq_torch.py"))
        for _ in 0..<2 {
            let ending = try export()
            #expect(ending.status == 0, "\(ending.errors)")
        }
    }

    @Test(
        "give mgrq's logits in models of timm, Transformers and torchvision",
        .enabled(
            if: PythonScript.runsTorch,
            "there is no python3 with torch, torchvision, timm and transformers; .ci/install test installs them"
        ))
    func logits() throws {
        let reference = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../Reference/torch_exports.py")
        let script = try PythonScript(
            path: reference.path,
            [
                try Workplace.tool(), "--only",
                "^(timm-gap|timm-eva|huggingface-(swin|beit|clip|siglip)|torchvision-(vit|swin-v2)|swinv2_|vit_base_.*siglip)",
            ])
        let ending = try script.end()
        #expect(ending.status == 0 && !ending.wasKilled, "\(ending.errors)\(ending.output)")
    }
}
