import TestSupport
import Foundation
import Quantization
import Runs
import TensorCore
import Testing

import Checkpoints
@testable import Engine
import Vocabulary

@Suite("Exported files, read back")
struct VerifiedExportTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    /// The packed model of a short run.
    private func model(
        attention levels: AttentionLevels = Hyperparameters().attentionLevels
    ) throws -> PackedCheckpoint {
        var plan = try bench.plan()
        plan.hyperparameters.steps = 0
        plan.hyperparameters.attentionLevels = levels
        _ = bench.run(plan, to: "run")
        return try PackedCheckpoint(CheckedRun(RunDirectory(path: bench.folder.file("run"))))
    }

    @Test("a file that holds the model is reported with its integers and images")
    func same() throws {
        _ = try model()
        let path = bench.folder.file("same.safetensors")
        let result = try exportRun(bench.folder.file("run"), format: .packed, to: path, threads: 2)
        #expect(result.bytes == (try Data(contentsOf: URL(fileURLWithPath: path))).count)
        #expect(result.verification.codes > 1000 && result.verification.images == 8)
        let recipe = try exportRun(
            bench.folder.file("run"), format: .recipe, to: bench.folder.file("r.yaml"))
        #expect(recipe.verification == ExportVerification(codes: 0, images: 0))
    }

    @Test("a graph refuses levels that it cannot give a site, and names the site")
    func refusedLevels() throws {
        var model = try model(attention: .logSqrt2)
        let map = try #require(model.units[1]?.sites[4])
        try #require(map.kind == "log_sqrt2")
        model.units[1]?.sites[1] = map
        let error = #expect(throws: RunFailure.self) {
            try ModelGraph.file(of: model, path: "run", layout: ModelGraph.Layout())
        }
        #expect(error?.message.contains("blocks.0.attn.q") == true, "\(error?.message ?? "")")
        #expect(error?.kind == .usage)
    }

    @Test(
        "planes of bits have every code, for every width and number of codes", arguments: 2...7,
        [9000, 16001])
    func planes(bits: Int, count: Int) throws {
        var generator = SeededGenerator(seed: UInt64(bits))
        let codes = (0..<count * 8).map { _ in Int8(generator.index(below: 1 << bits)) }
        let planes = try #require(BitPlane.planes(of: codes, bits: try BitWidth(bits)))
        #expect(planes.reduce(0) { $0 + $1.width } == bits)
        #expect(planes.reduce(0) { $0 + $1.bytes.count } < codes.count * bits / 8 + 8)
        for index in codes.indices {
            let code = planes.reduce(0) { code, plane in
                let byte = Int(plane.bytes[index % plane.bytes.count])
                let part = byte >> (index / plane.bytes.count * plane.width) & (1 << plane.width - 1)
                return code | part << plane.shift
            }
            try #require(code == Int(codes[index]))
        }
    }

    @Test("few codes, bytes and codes below 0 have no planes")
    func noPlanes() throws {
        let codes = [Int8](repeating: 1, count: 20_000)
        #expect(BitPlane.planes(of: codes, bits: try BitWidth(8)) == nil)
        #expect(BitPlane.planes(of: Array(codes.prefix(100)), bits: try BitWidth(4)) == nil)
        #expect(BitPlane.planes(of: codes + [-1], bits: try BitWidth(4)) == nil)
    }

    @Test("one number that differs is found, and its tensor named")
    func different() throws {
        let pool = WorkerPool(threads: 1)
        defer { pool.shutDown() }
        let model = try model()
        var other = model
        other.units[1]?.vectors[0].elements[3] += 0.25
        #expect { try model.verify(other, pool: pool) } throws: {
            "\($0)".contains("read back, blocks.0.norm1.weight differs")
        }
        other = model
        let last = (other.units.keys.max() ?? 0)
        other.units[last]?.linears[0].weight.elements.swapAt(0, 40)
        #expect { try model.verify(other, pool: pool) } throws: { "\($0)".contains("weight differs") }
        other = model
        other.units[2]?.sites[0] = .fullPrecision
        #expect { try model.verify(other, pool: pool) } throws: {
            "\($0)".contains("the quantizer of blocks.1")
        }
    }

    @Test("a file that cannot be written leaves what is there, and is called by its own name")
    func refusal() throws {
        _ = try model()
        let path = bench.folder.file("nowhere/out.safetensors")
        #expect {
            try exportRun(bench.folder.file("run"), format: .packed, to: path)
        } throws: { error in
            "\(error)".contains("nowhere/out.safetensors") && !"\(error)".contains(".unfinished-")
        }
        #expect(throws: RunFailure.self) {
            try exportRun(bench.folder.file("run"), format: .recipe, to: bench.folder.file("run"))
        }
        #expect(try bench.packed("run") == bench.packed("run"))
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.folder.file(""))
        #expect(!names.contains { $0.hasPrefix(".unfinished-") })
    }
}
