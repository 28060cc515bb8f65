import Kernels
import Quantization
import TensorCore
import Testing

/// A LayerNorm whose channels differ a hundredfold, the layer after it, and the outputs of both.
private struct Fixture {
    static let channels = 24
    static let outputs = 10
    let layer: NormalizedLinear
    let input: Matrix

    init(seed: UInt64, bias: Bool) {
        var generator = SeededGenerator(seed: seed, stream: "reparameterisation")
        func tensor(_ shape: [Int], _ value: (Int) -> Float) -> Tensor {
            Tensor(shape: shape, elements: (0..<shape.reduce(1, *)).map(value))
        }
        layer = NormalizedLinear(
            gamma: tensor([Self.channels]) { $0 % 5 == 0 ? 9 : 0.1 + generator.uniform() },
            beta: tensor([Self.channels]) { _ in 2 * generator.uniform() - 1 },
            weight: tensor([Self.outputs, Self.channels]) { _ in 2 * generator.uniform() - 1 },
            bias: bias ? tensor([Self.outputs]) { _ in generator.uniform() } : nil)
        input = Distribution.bell.matrix(160, Self.channels, seed: seed)
    }

    init(layer: NormalizedLinear, input: Matrix) {
        self.layer = layer
        self.input = input
    }

    static func normalized(_ input: Matrix, by layer: NormalizedLinear) -> Matrix {
        let out = Matrix(rows: input.rows, columns: channels)
        layerNorm(
            input, gamma: layer.gamma.vector(), beta: layer.beta.vector(), epsilon: 1e-6, into: out,
            mean: Vector(count: input.rows), reciprocalDeviation: Vector(count: input.rows))
        return out
    }

    static func output(_ normalized: Matrix, of layer: NormalizedLinear) -> Matrix {
        let out = Matrix(rows: normalized.rows, columns: outputs)
        multiply(normalized, layer.weight.matrix(), into: out, transposeB: true)
        for row in 0..<out.rows {
            for column in 0..<outputs {
                out[row, column] += layer.bias?.elements[column] ?? 0
            }
        }
        return out
    }

    func channelWise(bits: Int, pool: WorkerPool) throws -> UniformQuantizer {
        try UniformCalibration.activations(bits: BitWidth(bits))
            .quantizer(
                of: Self.normalized(input, by: layer), groups: .columns(width: 1), groupCount: Self.channels,
                pool: pool)
    }
}

@Suite("Scale reparameterisation")
struct ScaleReparameterizationTests {
    private let pool = WorkerPool(threads: 2)
    private static let targets: [ScaleReparameterization.Target] = [
        .mean, .quantile(0.5), .quantile(0.25), .quantile(0.75), .quantile(0.9),
    ]

    @Test("the full-precision output stays the same", arguments: [true, false], targets)
    func equivalence(bias: Bool, target: ScaleReparameterization.Target) throws {
        defer { pool.shutDown() }
        let fixture = Fixture(seed: 3, bias: bias)
        let change = try ScaleReparameterization(fixture.channelWise(bits: 4, pool: pool), target: target)
        let changed = try change.applied(to: fixture.layer)
        #expect(changed.bias != nil)
        let before = Fixture.output(Fixture.normalized(fixture.input, by: fixture.layer), of: fixture.layer)
        let after = Fixture.output(Fixture.normalized(fixture.input, by: changed), of: changed)
        #expect(squaredDistance(before, after).squareRoot() <= 1e-4 * squaredNorm(before).squareRoot())
    }

    @Test("the codes of activations stay the same", arguments: [3, 4, 8], targets)
    func codes(bits: Int, target: ScaleReparameterization.Target) throws {
        defer { pool.shutDown() }
        let fixture = Fixture(seed: 4, bias: true)
        let change = try ScaleReparameterization(fixture.channelWise(bits: bits, pool: pool), target: target)
        let before = Fixture.normalized(fixture.input, by: fixture.layer)
        let after = Fixture.normalized(fixture.input, by: try change.applied(to: fixture.layer))
        let codes = change.channelWise.codes(of: before)
        let changedCodes = change.perTensor.codes(of: after)
        var compared = 0
        for index in codes.indices {
            let (row, channel) = (index / Fixture.channels, index % Fixture.channels)
            let level = before[row, channel] / change.channelWise.scales[channel]
            // Where a value lies between two codes, the rounding of floats decides.
            guard abs(abs(level - level.rounded()) - 0.5) > 1e-3 else { continue }
            compared += 1
            #expect(codes[index] == changedCodes[index])
        }
        #expect(compared > codes.count * 95 / 100)
    }

    @Test("activations can be changed without running the LayerNorm again")
    func transform() throws {
        defer { pool.shutDown() }
        let fixture = Fixture(seed: 5, bias: true)
        let change = try ScaleReparameterization(fixture.channelWise(bits: 4, pool: pool))
        let after = Fixture.normalized(fixture.input, by: try change.applied(to: fixture.layer))
        let moved = Fixture.normalized(fixture.input, by: fixture.layer)
        change.transform(moved, into: moved)
        #expect(squaredDistance(moved, after).squareRoot() <= 1e-5 * squaredNorm(after).squareRoot())
    }

    @Test("a channel that does not vary cannot blow up the LayerNorm's gain")
    func deadChannel() throws {
        defer { pool.shutDown() }
        var fixture = Fixture(seed: 6, bias: true)
        var layer = fixture.layer
        layer.gamma.elements[7] = 0
        layer.beta.elements[7] = 0
        layer.gamma.elements[8] = 1e-7
        fixture = Fixture(layer: layer, input: fixture.input)
        let change = try ScaleReparameterization(fixture.channelWise(bits: 4, pool: pool))
        #expect(change.ratios.allSatisfy { $0 > 1e-4 && $0 < 1e4 })
        let changed = try change.applied(to: layer)
        let before = Fixture.normalized(fixture.input, by: layer)
        let quantizedAfter = quantized(
            Fixture.normalized(fixture.input, by: changed), by: .uniform(change.perTensor))
        // What the layer sees of both channels is within half a raised step of what it was.
        for channel in [7, 8] {
            for row in 0..<before.rows {
                let seen = quantizedAfter[row, channel] * change.ratios[channel] - change.shifts[channel]
                let limit = change.channelWise.scales[channel] * 0.501
                #expect(abs(seen - before[row, channel]) <= limit)
            }
        }
    }

    @Test("mismatched shapes are refused with a reason")
    func refusals() throws {
        defer { pool.shutDown() }
        let fixture = Fixture(seed: 8, bias: true)
        let quantizer = try fixture.channelWise(bits: 4, pool: pool)
        let change = try ScaleReparameterization(quantizer)
        var layer = fixture.layer
        layer.gamma = Tensor(shape: [3])
        let error = #expect(throws: QuantizationError.self) { try change.applied(to: layer) }
        #expect(error?.description == "the LayerNorm's gain has 3 channels where the quantizer has 24")
        let perTensor = #expect(throws: QuantizationError.self) {
            try ScaleReparameterization(change.perTensor)
        }
        #expect(perTensor?.description.contains("only if every channel has its own") == true)
    }
}
