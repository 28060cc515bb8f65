import Foundation
import Safetensors
import Testing

@Suite("The other commands", .serialized)
struct CommandTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    @Test(
        "no command without a terminal, --help and --version are answered",
        arguments: [[], ["--help"], ["run", "--help"]])
    func help(arguments: [String]) throws {
        let ending = try place.run(arguments)
        #expect(ending.status == 0)
        #expect(ending.output.contains("USAGE: mgrq"))
        #expect(ending.errors == "")
        #expect(try place.run(["--version"]).output.hasPrefix("mgrq "))
    }

    @Test("a checkpoint agrees with itself entirely")
    func evaluate() throws {
        let ending = try place.run(["evaluate", "model", "--data", "evaluation.safetensors", "--json"])
        #expect(ending.status == 0, "\(ending.errors)")
        let measured = try jsonObject(ending.output)
        #expect(measured["images"] as? Int == 20)
        #expect(measured["agreement"] as? Double == 100)
        #expect(measured["kl"] as? Double == 0)
        #expect(measured["sqnr_db"] is NSNull)
        #expect(measured["top5"] as? Double == 100)
        #expect(ending.output.split(separator: "\n").count == 1)
    }

    @Test("images without labels have no accuracy")
    func unlabelled() throws {
        let ending = try place.run(["evaluate", "model", "--data", "calibration.safetensors", "--json"])
        #expect(try jsonObject(ending.output)["top1"] is NSNull)
    }

    @Test("a checkpoint is described")
    func inspect() throws {
        let ending = try place.run(["inspect", "model", "--json"])
        #expect(ending.status == 0, "\(ending.errors)")
        let found = try jsonObject(ending.output)
        #expect((found["tensors"] as? [Any])?.count == SmallModel.tensors().count)
        #expect((found["problems"] as? [Any])?.isEmpty == true)
        #expect((found["architecture"] as? String)?.contains("2 blocks of width 16") == true)
        #expect(try place.run(["inspect", "model"]).output.contains("blocks.1.mlp.fc2.weight"))
    }

    @Test("a checkpoint that cannot be quantized is described, and every reason given")
    func inspectUnsupported() throws {
        try place.write(
            SmallModel.tensors().filter { !$0.name.hasPrefix("norm.") }, to: "model/model.safetensors")
        let ending = try place.run(["inspect", "model", "--json"])
        #expect(ending.status == 65)
        #expect((try jsonObject(ending.output)["problems"] as? [String])?.count == 2)
        #expect(ending.errors.hasPrefix("mgrq: model/model.safetensors cannot be quantized for 2 reasons"))
    }

    @Test("a sweep measures every point of its grid")
    func sweep() throws {
        let flags = [
            "sweep", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
            "evaluation.safetensors", "--weight-bits", "2,8", "--activation-bits", "3,8,16",
        ]
        let ending = try place.run(flags + ["--json", "--output", "s1"])
        #expect(ending.status == 0, "\(ending.errors)")
        let events = try ending.output.split(separator: "\n").map { try jsonObject($0) }
        let points = events.filter { $0["event"] as? String == "sweep_measured" }
        // The most informative ones first.
        #expect(points.compactMap { $0["weight_bits"] as? Int } == [8, 8, 8, 2, 2, 2])
        #expect(points.compactMap { $0["activation_bits"] as? Int } == [8, 16, 3, 3, 8, 16])
        let bytes = points.compactMap { $0["bytes"] as? Int }
        try #require(bytes.count == 6)
        #expect(bytes[3] < bytes[0])
        let divergences = points.compactMap { ($0["evaluation"] as? [String: Any])?["kl"] as? Double }
        try #require(divergences.count == 6)
        #expect(divergences[0] < divergences[3])
        let table = try place.run(flags + ["--output", "s2"])
        #expect(table.output.split(separator: "\n").count == 7)
    }

    @Test("bits are allocated within a budget, beneath those that people fixed")
    func allocate() throws {
        let flags = [
            "allocate", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
            "evaluation.safetensors", "--preset", "ridge", "--sensitivities", "table.json", "--site",
            "*.fc1.weight=8", "--output", "mixed.yaml",
        ]
        let ending = try place.run(flags + ["--budget-mean-bits", "4.5", "--json"])
        #expect(ending.status == 0, "\(ending.errors)")
        let allocation = try #require(try jsonObject(ending.output)["allocation"] as? [String: Any])
        #expect(try #require(allocation["mean_bits"] as? Double) <= 4.5)
        #expect(ending.errors.contains("measuring blocks.1, 3 of 4"))
        let plan = try String(contentsOfFile: place.file("mixed.yaml"), encoding: .utf8)
        let sites = plan.components(separatedBy: "\nsites:\n").last ?? ""
        #expect(sites.contains("match: head.weight"))
        #expect(!sites.contains("blocks.0.mlp.fc1.weight"))
        #expect(sites.hasSuffix("  - match: '*.fc1.weight'\n    bits: 8\n"))
        #expect(try place.run(["run", "mixed.yaml", "--output", "r1"]).status == 0)
        // What was measured is not measured again, and not used for another plan.
        let again = try place.run(flags + ["--budget-size", "0.02"])
        #expect(again.errors == "")
        #expect(again.output.contains("mean bits"))
        let other = try place.run(flags + ["--budget-size", "0.02", "--seed", "5"])
        #expect(other.status == 64)
        #expect(other.errors.contains("holds sensitivities of another plan"))
        let fewer = try place.run(flags + ["--budget-size", "0.02", "--images", "3"])
        #expect(fewer.status == 64)
        #expect(fewer.errors.contains("not on 3; give --sensitivities another file"))
        let images = URL(filePath: place.file("calibration.safetensors"))
        var bytes = try Data(contentsOf: images)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: images)
        let changed = try place.run(flags + ["--budget-size", "0.02"])
        #expect(changed.status == 65)
        #expect(
            changed.errors.contains(
                /sensitivities are out of date: the calibration images in .* have changed; give --sens/),
            "\(changed.errors)")
    }

    @Test(
        "budgets that make no sense are refused",
        arguments: [
            ([], "exactly one budget is needed"),
            (["--budget-size", "1", "--budget-mean-bits", "3"], "exactly one budget is needed"),
            (["--budget-mean-bits", "0"], "--budget-mean-bits cannot be"),
            (["--budget-size", "1", "--activation-bits", "3,4"], "--activation-bits cannot be given"),
            (["--budget-size", "1", "--weight-bits", "4,16"], "--weight-bits cannot be"),
            (["--budget-size", "1", "--site", "head.weight"], "--site cannot be"),
            (["--budget-size", "1", "--measure", "luck"], "--measure cannot be"),
        ])
    func allocateRefusals(flags: [String], words: String) throws {
        let ending = try place.run(
            [
                "allocate", "--model", "model", "--calibration", "calibration.safetensors", "--output",
                "x.yaml",
            ] + flags)
        #expect(ending.status == 64)
        #expect(ending.errors.contains(words), "\(ending.errors)")
    }

    @Test("the workbench without a terminal quantizes the bundled model with plain lines")
    func workbench() throws {
        let samples = "samples/sample-models"
        for (from, to) in [
            ("model", "fashion-vit"), ("calibration.safetensors", "fashion-mnist/calibration.safetensors"),
            ("evaluation.safetensors", "fashion-mnist/evaluation.safetensors"),
        ] {
            try place.write("", to: "\(samples)/fashion-mnist/.keep")
            try FileManager.default.copyItem(atPath: place.file(from), toPath: place.file("\(samples)/\(to)"))
        }
        let ending = try place.run(
            ["workbench", "--set", "steps=2"], environment: ["MGRQ_SAMPLES": place.file(samples)])
        #expect(ending.status == 0, "\(ending.errors)")
        let lines = ending.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("full precision  top-1 ") == true)
        #expect(lines.contains { $0.hasPrefix("final ") && $0.contains("top-1") })
        #expect(
            FileManager.default.fileExists(atPath: place.file("runs/fashion-vit-w4a4-mgrq-1/report.json")))
        #expect(!ending.output.contains("\u{1B}"))
    }
}
