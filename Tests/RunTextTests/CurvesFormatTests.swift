import Foundation
import Runs
import Testing
import Vocabulary
import RunText

@Suite("Files of curves")
struct CurvesFormatTests {
    private static let probed = StepSample(
        unit: 0, attempt: 2, step: 1, steps: 40, loss: 0.25,
        terms: Terms(block: 0.5, global: 0.125, local: nil),
        weighted: Terms(block: 0.2, global: 0.05, local: nil),
        gradientNorms: Terms(block: 3, global: 1e-9, local: nil),
        gradientCosines: GradientCosines([TermPair(.block, .global): -0.5]))
    private static let plain = StepSample(
        unit: 0, attempt: 2, step: 2, steps: 40, loss: .nan,
        terms: Terms(block: 0.5, global: nil, local: nil),
        weighted: Terms(block: 0.2, global: nil, local: nil), gradientNorms: nil)

    private func file(_ format: CurvesFormat) -> String {
        format.opening + format.text(of: Self.probed, unit: "blocks.0", isFirst: true)
            + format.text(of: Self.plain, unit: "a,\"b\"", isFirst: false) + format.closing
    }

    @Test("a table has a column for everything that a step measures, empty where it was not measured")
    func csv() {
        let lines = file(.csv).split(separator: "\n").map(String.init)
        #expect(
            lines[0]
                == "unit,attempt,step,steps,loss,validation_loss,block,global,local,weighted_block,weighted_global,"
                + "weighted_local,gradient_norm_block,gradient_norm_global,gradient_norm_local,cosine_block_global,"
                + "cosine_block_local,cosine_global_local")
        #expect(lines[1] == "blocks.0,2,1,40,0.25,,0.5,0.125,,0.2,0.05,,3.0,1e-09,,-0.5,,")
        #expect(lines[2] == "\"a,\"\"b\"\"\",2,2,40,,,0.5,,,0.2,,,,,,,,")
        #expect(lines.count == 3)
    }

    @Test("a list of objects says the same")
    func json() throws {
        let steps = try #require(
            JSONSerialization.jsonObject(with: Data(file(.json).utf8)) as? [[String: Any]])
        #expect(steps.count == 2)
        #expect(steps[0]["unit"] as? String == "blocks.0")
        #expect(steps[0]["gradient_norm_global"] as? Double == 1e-9)
        #expect(steps[0]["local"] is NSNull)
        #expect(steps[1]["unit"] as? String == "a,\"b\"")
        #expect(steps[1]["loss"] is NSNull)
        let empty = CurvesFormat.json.opening + CurvesFormat.json.closing
        #expect((try JSONSerialization.jsonObject(with: Data(empty.utf8)) as? [Any])?.isEmpty == true)
    }

    @Test(
        "a file's extension selects the format",
        arguments: [
            ("a.csv", .csv), ("b.c/d.JSON", .json), ("csv", nil), ("a.csv/b", nil), ("", nil), ("a.", nil),
            ("a.svg", nil),
        ] as [(String, CurvesFormat?)])
    func endings(path: String, format: CurvesFormat?) {
        #expect(CurvesFormat(path: path) == format)
    }
}
