import Foundation
import Safetensors
import Testing

@Suite("The other commands", .serialized)
struct CommandTests {
    let place: Workplace

    init() throws {
        place = try Workplace()
    }

    private func object(_ text: some StringProtocol) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
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
        let measured = try object(ending.output)
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
        #expect(try object(ending.output)["top1"] is NSNull)
    }

    @Test("a checkpoint is described")
    func inspect() throws {
        let ending = try place.run(["inspect", "model", "--json"])
        #expect(ending.status == 0, "\(ending.errors)")
        let found = try object(ending.output)
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
        #expect((try object(ending.output)["problems"] as? [String])?.count == 2)
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
        let events = try ending.output.split(separator: "\n").map { try object($0) }
        let points = events.filter { $0["event"] as? String == "sweep_measured" }
        #expect(points.compactMap { $0["weight_bits"] as? Int } == [2, 2, 2, 8, 8, 8])
        #expect(points.compactMap { $0["activation_bits"] as? Int } == [3, 8, 16, 3, 8, 16])
        let bytes = points.compactMap { $0["bytes"] as? Int }
        try #require(bytes.count == 6)
        #expect(bytes[0] < bytes[3])
        let divergences = points.compactMap { ($0["evaluation"] as? [String: Any])?["kl"] as? Double }
        try #require(divergences.count == 6)
        #expect(divergences[5] < divergences[0])
        let table = try place.run(flags + ["--output", "s2"])
        #expect(table.output.split(separator: "\n").count == 7)
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
