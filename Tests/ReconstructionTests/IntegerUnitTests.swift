import Kernels
import Quantization
import Reconstruction
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@Suite("Units that multiply codes as integers")
struct IntegerUnitTests {
    /// A calibrated unit of a small model.
    private func state(
        _ small: SmallTask, _ index: Int, bits: Int, change: (inout CalibrationSettings) -> Void = { _ in }
    ) throws -> QuantizedUnit {
        let input = small.input(of: index)
        var settings = CalibrationSettings.nearest(small.model.units[index], bits: bits)
        settings.geluLevels = .uniform
        change(&settings)
        return try calibrate(
            small.model.units[index], weights: small.model.weights[index],
            fullPrecision: small.fullPrecision[index], input: input, fullPrecisionInput: input,
            originals: small.images.rows, settings: settings, pool: small.pool
        ).unit
    }

    private func output(
        _ small: SmallTask, _ index: Int, _ state: QuantizedUnit, _ arithmetic: Arithmetic
    ) -> Matrix {
        let unit = small.model.units[index]
        let output = unit.output.matrix(images: small.images.rows)
        ModelPass([state.prepared(for: unit, arithmetic: arithmetic)], pool: small.pool)
            .run(small.input(of: index), into: output)
        return output
    }

    private func onBytes(_ small: SmallTask, _ index: Int, _ state: QuantizedUnit) -> [Bool] {
        state.prepared(for: small.model.units[index], arithmetic: .bytes).parameters.linears.map(\.isOnBytes)
    }

    @Test("give what they give with floats, but for rounded sums", arguments: [2, 3, 4, 8], 1...3)
    func same(bits: Int, seed: UInt64) throws {
        let small = SmallTask(seed: seed, images: 24)
        defer { small.pool.shutDown() }
        for index in 1..<small.model.units.count {
            let state = try state(small, index, bits: bits)
            #expect(onBytes(small, index, state).allSatisfy { $0 })
            let floats = output(small, index, state, .floats)
            let bytes = output(small, index, state, .bytes)
            // A value beside a boundary may get the next code: few do, and everything else is rounding.
            let scale = (squaredNorm(floats) / Double(floats.rows * floats.columns)).squareRoot()
            let differences = zip(floats.elements, bytes.elements).map {
                abs(Double($0) - Double($1)) / scale
            }
            let rows = stride(from: 0, to: differences.count, by: floats.columns).map {
                differences[$0..<$0 + floats.columns].max() ?? 0
            }
            #expect(rows.count { $0 > 1e-5 } <= max(1, rows.count / 20), "\(small.model.units[index].name)")
        }
    }

    @Test("leave layers as floats whose codes fit no byte, or are none")
    func others() throws {
        let small = SmallTask(seed: 4, images: 24)
        defer { small.pool.shutDown() }
        #expect(onBytes(small, 0, try state(small, 0, bits: 4)) == [false])
        let fullInput = try state(small, 1, bits: 4) { $0.activationBits[5] = 16 }
        #expect(onBytes(small, 1, fullInput) == [true, false, true, true])
        let fullWeight = try state(small, 1, bits: 4) { $0.weightBits[2] = 16 }
        #expect(onBytes(small, 1, fullWeight) == [true, true, false, true])
        let logarithmic = try state(small, 1, bits: 4) { $0.geluLevels = .shiftedLog }
        #expect(onBytes(small, 1, logarithmic) == [true, true, true, false])
        var far = try state(small, 1, bits: 4)
        guard case .uniform(let input) = far.sites[6] else { return }
        far.sites[6] = .uniform(
            try UniformQuantizer(
                bits: input.bits, scales: input.scales, zeroPoints: [-3], groups: input.groups))
        #expect(onBytes(small, 1, far) == [true, true, false, true])
    }
}
