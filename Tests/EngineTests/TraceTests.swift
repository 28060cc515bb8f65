import Checkpoints
import Datasets
import Foundation
import Quantization
import Runs
import Safetensors
import TensorCore
import Testing
import TestSupport

@testable import Engine
import Vocabulary

@Suite("Traces of a quantized model")
struct TraceTests {
    private let bench: Bench
    private let model: PackedCheckpoint
    private let trace: SafetensorsFile

    init() throws {
        bench = try Bench()
        var plan = try bench.plan()
        plan.hyperparameters.steps = 0
        plan.hyperparameters.attentionLevels = .logSqrt2
        plan.sites = [SiteOverride(match: "blocks.1.attn.k", bits: 16)]
        _ = bench.run(plan, to: "run")
        model = try PackedCheckpoint(CheckedRun(RunDirectory(path: bench.folder.file("run"))))
        let summary = try traceModelOrRun(
            path: bench.folder.file("run"), dataPath: bench.folder.file("evaluation.safetensors"), count: 5,
            outputPath: bench.folder.file("trace.safetensors"), threads: 2)
        trace = try SafetensorsFile(path: bench.folder.file("trace.safetensors"))
        #expect(summary.images == 5 && summary.tensors == trace.names.count)
    }

    private func floats(_ name: String) throws -> [Float] {
        let bytes = try trace.bytes(name)
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            Float(
                bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) })
        }
    }

    private func shape(_ name: String) throws -> [Int] { try #require(trace.entry(name)).shape }

    /// The values of a site's codes, row by row.
    private func values(_ site: Int, of unit: Int) throws -> [Float] {
        let parts = [
            "attn.qkv.input", "attn.q", "attn.k", "attn.v", "attn.softmax", "attn.proj.input",
            "mlp.fc1.input", "mlp.fc2.input",
        ]
        let site = (index: site, name: "blocks.\(unit - 1).\(parts[site])")
        let quantizer = try #require(model.units[unit]?.sites[site.index])
        guard quantizer.quantizer != nil else { return try floats("\(site.name).values") }
        let name = "\(site.name).codes"
        let shape = try shape(name)
        // Heads are columns of queries, keys and values, and rows of maps.
        let columns = (1...3).contains(site.index) ? shape[2] * shape[3] : shape[shape.count - 1]
        let codes = try trace.bytes(name)
        return try #require(
            quantizer.dequantize(codes, rows: codes.count / columns, columns: columns)
        ).elements
    }

    @Test("has every tensor once, with shapes that say what the axes are")
    func shapes() throws {
        #expect(try shape("pixels") == [5, 1, 8, 8])
        #expect(try shape("blocks.0.input") == [5, 5, 16])
        #expect(try shape("blocks.0.attn.qkv.input.codes") == [5, 5, 16])
        #expect(try shape("blocks.0.attn.q.codes") == [5, 5, 2, 8])
        #expect(try shape("blocks.0.attn.softmax.codes") == [5, 2, 5, 5])
        // The last block gives the head its class token only.
        #expect(try shape("blocks.1.attn.q.codes") == [5, 1, 2, 8])
        #expect(try shape("blocks.1.attn.k.values") == [5, 5, 2, 8])
        #expect(try shape("blocks.1.attn.softmax.codes") == [5, 2, 1, 5])
        #expect(try shape("blocks.1.output") == [5, 1, 16])
        #expect(try shape("head.output") == [5, 6])
        #expect(trace.metadata["plan_sha256"]?.count == 64)
        #expect(trace.metadata["format"] == "mgrq-trace")
    }

    @Test("a unit's input is the output before it, and the last output is the logits")
    func boundaries() throws {
        #expect(try floats("stem.output") == floats("blocks.0.input"))
        #expect(try floats("blocks.0.output") == floats("blocks.1.input"))
        #expect(try floats("blocks.1.output") == floats("head.input"))
        let pool = WorkerPool(threads: 1)
        defer { pool.shutDown() }
        let file = try #require(try QuantizedModelFile(path: bench.folder.file("run")))
        let pixels = Matrix(rows: 5, columns: 64, elements: try floats("pixels"))
        let logits = outputs(of: try EvaluatedModel(packed: file).units, on: pixels, pool: pool)
        #expect(try floats("head.output") == logits.elements)
    }

    @Test("the codes before a layer give what comes after it")
    func mlp() throws {
        let unit = try #require(model.units[1])
        let operand = try values(7, of: 1)
        let (weight, bias) = (unit.linears[3].quantizedWeight(), try #require(unit.linears[3].bias))
        let (middle, output) = (try floats("blocks.0.attn.residual"), try floats("blocks.0.output"))
        for row in 0..<25 {
            for column in 0..<16 {
                var sum = Double(bias.elements[column]) + Double(middle[row * 16 + column])
                for input in 0..<32 {
                    sum += Double(weight[column, input]) * Double(operand[row * 32 + input])
                }
                #expect(abs(sum - Double(output[row * 16 + column])) < 1e-5)
            }
        }
    }

    @Test(
        "the codes of queries and keys give those of the map, row by row and head by head", arguments: [1, 2])
    func attention(unit: Int) throws {
        let (q, k) = (try values(1, of: unit), try values(2, of: unit))
        let map = try values(4, of: unit)
        let queries = unit == 1 ? 5 : 1
        let delta = try #require(model.units[unit]?.sites[4].quantizer).values[0]
        for image in 0..<5 {
            for head in 0..<2 {
                for query in 0..<queries {
                    let scores = (0..<5).map { key in
                        (0..<8).reduce(0.0) { sum, channel in
                            let a = q[((image * queries + query) * 2 + head) * 8 + channel]
                            let b = k[((image * 5 + key) * 2 + head) * 8 + channel]
                            return sum + Double(a) * Double(b)
                        } / 8.0.squareRoot()
                    }
                    let total = scores.reduce(0) { $0 + exp($1) }
                    for key in 0..<5 {
                        let exact = exp(scores[key]) / total
                        let found = Double(map[((image * 2 + head) * queries + query) * 5 + key])
                        // Within half a step of √2, or clipped at δ or to 0.
                        let isNear = abs(log2(exact / found)) < 0.2501
                        let isClipped =
                            found == 0 && exact < Double(delta[head]) / 100
                            || found == Double(delta[head]) && exact > found
                        #expect(isNear || isClipped, "\(exact) became \(found)")
                    }
                }
            }
        }
    }

    @Test("a trace that no disk should hold is refused with the number of images that fit")
    func size() throws {
        let error = #expect(throws: RunFailure.self) {
            let file = try #require(try QuantizedModelFile(path: bench.folder.file("run")))
            try ModelTrace(file).checkSize(images: 10_000_000)
        }
        #expect(error?.kind == .usage)
        #expect(error?.message.contains("give --images") == true)
    }

    @Test("a checkpoint in full precision is refused")
    func fullPrecision() throws {
        let error = #expect(throws: RunFailure.self) {
            try traceModelOrRun(
                path: bench.folder.path, dataPath: bench.folder.file("evaluation.safetensors"), count: 1,
                outputPath: bench.folder.file("none.safetensors"), threads: 1)
        }
        #expect(error?.kind == .badData)
        #expect(!FileManager.default.fileExists(atPath: bench.folder.file("none.safetensors")))
    }
}
