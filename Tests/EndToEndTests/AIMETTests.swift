import Foundation
import Testing

@Suite("Encodings of AIMET")
struct AIMETTests {
    let place: Workplace

    init() throws { place = try Workplace() }

    @Test(
        "have the scales and zero points of every quantized site", arguments: ["8", "4"])
    func encodings(bits: String) throws {
        _ = try place.succeed(
            ["run"] + Workplace.job + [
                "--preset", "calibrate", "--weight-bits", bits, "--activation-bits", bits, "--set",
                "attention_levels=uniform", "--site", "head.input=16", "--output", "uniform",
            ])
        let ending = try place.run(["export", "uniform", "--format", "aimet", "--output", "e.json"])
        #expect(ending.status == 0, "\(ending.errors)")
        let file = try jsonObject(place.text("e.json"))
        #expect(file["version"] as? String == "2.0.0")
        let encodings = try #require(file["encodings"] as? [[String: Any]])
        let names = encodings.compactMap { $0["name"] as? String }
        #expect(!names.contains("head.input") && names.contains("blocks.1.attn.softmax"))
        for encoding in encodings {
            let scales =
                (encoding["y_scale"] as? [Double]) ?? (encoding["y_scale"] as? Double).map { [$0] } ?? []
            let isList = encoding["y_scale"] is [Double]
            #expect(!scales.isEmpty && scales.allSatisfy { $0 > 0 })
            #expect(encoding["output_dtype"] as? String == "uint\(bits)")
            #expect((encoding["axis"] != nil) == isList && (encoding["y_zero_point"] is [Int]) == isList)
        }
        let weight = try #require(encodings.first { $0["name"] as? String == "blocks.0.attn.qkv.weight" })
        #expect((weight["y_scale"] as? [Double])?.count == 48 && weight["axis"] as? Int == 0)
    }

    @Test(
        "are refused with the site that they cannot express",
        arguments: [
            (["--weight-bits", "3"], "has 3 bits"),
            (["--set", "attention_levels=log_sqrt2"], ".attn.softmax has levels"),
        ])
    func refusedEncodings(flags: [String], reason: String) throws {
        _ = try place.succeed(
            ["run"] + Workplace.job + ["--preset", "calibrate"] + flags + ["--output", "other"])
        let ending = try place.run(["export", "other", "--format", "aimet", "--output", "e.json"])
        #expect(
            ending.status == 64 && ending.errors.contains(reason) && ending.errors.contains("accepted are"))
        #expect(!FileManager.default.fileExists(atPath: place.file("e.json")))
    }
}
