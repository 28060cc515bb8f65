import Checkpoints
import Foundation
import Kernels
import Quantization
import Safetensors
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers
import Vocabulary

/// A small quantized model whose sites are of every kind.
private func smallModel(bits: Int) throws -> PackedCheckpoint {
    let shape = ModelConfiguration.vit(
        ViTConfiguration(
            imageHeight: 4, imageWidth: 4, patchHeight: 2, patchWidth: 2, channels: 1, width: 6, depth: 1,
            heads: 2, hiddenWidth: 7, classes: 3))
    var seed: UInt64 = 0
    let model = VisionTransformer(configuration: shape) { _, extents in
        seed += 1
        return Tensor(
            shape: extents, elements: seededMatrix(1, extents.reduce(1, *), seed: seed, scale: 1).elements)
    }
    let width = try BitWidth(bits)
    var units: [Int: QuantizedUnit] = [:]
    for (index, (unit, weights)) in zip(model.units, model.weights).enumerated() {
        let linears = try weights.linears.map { linear in
            let outputs = linear.weight.shape[0]
            let quantizer = SiteQuantizer.uniform(
                try UniformQuantizer(
                    bits: width, scales: (0..<outputs).map { 0.01 + 0.02 * Float($0) },
                    zeroPoints: (0..<outputs).map { Float($0 % 3) * 100 - 100 }, groups: .rows(perGroup: 1)))
            let matrix = linear.weight.matrix()
            let hard = Matrix(rows: matrix.rows, columns: matrix.columns)
            quantizer.fakeQuantize(matrix, into: hard)
            return QuantizedLinear(
                weight: Tensor(shape: linear.weight.shape, elements: hard.elements), bias: linear.bias,
                quantizer: quantizer)
        }
        let sites = try unit.sites.map { site -> SiteQuantizer in
            switch site.kind {
            case .attention where index % 2 == 1:
                .logSqrt2(
                    try LogSqrt2Quantizer(
                        bits: width, deltas: Array(repeating: 0.9, count: site.groupCount),
                        groups: site.groups))
            case .attention, .gelu:
                .searchedLog(
                    try SearchedLogQuantizer(
                        bits: width, deltas: Array(repeating: 0.9, count: site.groupCount),
                        steps: Array(repeating: 20, count: site.groupCount), isShifted: site.kind == .gelu,
                        groups: site.groups))
            case .operand: .fullPrecision
            default:
                .uniform(
                    try UniformQuantizer(
                        bits: width, scales: Array(repeating: 0.1, count: site.groupCount),
                        zeroPoints: Array(repeating: 3, count: site.groupCount), groups: site.groups))
            }
        }
        units[index] = QuantizedUnit(linears: linears, vectors: weights.vectors, sites: sites)
    }
    return PackedCheckpoint(
        configuration: shape,
        preparation: ImagePreparation(
            height: 4, width: 4, resize: .timm(cropFraction: 1, cropMode: .center), interpolation: .bicubic,
            mean: [0.5], standardDeviation: [0.25], source: "test"), labels: ["a", "b", "c"],
        plan: "schema: 1\n",
        units: units)
}

private func temporaryFile() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("mgrq-\(UUID().uuidString).safetensors")
        .path
}

@Suite("Packed checkpoints")
struct PackedTests {
    @Test("a model is read back bit for bit, and writing is repeatable", arguments: 2...8)
    func roundTrip(bits: Int) throws {
        let (first, second) = (temporaryFile(), temporaryFile())
        defer {
            try? FileManager.default.removeItem(atPath: first)
            try? FileManager.default.removeItem(atPath: second)
        }
        let model = try smallModel(bits: bits)
        try model.write(to: first)
        let read = try PackedCheckpoint(path: first)
        #expect(read.units == model.units)
        #expect(read.configuration == model.configuration)
        #expect(read.labels == model.labels)
        #expect(read.plan == model.plan)
        try read.write(to: second)
        #expect(FileManager.default.contentsEqual(atPath: first, andPath: second))
        let file = try SafetensorsFile(path: first)
        let stored = file.names.reduce(0) { $0 + (file.entry($1)?.byteRange.count ?? 0) }
        #expect(stored == model.units.values.reduce(0) { $0 + $1.exportedBytes })
    }

    @Test("where a full-precision model is needed, it is refused as what it is")
    func asModel() throws {
        let path = temporaryFile()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try smallModel(bits: 4).write(to: path)
        let text = try #require(loadingComplaint(path))
        #expect(text.hasPrefix("\(path) is a packed checkpoint, which is quantized already; give"), "\(text)")
    }

    @Test("a file with some of the units is not a complete model")
    func incomplete() throws {
        var model = try smallModel(bits: 4)
        model.units[1] = nil
        #expect {
            _ = try model.completeUnits(path: "model.safetensors")
        } throws: { "\($0)".contains("blocks.0") }
    }

    @Test("damage is refused with a message and never crashes", arguments: 0..<60 as Range<UInt64>)
    func damage(seed: UInt64) throws {
        let path = temporaryFile()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try smallModel(bits: 3).write(to: path)
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var generator = SeededGenerator(seed: seed)
        // The header, where damage matters for parsing; numbers of the data may change and stay legal.
        let header = 8 + bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        for _ in 0..<3 {
            bytes[8 + generator.index(below: header - 8)] = UInt8(truncatingIfNeeded: generator.next() >> 40)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
            let read = try PackedCheckpoint(path: path)
            #expect(read.configuration.classes > 0)
        } catch {
            #expect(!error.description.isEmpty)
        }
    }
}
