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

    private func verify(_ file: String, _ more: [String] = []) throws -> Proof {
        try place.verify(file, against: "run", more)
    }

    @Test("a correct graph is one, with every comparison made and a floor that was measured")
    func correct() throws {
        let proof = try verify("run.onnx", ["--images", "20"])
        #expect(proof.ending.status == 0, "\(proof.ending.errors)")
        let (report, checks) = (proof.report, proof.checks)
        #expect(
            checks.compactMap { $0["name"] as? String } == [
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
        #expect(runtime["name"] as? String == "ONNX Runtime")
        #expect(try #require(runtime["integer_products"] as? Int) > 0)
        #expect((report["omitted"] as? [Any])?.isEmpty == true)
        #expect(try #require(report["bit_operations"] as? Int) > 0)
        #expect(report["bytes"] as? Int == (try place.data("run.onnx")).count)
    }

    @Test(
        "a fault is found, and the first comparison that sees it is named",
        arguments: Proof.faults + [
            ("head_levels", "blocks.0.attn.softmax"), ("weight_zero_point", "blocks.0.attn.qkv.weight"),
        ])
    func faults(fault: String, expected: String) throws {
        try place.damage("run.onnx", by: fault)
        try verify("damaged.onnx", ["--images", "16", "--traced-images", "16"]).expectFault(at: expected)
    }

    @Test("one flipped code of a weight is found by the weights and by the layer's operator")
    func weightCode() throws {
        try place.damage("run.onnx", by: "weight_code")
        let failing = try verify("damaged.onnx", ["--images", "16"]).failing
        #expect(failing.keys.contains("weights") && failing.keys.contains("operator values"), "\(failing)")
    }

    @Test("a file that is no graph is refused with the reason")
    func noGraph() throws {
        try place.write("no graph", to: "text.onnx")
        let proof = try verify("text.onnx")
        #expect(proof.ending.status == 65)
        #expect(proof.ending.errors.contains("onnx.checker"), "\(proof.ending.errors)")
        #expect(proof.checks.first?["detail"] is String)
    }

    @Test("an export can be verified at once, and stays where it is not the same")
    func export() throws {
        let ending = try place.run(
            ["export", "run", "--format", "onnx", "--output", "again.onnx", "--verify"],
            environment: PythonScript.environment)
        #expect(ending.status == 0, "\(ending.errors)")
        #expect(ending.output.contains("operator codes") && ending.output.contains("latency"))
        #expect(try place.data("again.onnx") == place.data("run.onnx"))
        let refused = try place.run([
            "export", "run", "--format", "packed", "--output", "p.safetensors", "--verify",
        ])
        #expect(refused.status == 64)
        #expect(try !place.contents().contains("p.safetensors"))
    }

    @Test(
        "a runtime that Python lacks is told in one sentence, with the one that does without",
        .enabled(if: !PythonScript.runsOpenVINO, "this python has OpenVINO"))
    func noOpenVINO() throws {
        let ending = try place.run(
            ["verify", "run.onnx", "--against", "run", "--runtime", "openvino"],
            environment: PythonScript.environment)
        #expect(ending.status == 66)
        #expect(ending.errors.contains("pip install openvino"), "\(ending.errors)")
        #expect(ending.errors.contains("--runtime onnxruntime"))
        #expect(ending.errors.split(separator: "\n").count == 1)
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

@Suite(
    "The proof of a graph that pools by attention",
    .enabled(if: PythonScript.runsGraphs, "there is no python3 with onnx, onnxruntime and numpy"))
struct PoolingVerifyTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
        let images = try place.writeNoise(for: "attention-pool")
        _ = try place.succeed([
            "run", "--model", GoldenModels.path("attention-pool"), "--calibration", images, "--normalised",
            "--preset", "calibrate", "--site", "attn_pool.k=16", "--output", "run",
        ])
        _ = try place.succeed(["export", "run", "--format", "onnx", "--output", "run.onnx"])
    }

    @Test(
        "a fault in the query, which is the same for every image, and in what it meets is found",
        arguments: [
            ("pooled_query", "attn_pool.query", ["other tensors", "operator codes"]),
            ("pooled_operands", "attn_pool.k", ["operator values"]),
        ])
    func faults(fault: String, expected: String, checks: [String]) throws {
        try place.damage("run.onnx", by: fault)
        let proof = try place.verify("damaged.onnx", against: "run", ["--images", "16"])
        try proof.expectFault(at: expected)
        for check in checks { #expect(proof.failing[check] != nil, "\(proof.failing)") }
        if fault == "pooled_query" { #expect(proof.failing["operator codes"] == "attn_pool.q") }
    }

    @Test("a query in full precision is compared as it is")
    func fullPrecision() throws {
        let images = try place.writeNoise(for: "attention-pool")
        _ = try place.succeed([
            "run", "--model", GoldenModels.path("attention-pool"), "--calibration", images, "--normalised",
            "--preset", "calibrate", "--site", "attn_pool.q=16", "--output", "float",
        ])
        _ = try place.succeed(["export", "float", "--format", "onnx", "--output", "float.onnx"])
        #expect(try place.verify("float.onnx", against: "float").ending.status == 0)
        try place.damage("float.onnx", by: "pooled_query_value")
        let failing = try place.verify("damaged.onnx", against: "float").failing
        #expect(failing["other tensors"] == "attn_pool.query" && failing["operator values"] == "attn_pool.q")
    }
}

@Suite(
    "The proof of a graph in OpenVINO",
    .enabled(
        if: PythonScript.runsOpenVINO,
        "MGRQ_TEST_PYTHON names no python3 with openvino, onnx, onnxruntime and numpy"))
struct OpenVINOTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--weight-bits", "4", "--activation-bits", "4", "--target",
                "openvino",
                "--output", "run",
            ])
        _ = try place.succeed(["export", "run", "--format", "onnx", "--output", "run.onnx"])
    }

    @Test("a correct graph is one, and what was not compared is said with the reason")
    func correct() throws {
        let proof = try place.verify("run.onnx", against: "run")
        #expect(proof.ending.status == 0, "\(proof.ending.errors)")
        let runtime = try #require(proof.report["runtime"] as? [String: Any])
        #expect(runtime["name"] as? String == "OpenVINO")
        #expect(try #require(runtime["integer_products"] as? Int) > 0)
        #expect(
            runtime["settings"] as? [String] == [
                "INFERENCE_PRECISION_HINT=f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE=0",
            ])
        #expect(proof.report["floor"] is [String: Any])
        let omitted = try #require(proof.report["omitted"] as? [[String: String]])
        #expect(omitted.compactMap { $0["name"] } == ["quantizers at ties", "MatMulNBits"])
        let elsewhere = try place.verify("run.onnx", against: "run", ["--runtime", "onnxruntime"])
        #expect(elsewhere.ending.status == 0, "\(elsewhere.ending.errors)")
    }

    @Test(
        "a fault is found, and the first comparison that sees it is named",
        arguments: Proof.faults)
    func faults(fault: String, expected: String) throws {
        try place.damage("run.onnx", by: fault)
        try place.verify("damaged.onnx", against: "run", ["--images", "16", "--traced-images", "16"])
            .expectFault(at: expected)
    }
}

/// What `mgrq verify` found.
struct Proof {
    /// Faults of `damage_onnx.py` that every runtime shows, and the place where each is found first.
    static let faults = [
        ("head_scales", "blocks.0.attn.q"), ("head_values", "blocks.0.attn.proj.input"),
        ("zero_point", "blocks.0.mlp.fc1.input"), ("half_up", "blocks.0.mlp.fc1.input"),
        ("score_factor", "blocks.0.attn.softmax"), ("other_bias", "blocks.0.mlp.fc2.input"),
        ("weight_code", "blocks.0.mlp.fc2.weight"), ("top_code", "blocks.0.attn.k"),
        ("unquantized_input", "blocks.0.mlp.fc2.input"), ("norm_gain", "blocks.0.norm2.weight"),
        ("exchanged_operands", "blocks.0.attn.k"),
    ]

    let ending: Work.Ending
    let report: [String: Any]

    var checks: [[String: Any]] { report["checks"] as? [[String: Any]] ?? [] }

    /// The comparisons that fail, with the place of each.
    var failing: [String: String] {
        let failing = checks.filter { $0["holds"] as? Bool == false }
        return Dictionary(
            failing.map { ($0["name"] as? String ?? "", $0["place"] as? String ?? "") },
            uniquingKeysWith: { first, _ in first })
    }

    /// Expects that weights, quantizers or operators found a fault at a place.
    func expectFault(at expected: String) throws {
        #expect(ending.status == 65)
        #expect(ending.errors.contains("damaged.onnx is not run"), "\(ending.errors)")
        let operators = [
            "weights", "other tensors", "quantizers", "operator codes", "operator step", "operator values",
        ]
        let first = try #require(checks.first { $0["holds"] as? Bool == false }, "it was not found")
        #expect(operators.contains(first["name"] as? String ?? ""), "\(first)")
        #expect(first["place"] as? String == expected, "\(first)")
        #expect(ending.errors.contains(expected))
    }
}

extension Workplace {
    /// Runs `mgrq verify` without latency.
    func verify(_ file: String, against run: String, _ more: [String] = []) throws -> Proof {
        let ending = try self.run(
            ["verify", file, "--against", run, "--no-latency", "--json"] + more,
            environment: PythonScript.environment)
        return Proof(ending: ending, report: try jsonObject(ending.output))
    }

    /// Makes `python`, a program that stands for the interpreter.
    func writePython(_ script: String) throws {
        try write(script, to: "python")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file("python"))
    }

    /// Makes `damaged.onnx` of a graph by a fault of `damage_onnx.py`.
    func damage(_ graph: String, by fault: String) throws {
        let script = try PythonScript(file: "damage_onnx.py", [fault, file(graph), file("damaged.onnx")])
        let made = try script.end()
        try #require(made.status == 0, "\(made.errors)")
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
        try place.writePython("#!/bin/sh\necho onnx onnxruntime\n")
        let bare = try place.run(["verify", "run.onnx", "--against", "run", "--python", "./python"])
        #expect(bare.status == 66)
        #expect(bare.errors.contains("pip install onnx onnxruntime"), "\(bare.errors)")
    }

    @Test("nothing is left in the folder for temporary files")
    func leavesNothing() throws {
        try place.writePython("#!/bin/sh\nexit 0\n")
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
        try place.writePython("#!/bin/sh\n[ \"$1\" = -c ] && exit 0\nexec sleep 600\n")
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
