import Files
import Foundation
import Testing

@Suite("mgrq compare", .serialized)
struct CompareTests {
    let place: Workplace
    private let flags = [
        "compare", "--model", "model", "--calibration", "calibration.safetensors", "--evaluation",
        "evaluation.safetensors", "--presets", "calibrate,mgrq", "--variant",
        "block only=mgrq,global_weight=0",
        "--bits", "4/4,3/8", "--seeds", "1,2", "--set", "steps=2", "--set", "batch=4", "--output", "c",
    ]

    init() throws {
        place = try Workplace()
    }

    /// The flags with other values; one that is not among them is added.
    private func flags(with values: [(flag: String, value: String)]) -> [String] {
        values.reduce(into: flags) { flags, change in
            // `--variant` may be given again.
            if change.flag != "--variant", let place = flags.firstIndex(of: change.flag) {
                flags[place + 1] = change.value
            } else {
                flags += [change.flag, change.value]
            }
        }
    }

    @Test("every line has every bits and seed, a table is printed and kept, and nothing is made twice")
    func table() throws {
        let ending = try place.run(flags)
        #expect(ending.status == 0, "\(ending.errors)")
        let lines = ending.output.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 2 + 6 + 1 + 2 + 4 + 1)
        #expect(lines[4].hasPrefix("| W4A4 | block only | 2 | "))
        #expect(lines[8] == "")
        #expect(lines[11].hasPrefix("| W4A4 | mgrq | calibrate | "))
        let verdicts = lines[11].split(separator: "|").suffix(3).map { $0.split(separator: " ").last }
        #expect(verdicts.allSatisfy { ["better", "worse", "undecided"].contains($0) })
        #expect(lines[14].hasPrefix("| W3A8 | block only | calibrate | "))
        #expect(try place.text("c/compare.md") == ending.output)
        let kept = try JSONSerialization.jsonObject(with: try place.data("c/compare.json"))
        let rows = try #require((kept as? [String: Any])?["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["activation_bits"] as? Int } == [4, 4, 4, 8, 8, 8])
        let differences = try #require((kept as? [String: Any])?["differences"] as? [[String: Any]])
        for difference in differences {
            func mean(_ name: Any?, _ key: String) -> Double? {
                let row = rows.first {
                    $0["name"] as? String == name as? String
                        && $0["weight_bits"] as? Int == difference["weight_bits"] as? Int
                }
                return (row?[key] as? [String: Any])?["mean"] as? Double
            }
            for key in ["top1", "agreement", "kl"] {
                let own = try #require(mean(difference["name"], key))
                let other = try #require(mean(difference["against"], key))
                let apart = try #require((difference[key] as? [String: Any])?["mean"] as? Double)
                // Divergences are kept with the digits of a Float.
                #expect(abs(apart - (own - other)) < 1e-6 * max(abs(own), abs(other)) + 1e-9)
            }
        }
        #expect(differences.count == 4)
        let reports = try (1...2).map { try place.data("c/w3a8-mgrq-seed\($0)/report.json") }
        #expect(reports[0] != reports[1])
        let journal = try place.text("c/w3a8-mgrq-seed1/journal.jsonl")
        #expect(journal.contains(#""subject":"final""#) && !journal.contains(#""subject":"calibrated""#))

        try FileManager.default.removeItem(atPath: place.file("c/w4a4-mgrq-seed2/report.json"))
        let again = try place.run(flags)
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.split(separator: "\n").count { $0.hasPrefix("compare: ") } == 1)
        #expect(try (1...2).map { try place.data("c/w3a8-mgrq-seed\($0)/report.json") } == reports)
        #expect(
            again.output.split(separator: "\n").suffix(4) == ending.output.split(separator: "\n").suffix(4))

        let reversed = try place.run(flags + ["--against", "block only"])
        #expect(reversed.output.contains("| W4A4 | calibrate | block only | "))
    }

    @Test("a noise floor that was measured after a run stands beside its KL")
    func noiseFloor() throws {
        let flags = flags(with: [("--presets", "calibrate"), ("--bits", "4/4"), ("--seeds", "1")])
        let before = try place.succeed(flags)
        #expect(!before.output.contains("(floor "))
        for name in ["calibrate", "block-only"] {
            _ = try place.succeed(["evaluate", "c/w4a4-\(name)-seed1", "--noise-floor"])
        }
        let after = try place.succeed(flags)
        #expect(after.output.components(separatedBy: "(floor ").count == 1 + 2, "\(after.output)")
    }

    @Test("a run without predictions, or on other images, is not compared image by image")
    func predictions() throws {
        let flags = flags(with: [("--presets", "calibrate"), ("--bits", "4/4"), ("--seeds", "1")])
        #expect(try place.run(flags).status == 0)
        let folder = "c/w4a4-block-only-seed1"
        let path = "\(folder)/predictions.json"
        let text = try place.text(path)

        let changed = text.replacing("\"labels\": [", with: "\"labels\": [1, ", maxReplacements: 1)
        try Data(changed.utf8).write(to: URL(filePath: place.file(path)))
        let damaged = try place.run(flags)
        #expect(damaged.status == 65 && damaged.output == "")
        #expect(damaged.errors.contains("holds no predictions of a run: it does not match the SHA-256"))

        // Runs that Benchmarks/results.py keeps may have no divergences.
        let older = text.replacing(/"kl": \[[^\]]*\]/, with: "\"kl\": null")
        #expect(older != text)
        try write(older, to: folder)
        let withoutKl = try place.run(flags)
        #expect(withoutKl.status == 0, "\(withoutKl.errors)")
        let line = withoutKl.output.split(separator: "\n").last
        #expect(line?.hasPrefix("| W4A4 | block only | calibrate | ") == true)
        #expect(line?.hasSuffix(" | – |") == true)

        let numbers = text.replacing(/"full_precision": \[\d+/, with: "\"full_precision\": [9999")
        #expect(numbers != text)
        try write(numbers, to: folder)
        let other = try place.run(flags)
        #expect(other.status == 65)
        #expect(other.errors.contains("was evaluated on other images than c/w4a4-calibrate-seed1"))

        try write(nil, to: folder)
        let without = try place.run(flags)
        #expect(without.status == 0, "\(without.errors)")
        #expect(!without.output.contains("| against |"))
        #expect(without.errors.contains("w4a4-block-only-seed1 has no predictions of evaluation images"))
    }

    /// Gives a run other predictions, or none, as if it had come to them.
    private func write(_ predictions: String?, to folder: String) throws {
        func sealed(_ text: String) throws -> (text: String, digest: String) {
            let head = try #require(text.firstRange(of: /,\n  "sha256": "[0-9a-f]*"\n}\n$/)).lowerBound
            let digest = sha256(Array(text[..<head].utf8))
            return (text[..<head] + ",\n  \"sha256\": \"\(digest)\"\n}\n", digest)
        }
        let path = place.file("\(folder)/predictions.json")
        var named = "null"
        if let predictions {
            let page = try sealed(predictions)
            try Data(page.text.utf8).write(to: URL(filePath: path))
            named = "\"\(page.digest)\""
        } else {
            try FileManager.default.removeItem(atPath: path)
        }
        let report = try place.text("\(folder)/report.json")
            .replacing(/"predictions": [^\n]*,/, with: "\"predictions\": \(named),")
        try Data(try sealed(report).text.utf8).write(to: URL(filePath: place.file("\(folder)/report.json")))
    }

    @Test("plans that cannot be compared are refused, and no files remain")
    func refusal() throws {
        let before = try place.contents()
        for (flag, value) in [
            ("--presets", "mgr"), ("--variant", "x=mgrq,stepz=1"), ("--bits", "4"), ("--bits", "1/4"),
            ("--seeds", "1,1"), ("--seeds", "a"), ("--seed", "3"), ("--variant", "mgrq=calibrate"),
            ("--against", "glf"),
        ] {
            let ending = try place.run(flags(with: [(flag, value)]))
            #expect(ending.status == 64, "\(flag) \(value): \(ending.errors)")
            #expect(ending.errors.hasPrefix("mgrq: ") && !ending.errors.contains("more than once"))
            #expect(ending.output == "")
        }
        #expect(try place.contents() == before)
    }

    @Test("a run of another plan is not overwritten")
    func otherPlan() throws {
        #expect(try place.run(flags).status == 0)
        let ending = try place.run(flags + ["--set", "steps=3"])
        #expect(ending.status == 73)
        #expect(ending.errors.contains("c/w4a4-mgrq-seed1 holds a run of another plan"))
    }
}
