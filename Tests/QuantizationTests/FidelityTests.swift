import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing

@Suite("Fidelity of a quantizer")
struct FidelityTests {
    private func quantizers(bits: Int) throws -> [SiteQuantizer] {
        let bits = try BitWidth(bits)
        return try [
            .uniform(
                UniformQuantizer(
                    bits: bits, scales: [0.1], zeroPoints: [2], groups: .columns(width: 12))),
            .uniform(
                UniformQuantizer(
                    bits: bits, scales: [0.1, 0.2, 0.05], zeroPoints: [2, 0, 9], groups: .columns(width: 4))),
            .uniform(
                UniformQuantizer(
                    bits: bits, scales: [0.1, 0.2], zeroPoints: [2, -1], groups: .rows(perGroup: 25))),
            .logSqrt2(LogSqrt2Quantizer(bits: bits, deltas: [0.5, 0.9], groups: .rows(perGroup: 50))),
        ]
    }

    @Test(
        "the measures are those of the values one by one, for any number of threads", arguments: [1, 2, 3, 7])
    func measures(threads: Int) throws {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let x = seededMatrix(300, 12, seed: 2, padding: 4)
        for quantizer in try quantizers(bits: 3) {
            let out = quantized(x, by: quantizer)
            let parallel = Matrix(rows: 300, columns: 12)
            quantizer.fakeQuantize(x, into: parallel, pool: pool)
            #expect(parallel.elements == out.elements)
            let fidelity = quantizer.fidelity(on: x, pool: pool)
            let noise = squaredDistance(x, out)
            #expect(abs(fidelity.meanSquaredError - noise / 3600) <= 1e-12)
            #expect(fidelity.sqnrDb.isFinite)
            let single = WorkerPool(threads: 1)
            #expect(quantizer.fidelity(on: x, pool: single) == fidelity)
        }
    }

    @Test("a halved step is worth about 6 dB")
    func decibels() throws {
        let pool = WorkerPool(threads: 1)
        let x = seededMatrix(100, 100, seed: 1)
        let ratios = try [7, 8].map { bits in
            let width = try BitWidth(bits)
            let quantizer = try UniformQuantizer(
                bits: width, scales: [2 / Float(width.maximumCode)],
                zeroPoints: [Float(width.maximumCode / 2)], groups: .columns(width: 100))
            return SiteQuantizer.uniform(quantizer).fidelity(on: x, pool: pool).sqnrDb
        }
        #expect(abs(ratios[1] - ratios[0] - 6.02) < 0.5)
        #expect(abs(ratios[1] - 48.1) < 0.5)
    }

    @Test("values beyond the range by more than half a step count as clipped")
    func clipped() throws {
        let pool = WorkerPool(threads: 1)
        let quantizer = try UniformQuantizer(
            bits: BitWidth(2), scales: [1], zeroPoints: [1], groups: .columns(width: 8))
        let x = Matrix(rows: 1, columns: 8, elements: [-2, -1.6, -1.4, -1, 0, 2, 2.4, 2.6])
        let fidelity = SiteQuantizer.uniform(quantizer).fidelity(on: x, pool: pool)
        #expect(fidelity.clippedShare == 3.0 / 8)
        let map = try LogSqrt2Quantizer(bits: BitWidth(4), deltas: [0.5], groups: .columns(width: 4))
        let values = Matrix(rows: 1, columns: 4, elements: [0, 0.5, 0.59, 0.6])
        #expect(SiteQuantizer.logSqrt2(map).fidelity(on: values, pool: pool).clippedShare == 1.0 / 4)
    }

    @Test("a quantizer that loses nothing reports a finite limit")
    func lossless() {
        let pool = WorkerPool(threads: 1)
        let fidelity = SiteQuantizer.fullPrecision.fidelity(on: seededMatrix(3, 3, seed: 1), pool: pool)
        #expect(fidelity.sqnrDb == QuantizationFidelity.largestSqnrDb)
        #expect(fidelity.meanSquaredError == 0 && fidelity.clippedShare == 0)
        let zeros = SiteQuantizer.fullPrecision.fidelity(on: Matrix(rows: 0, columns: 3), pool: pool)
        #expect(zeros.sqnrDb == QuantizationFidelity.largestSqnrDb)
    }

    @Test("mean squares of columns are those of their elements", arguments: [1, 3])
    func columns(threads: Int) {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let x = seededMatrix(700, 5, seed: 9, padding: 2)
        let squares = columnMeanSquares(of: x, pool: pool)
        for column in 0..<5 {
            let expected = (0..<700).reduce(0.0) { $0 + Double(x[$1, column]) * Double(x[$1, column]) } / 700
            #expect(abs(Double(squares[column]) - expected) < 1e-7)
        }
    }
}
