import Foundation
import Safetensors
import Testing

@Suite(
    "Exported graphs in ONNX Runtime",
    .enabled(
        if: PythonScript.runsGraphs,
        "there is no python3 with onnx, onnxruntime and numpy; .ci/install test installs them"))
struct ONNXTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    /// Exports a run and compares the graph's logits with the run's.
    private func expectSameLogits(_ run: String, flags: [String] = []) throws {
        _ = try place.succeed(["export", run, "--format", "onnx", "--output", "\(run).onnx"] + flags)
        let script = try PythonScript(
            file: "run_onnx.py", [try Workplace.tool(), place.file(run), place.file("\(run).onnx")])
        let ending = try script.end()
        #expect(ending.status == 0 && !ending.wasKilled, "\(ending.errors)\(ending.output)")
    }

    /// Exports a run, verifies the file at once, and returns what is printed.
    @discardableResult
    private func expectVerified(_ run: String, flags: [String]) throws -> String {
        let ending = try place.run(
            ["export", run, "--format", "onnx", "--output", "\(run).onnx", "--verify"] + flags,
            environment: PythonScript.environment)
        #expect(ending.status == 0 && ending.output.contains("operator codes"), "\(ending.errors)")
        return ending.output
    }

    /// Exports a run and proves that the graph is the run.
    private func expectSame(_ run: String) throws {
        _ = try place.succeed(["export", run, "--format", "onnx", "--output", "\(run).onnx"])
        let ending = try place.run(
            ["verify", "\(run).onnx", "--against", run, "--no-latency"],
            environment: PythonScript.environment)
        #expect(ending.status == 0, "\(ending.errors)\(ending.output)")
    }

    @Test(
        "are the run, for every kind of quantizer and width",
        arguments: ["log_sqrt2", "uniform", "searched_log"], ["uniform", "shifted_log"])
    func quantizers(attention: String, gelu: String) throws {
        for bits in ["8", "4", "3"] {
            _ = try place.succeed(
                ["run"] + Workplace.job + [
                    "--preset", "calibrate", "--weight-bits", bits, "--activation-bits", bits,
                    "--set", "attention_levels=\(attention)", "--set", "gelu_levels=\(gelu)",
                    "--output", "w\(bits)",
                ])
            try expectSame("w\(bits)")
        }
    }

    @Test("are the run where sites and layers are left in full precision")
    func mixed() throws {
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--site", "*.attn.q=16", "--site", "blocks.0.mlp.fc2.input=16",
                "--site",
                "blocks.1.mlp.fc1.weight=16", "--site", "*.softmax=16", "--output", "mixed",
            ])
        try expectSame("mixed")
    }

    @Test(
        "are the run where values are so far from 0 that no byte holds the zero point",
        arguments: ["8", "3"])
    func farFromZero(bits: String) throws {
        let tensors = SmallModel.tensors { name, values in
            guard name == "blocks.0.attn.qkv.bias" else { return }
            values = values.map { $0 + 40 }
        }
        try place.write(tensors, to: "model/model.safetensors")
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--weight-bits", bits, "--activation-bits", bits, "--output", "far",
            ])
        try expectSame("far")
        let graph = try place.data("far.onnx")
        #expect(graph.range(of: Data("blocks.0.attn.v.rounded".utf8)) != nil)
        #expect(graph.range(of: Data("blocks.0.attn.proj.input.rounded".utf8)) != nil)
    }

    @Test("give the logits where weights are symmetric and operands have one group", arguments: ["8", "3"])
    func symmetric(bits: String) throws {
        for levels in ["uniform", "log_sqrt2", "searched_log"] {
            _ = try place.succeed(
                ["run"] + Workplace.job + [
                    "--preset", "calibrate", "--weight-bits", bits, "--activation-bits", bits, "--target",
                    "openvino", "--set", "operand_groups=tensor", "--set", "attention_levels=\(levels)",
                    "--output", levels,
                ])
            try expectSameLogits(levels)
        }
    }

    @Test(
        "give the logits from planes of bits, in files that are smaller",
        arguments: ["7", "6", "5", "4", "3", "2"])
    func compact(bits: String) throws {
        _ = try place.succeed([
            "run", "--model", "sample:fashion-deit", "--preset", "calibrate", "--set",
            "calibration_images=32",
            "--weight-bits", bits, "--held-out", "0", "--output", "run",
        ])
        try expectSameLogits("run")
        let fast = try place.data("run.onnx").count
        try expectSameLogits("run", flags: ["--layout", "compact"])
        try expectVerified("run", flags: ["--layout", "compact"])
        #expect(try place.data("run.onnx").count < fast)
    }

    @Test("give the logits with constants in a file of their own", arguments: ["fast", "compact"])
    func externalData(layout: String) throws {
        _ = try place.succeed([
            "run", "--model", "sample:fashion-deit", "--preset", "calibrate", "--set",
            "calibration_images=32",
            "--held-out", "0", "--output", "run",
        ])
        try expectSameLogits("run", flags: ["--external-data", "--layout", layout])
        let output = try expectVerified("run", flags: ["--external-data", "--layout", layout])
        let bytes = try place.data("run.onnx").count + place.data("run.onnx.data").count
        let size = String(format: "%.1f kB", Double(bytes) / 1e3)
        #expect(output.contains("run.onnx, \(size)"), "\(size): \(output)")
        #expect(try place.data("run.onnx.data").count > place.data("run.onnx").count)
    }

    @Test("are the run, for every architecture", arguments: try GoldenModels.names())
    func architectures(name: String) throws {
        let images = try place.writeNoise(for: name)
        _ = try place.succeed([
            "run", "--model", GoldenModels.path(name), "--calibration", images, "--normalised", "--preset",
            "calibrate", "--output", "run",
        ])
        try expectSame("run")
    }
}

/// The models that the tests of units have goldens of.
enum GoldenModels {
    private static let folder =
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path
        + "/VisionTransformersTests/Goldens/"

    static func path(_ name: String) -> String { folder + name }

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { FileManager.default.fileExists(atPath: folder + $0 + "/config.json") }.sorted()
    }
}

extension Workplace {
    /// Writes 48 images of noise that a golden model reads, and returns the file's name.
    func writeNoise(for name: String) throws -> String {
        let reference = try SafetensorsFile(path: GoldenModels.path(name) + "/reference.safetensors")
        let shape = Array(try #require(reference.entry("input")).shape.dropFirst())
        var numbers = Numbers(seed: 3)
        let pixels = (0..<48 * shape.reduce(1, *)).map { _ in Float(2 * numbers.next()) }
        try write(
            [SafetensorsTensor(name: "images", shape: [48] + shape, floats: pixels)], to: "noise.safetensors")
        return "noise.safetensors"
    }
}
