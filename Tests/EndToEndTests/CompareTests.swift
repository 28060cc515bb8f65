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

    @Test("every line has every bits and seed, a table is printed and kept, and nothing is made twice")
    func table() throws {
        let ending = try place.run(flags)
        #expect(ending.status == 0, "\(ending.errors)")
        let lines = ending.output.split(separator: "\n")
        #expect(lines.count == 2 + 6)
        #expect(lines[4].hasPrefix("| W4A4 | block only | 2 | "))
        #expect(try place.text("c/compare.md") == ending.output)
        let kept = try JSONSerialization.jsonObject(with: try place.data("c/compare.json"))
        let rows = try #require((kept as? [String: Any])?["rows"] as? [[String: Any]])
        #expect(rows.compactMap { $0["activation_bits"] as? Int } == [4, 4, 4, 8, 8, 8])
        let reports = try (1...2).map { try place.data("c/w3a8-mgrq-seed\($0)/report.json") }
        #expect(reports[0] != reports[1])
        let journal = try place.text("c/w3a8-mgrq-seed1/journal.jsonl")
        #expect(journal.contains(#""subject":"final""#) && !journal.contains(#""subject":"calibrated""#))

        try FileManager.default.removeItem(atPath: place.file("c/w4a4-mgrq-seed2/report.json"))
        let again = try place.run(flags)
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.split(separator: "\n").count { $0.hasPrefix("compare: ") } == 1)
        #expect(try (1...2).map { try place.data("c/w3a8-mgrq-seed\($0)/report.json") } == reports)
    }

    @Test("what cannot be compared is refused, and nothing is left behind")
    func refusal() throws {
        let before = try place.contents()
        for (flag, value) in [
            ("--presets", "mgr"), ("--variant", "x=mgrq,stepz=1"), ("--bits", "4"), ("--bits", "1/4"),
            ("--seeds", "1,1"), ("--seeds", "a"), ("--seed", "3"), ("--variant", "mgrq=calibrate"),
        ] {
            let ending = try place.run(flags + [flag, value])
            #expect(ending.status == 64, "\(flag) \(value): \(ending.errors)")
            #expect(ending.errors.hasPrefix("mgrq: "))
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
