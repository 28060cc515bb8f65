import Foundation
import Safetensors
import Testing

@Suite(
    "The proof of an exported graph",
    .enabled(
        if: PythonScript.runsGraphs,
        "there is no python3 with onnx, onnxruntime and numpy; .ci/install test installs them"))
struct VerifyTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--weight-bits", "4", "--activation-bits", "4", "--set",
                "attention_levels=log_sqrt2", "--output", "run",
            ])
        _ = try place.succeed(["export", "run", "--format", "onnx", "--output", "run.onnx"])
    }

    /// What `mgrq verify` finds, and its ending.
    private func verify(_ file: String, _ more: [String] = []) throws -> (Work.Ending, [String: Any]) {
        let ending = try place.run(
            ["verify", file, "--against", "run", "--no-latency", "--json"] + more,
            environment: PythonScript.environment)
        return (ending, try jsonObject(ending.output))
    }

    @Test("a correct graph is one, with every comparison made and a floor that was measured")
    func correct() throws {
        let (ending, report) = try verify("run.onnx", ["--images", "20"])
        #expect(ending.status == 0, "\(ending.errors)")
        let checks = try #require(report["checks"] as? [[String: Any]])
        let names = checks.compactMap { $0["name"] as? String }
        #expect(
            names == [
                "onnx.checker", "weights", "other tensors", "quantizers", "operator values", "operator codes",
                "operator step", "unit values", "unit codes", "unit step", "MatMulNBits", "KL",
                "other answers",
            ])
        for check in checks where check["name"] as? String != "onnx.checker" {
            #expect(try #require(check["compared"] as? Int) > 0, "\(check)")
        }
        #expect(checks.allSatisfy { $0["holds"] as? Bool == true })
        #expect(report["images"] as? Int == 20 && report["traced_images"] as? Int == 8)
        #expect(report["floor"] is [String: Any])
        let runtime = try #require(report["runtime"] as? [String: Any])
        #expect(try #require(runtime["integer_products"] as? Int) > 0)
        #expect(try #require(report["bit_operations"] as? Int) > 0)
        #expect(report["bytes"] as? Int == (try place.data("run.onnx")).count)
    }

    @Test(
        "a fault is found, and the first comparison that sees it is named",
        arguments: [
            ("head_scales", "blocks.0.attn.q"), ("head_values", "blocks.0.attn.proj.input"),
            ("head_levels", "blocks.0.attn.softmax"), ("zero_point", "blocks.0.mlp.fc1.input"),
            ("weight_zero_point", "blocks.0.attn.qkv.weight"), ("half_up", "blocks.0.mlp.fc1.input"),
            ("score_factor", "blocks.0.attn.softmax"), ("other_bias", "blocks.0.mlp.fc2.input"),
            ("weight_code", "blocks.0.mlp.fc2.weight"), ("top_code", "blocks.0.attn.k"),
            ("unquantized_input", "blocks.0.mlp.fc2.input"), ("norm_gain", "blocks.0.norm2.weight"),
            ("exchanged_operands", "blocks.0.attn.k"),
        ])
    func faults(fault: String, expected: String) throws {
        let script = try PythonScript(
            file: "damage_onnx.py", [fault, place.file("run.onnx"), place.file("damaged.onnx")])
        let made = try script.end()
        try #require(made.status == 0, "\(made.errors)")
        let (ending, report) = try verify("damaged.onnx", ["--images", "16", "--traced-images", "16"])
        #expect(ending.status == 65)
        #expect(ending.errors.contains("damaged.onnx is not run"), "\(ending.errors)")
        let checks = try #require(report["checks"] as? [[String: Any]])
        let failing = checks.filter { $0["holds"] as? Bool == false }
        let operators = [
            "weights", "other tensors", "quantizers", "operator codes", "operator step", "operator values",
        ]
        let first = try #require(failing.first, "\(fault) was not found")
        #expect(operators.contains(first["name"] as? String ?? ""), "\(first)")
        #expect(first["place"] as? String == expected, "\(first)")
        #expect(ending.errors.contains(expected))
    }

    @Test("one flipped code of a weight is found by the weights and by the layer's operator")
    func weightCode() throws {
        let script = try PythonScript(
            file: "damage_onnx.py", ["weight_code", place.file("run.onnx"), place.file("damaged.onnx")])
        _ = try script.end()
        let (_, report) = try verify("damaged.onnx", ["--images", "16"])
        let checks = try #require(report["checks"] as? [[String: Any]])
        let failing = checks.filter { $0["holds"] as? Bool == false }.compactMap { $0["name"] as? String }
        #expect(failing.contains("weights") && failing.contains("operator values"), "\(failing)")
    }

    @Test("a file that is no graph is refused with the reason")
    func noGraph() throws {
        try place.write("no graph", to: "text.onnx")
        let (ending, report) = try verify("text.onnx")
        #expect(ending.status == 65)
        #expect(ending.errors.contains("onnx.checker"), "\(ending.errors)")
        #expect((report["checks"] as? [[String: Any]])?.first?["detail"] is String)
    }

    @Test("an export can be verified at once, and stays where it is not the same")
    func export() throws {
        let ending = try place.run(
            ["export", "run", "--format", "onnx", "--output", "again.onnx", "--verify"],
            environment: PythonScript.environment)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output.contains("operator codes"))
        #expect(try place.data("again.onnx") == place.data("run.onnx"))
        let refused = try place.run([
            "export", "run", "--format", "packed", "--output", "p.safetensors", "--verify",
        ])
        #expect(refused.status == 64)
        #expect(try !place.contents().contains("p.safetensors"))
    }

    @Test("latency is measured against the same graph in full precision")
    func latency() throws {
        let ending = try place.run(
            ["verify", "run.onnx", "--against", "run", "--images", "4", "--json"],
            environment: PythonScript.environment)
        #expect(ending.status == 0, "\(ending.errors)")
        let report = try jsonObject(ending.output)
        let latency = try #require(report["latency"] as? [String: Any])
        #expect(latency["threads"] as? Int == 1 && latency["pairs"] as? Int == 30)
        #expect(try #require(report["full_precision_bytes"] as? Int) > 0)
    }
}

@Suite("Verifying without Python")
struct PackedVerifyTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
        for (run, seed) in [("run", "1"), ("other", "2")] {
            _ = try place.succeed(["run"] + Workplace.job + ["--seed", seed, "--output", run])
            _ = try place.succeed(["export", run, "--format", "packed", "--output", "\(run).safetensors"])
        }
    }

    @Test("a packed checkpoint must be its run to the last bit")
    func packed() throws {
        let same = try place.run(["verify", "run.safetensors", "--against", "run", "--python", "nowhere"])
        #expect(same.status == 0, "\(same.errors)")
        #expect(same.output.contains("logits"))
        let other = try place.run(["verify", "other.safetensors", "--against", "run"])
        #expect(other.status == 65)
        #expect(other.errors.contains("other.safetensors is not run"), "\(other.errors)")
    }

    @Test("a missing Python, and one without the modules, is told in one sentence")
    func missing() throws {
        try place.write("", to: "run.onnx")
        let none = try place.run(
            ["verify", "run.onnx", "--against", "run"], environment: ["MGRQ_PYTHON": "/nowhere/python"])
        #expect(none.status == 66)
        #expect(none.errors.contains("/nowhere/python") && none.errors.contains("onnxruntime"))
        #expect(none.errors.split(separator: "\n").count == 1)
        try place.write("#!/bin/sh\necho onnx onnxruntime\n", to: "python")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.file("python"))
        let bare = try place.run(["verify", "run.onnx", "--against", "run", "--python", "./python"])
        #expect(bare.status == 66)
        #expect(bare.errors.contains("pip install onnx onnxruntime"), "\(bare.errors)")
    }

    @Test("nothing is left in the folder for temporary files")
    func leavesNothing() throws {
        try place.write("#!/bin/sh\nexit 0\n", to: "python")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.file("python"))
        try place.write("", to: "run.onnx")
        try place.write("", to: "temporary/.keep")
        let ending = try place.run(
            ["verify", "run.onnx", "--against", "run", "--python", "./python", "--images", "2"],
            environment: ["TMPDIR": place.file("temporary")])
        // It ends without a result.
        #expect(ending.status == 66 && ending.errors.contains("result.json"), "\(ending.errors)")
        #expect(try place.contents().filter { $0.hasPrefix("temporary/") } == ["temporary/.keep"])
    }

    @Test("a signal ends the script and leaves nothing")
    func interrupted() async throws {
        try place.write("#!/bin/sh\n[ \"$1\" = -c ] && exit 0\nexec sleep 600\n", to: "python")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.file("python"))
        try place.write("", to: "run.onnx")
        try place.write("", to: "temporary/.keep")
        let work = try place.start(
            ["verify", "run.onnx", "--against", "run", "--python", "./python", "--images", "2"],
            environment: ["TMPDIR": place.file("temporary")])
        for _ in 0..<3000 where try !place.contents().contains(where: { $0.hasSuffix("request.json") }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        work.process.terminate()
        let ending = try work.end()
        #expect(ending.status == 143 && !ending.wasKilled, "\(ending.errors)")
        #expect(try place.contents().filter { $0.hasPrefix("temporary/") } == ["temporary/.keep"])
    }
}
