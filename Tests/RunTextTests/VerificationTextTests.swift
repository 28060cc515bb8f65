import RunText
import Runs
import Testing

@Suite("The comparison of an export as text")
struct VerificationTextTests {
    private func report(_ checks: [VerificationReport.Check]) -> VerificationReport {
        VerificationReport(
            file: "w4.onnx", sha256: "", reference: "run", images: 64, tracedImages: 8, bytes: 1_000_000,
            fullPrecisionBytes: 4_000_000, parameters: 1_000_000, bitOperations: 1_000_000,
            fullPrecisionBitOperations: 4_000_000, checks: checks,
            floor: NoiseFloor(kl: 1.25e-4, changed: 1.5),
            latency: VerificationReport.Latency(
                threads: 1, pairs: 30, isProcessorTime: true, fullPrecisionMilliseconds: 20, milliseconds: 10,
                speedup: 2))
    }

    private let good = VerificationReport.Check(
        name: "weights", measured: 0, bound: 0, compared: 1200, holds: true)
    private let bad = VerificationReport.Check(
        name: "operator codes", place: "blocks.0.attn.q", measured: 1234, bound: 2.512, compared: 51200,
        holds: false)
    private let broken = VerificationReport.Check(
        name: "KL", measured: .nan, bound: 1e-3, compared: nil, holds: false, detail: "it cannot be loaded")

    @Test("the first comparison that fails is named with its place and by how much")
    func failure() {
        #expect(VerificationText.failure(report([good])) == nil)
        #expect(
            VerificationText.failure(report([good, bad, broken]))
                == "w4.onnx is not run: operator codes at blocks.0.attn.q: 1 234 was found, at most 2.51 is accepted"
        )
        #expect(VerificationText.failure(report([broken])) == "w4.onnx is not run: KL: it cannot be loaded")
    }

    @Test("the table has a line for every comparison, and says what could not be compared")
    func table() {
        let lines = VerificationText.lines(report([good, bad, broken]))
        #expect(lines[0] == "file            w4.onnx, 1.00 MB, 8.00 bits a parameter")
        #expect(lines.contains("noise floor     KL 1.3e-4 nats, 1.50 % other answers"))
        #expect(lines.contains { $0.hasPrefix("latency") && $0.contains("20.00 → 10.00 ms, ×2.0 as fast") })
        #expect(lines.contains("weights            1 200      0         0  ok     –"))
        #expect(lines.contains("operator codes    51 200  1 234      2.51  fails  blocks.0.attn.q"))
        #expect(lines.last == "KL: it cannot be loaded")
    }
}
