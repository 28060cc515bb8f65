import Kernels
import Quantization
import TensorCore
import Testing
import Vocabulary

@Suite("Range search by a layer's output")
struct OutputRangeSearchTests {
    private let pool = WorkerPool(threads: 2)

    /// Inputs with outliers in channels that the weight hardly passes on.
    private func layer(seed: UInt64) -> (values: Matrix, weight: Matrix) {
        let values = Distribution.bell.matrix(400, 24, seed: seed)
        let weight = Distribution.bell.matrix(16, 24, seed: seed + 100)
        for column in 0..<4 {
            for row in 0..<values.rows { values[row, column] *= 6 }
            for row in 0..<weight.rows { weight[row, column] *= 0.01 }
        }
        return (values, weight)
    }

    private func start(_ values: Matrix, bits: Int) throws -> UniformQuantizer {
        try UniformCalibration.activations(bits: try BitWidth(bits))
            .quantizer(of: values, groups: .columns(width: 24), groupCount: 1, pool: pool)
    }

    @Test("the output errs less than with the range of least squared error", arguments: [2, 3, 4], 1...3)
    func better(bits: Int, seed: UInt64) throws {
        defer { pool.shutDown() }
        let (values, weight) = layer(seed: seed)
        let first = try start(values, bits: bits)
        let found = try OutputRangeSearch(weight: weight, values: values, pool: pool).refined(first)
        #expect(found.bits == first.bits && found.groups == first.groups)
        func error(_ quantizer: UniformQuantizer) -> Double {
            let difference = quantized(values, by: .uniform(quantizer))
            scale(values, by: -1, into: difference, accumulate: true)
            let out = Matrix(rows: values.rows, columns: weight.rows)
            multiply(difference, weight, into: out, transposeB: true)
            return squaredNorm(out)
        }
        #expect(error(found) < 0.8 * error(first))
    }

    @Test("a search that finds nothing better keeps the range, and threads change nothing")
    func stable() throws {
        defer { pool.shutDown() }
        let (values, weight) = layer(seed: 5)
        let first = try start(values, bits: 3)
        let single = WorkerPool(threads: 1)
        defer { single.shutDown() }
        let found = try OutputRangeSearch(weight: weight, values: values, pool: pool).refined(first)
        #expect(found == (try OutputRangeSearch(weight: weight, values: values, pool: single).refined(first)))
        let zeros = Matrix(rows: weight.rows, columns: weight.columns)
        #expect(try OutputRangeSearch(weight: zeros, values: values, pool: pool).refined(first) == first)
    }
}
