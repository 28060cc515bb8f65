import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing
import Vocabulary

/// The quantizer of the full range, which every search has to beat.
private func fullRange(_ x: Matrix, bits: BitWidth) throws -> SiteQuantizer {
    let elements = x.elements
    let (low, high) = try (#require(elements.min()), #require(elements.max()))
    let scale = max((high - low) / Float(bits.maximumCode), max(abs(low), abs(high)) * 0x1p-22)
    return try .uniform(
        UniformQuantizer(
            bits: bits, scales: [scale], zeroPoints: [(-low / scale).rounded()],
            groups: .columns(width: x.columns)))
}

@Suite("Uniform calibration")
struct UniformCalibrationTests {
    private let pool = WorkerPool(threads: 2)

    private func perTensor(
        _ x: Matrix, bits: BitWidth, search: RangeSearch = .squaredError
    ) throws -> SiteQuantizer {
        defer { pool.shutDown() }
        return try .uniform(
            UniformCalibration.activations(bits: bits, search: search)
                .quantizer(of: x, groups: .columns(width: x.columns), groupCount: 1, pool: pool))
    }

    @Test(
        "no quantizer gives more than 2ᵇ values, and quantizing twice changes nothing",
        arguments: BitWidth.all, Distribution.allCases)
    func codes(bits: BitWidth, distribution: Distribution) throws {
        let x = distribution.matrix(61, 83, seed: UInt64(bits.rawValue))
        let quantizer = try perTensor(x, bits: bits)
        // Far beyond the calibrated range as well.
        let wide = Matrix(rows: x.rows, columns: x.columns, elements: x.elements.map { $0 * 9 })
        for values in [x, wide] {
            let once = quantized(values, by: quantizer)
            #expect(Set(once.elements).count <= 1 << bits.rawValue)
            #expect(quantized(once, by: quantizer).elements == once.elements)
        }
    }

    @Test(
        "a search never errs more than the full range, nor the finer search more than percentiles",
        arguments: BitWidth.all, Distribution.allCases)
    func better(bits: BitWidth, distribution: Distribution) throws {
        let x = distribution.matrix(67, 97, seed: 11)
        let full = meanSquaredError(x, quantized(x, by: try fullRange(x, bits: bits)))
        let percentile = meanSquaredError(
            x, quantized(x, by: try perTensor(x, bits: bits, search: .percentile)))
        let fine = meanSquaredError(
            x, quantized(x, by: try UniformCalibrationTests().perTensor(x, bits: bits)))
        #expect(percentile <= full * (1 + 1e-5) + 1e-36)
        #expect(fine <= percentile * (1 + 1e-5) + 1e-36)
    }

    @Test(
        "at 3 bits values with heavy tails gain at least 4 dB over the full range, half a dB over percentiles"
    )
    func gain() throws {
        let bell = Distribution.bell.matrix(200, 100, seed: 5)
        let x = Matrix(rows: 200, columns: 100, elements: bell.elements.map { $0 * $0 * $0 })
        let bits = try BitWidth(3)
        let full = meanSquaredError(x, quantized(x, by: try fullRange(x, bits: bits)))
        let fine = meanSquaredError(x, quantized(x, by: try perTensor(x, bits: bits)))
        let percentile = meanSquaredError(
            x, quantized(x, by: try UniformCalibrationTests().perTensor(x, bits: bits, search: .percentile)))
        #expect(fine < full / 2.51, "fine \(fine), full range \(full)")
        #expect(fine < percentile / 1.122, "fine \(fine), percentiles \(percentile)")
    }

    @Test(
        "a symmetric weight has its zero point in the middle, and errs hardly more than the best of many scales",
        arguments: [3, 4, 8], [Distribution.bell, .outliers])
    func symmetry(width: Int, distribution: Distribution) throws {
        let bits = try BitWidth(width)
        let x = distribution.matrix(6, 300, seed: UInt64(width))
        defer { pool.shutDown() }
        let quantizer = try UniformCalibration.weights(bits: bits, isSymmetric: true)
            .weightQuantizer(of: x, pool: pool)
        let middle = Float(1 << (width - 1))
        #expect(quantizer.zeroPoints.allSatisfy { $0 == middle })
        for row in 0..<x.rows {
            let values = x.rows(row..<row + 1)
            let largest = values.elements.map { abs($0) }.max() ?? 0
            guard largest > 0 else { continue }
            func error(_ scale: Float) throws -> Double {
                let single = try UniformQuantizer(
                    bits: bits, scales: [scale], zeroPoints: [middle], groups: .columns(width: x.columns))
                return meanSquaredError(values, quantized(values, by: .uniform(single)))
            }
            let best = try (1...300).map { try error(largest / middle * Float($0) / 200) }.min() ?? 0
            #expect(try error(quantizer.scales[row]) <= best * 1.25 + 1e-30)
        }
    }

    @Test("a symmetric weight of equal values is exact", arguments: [-0.5, 0, 2] as [Float])
    func constantSymmetry(value: Float) throws {
        let x = Matrix(rows: 2, columns: 5, elements: Array(repeating: value, count: 10))
        defer { pool.shutDown() }
        let quantizer = try UniformCalibration.weights(bits: try BitWidth(2), isSymmetric: true)
            .weightQuantizer(of: x, pool: pool)
        #expect(quantizer.zeroPoints == [2, 2])
        #expect(quantized(x, by: .uniform(quantizer)).elements == x.elements)
    }

    @Test("the error of a search is close to that of the best of all ranges", arguments: [2, 3, 4])
    func optimum(width: Int) throws {
        let bits = try BitWidth(width)
        let x = Distribution.bell.matrix(40, 40, seed: 9)
        var best = Double.infinity
        for low in 0..<60 {
            for high in 0..<60 {
                let (lower, upper) = (-2.6 + Float(low) * 0.04, 0.2 + Float(high) * 0.04)
                let scale = (upper - lower) / Float(bits.maximumCode)
                let quantizer = try UniformQuantizer(
                    bits: bits, scales: [scale], zeroPoints: [(-lower / scale).rounded()],
                    groups: .columns(width: 40))
                best = min(best, meanSquaredError(x, quantized(x, by: .uniform(quantizer))))
            }
        }
        let found = meanSquaredError(x, quantized(x, by: try perTensor(x, bits: bits)))
        #expect(found <= best * 1.03, "found \(found), best \(best)")
    }

    @Test("the number of threads changes nothing", arguments: [1, 2, 3, 7])
    func threads(count: Int) throws {
        let x = Distribution.outliers.matrix(300, 48, seed: 2)
        let importance = (0..<48).map { Float($0 % 5) }
        func all(threads: Int) throws -> [UniformQuantizer] {
            let pool = WorkerPool(threads: threads)
            defer { pool.shutDown() }
            let search = UniformCalibration(
                bits: try BitWidth(4), search: .squaredError, percentiles: [0.99], sampleLimit: 1000)
            return try [
                search.quantizer(of: x, groups: .columns(width: 1), groupCount: 48, pool: pool),
                search.quantizer(of: x, groups: .columns(width: 16), groupCount: 3, pool: pool),
                search.quantizer(of: x, groups: .rows(perGroup: 25), groupCount: 4, pool: pool),
                search.weightQuantizer(of: x, importance: importance, pool: pool),
            ]
        }
        #expect(try all(threads: count) == all(threads: 1))
    }

    @Test("every group is calibrated on its own values and no others")
    func groups() throws {
        defer { pool.shutDown() }
        let x = seededMatrix(24, 6, seed: 4, padding: 3)
        for row in 0..<24 {
            for column in 0..<6 {
                x[row, column] *= Float(1 + column / 2 + 10 * (row / 4 % 2))
            }
        }
        let search = UniformCalibration.activations(bits: try BitWidth(5))
        let columns = try search.quantizer(of: x, groups: .columns(width: 2), groupCount: 3, pool: pool)
        for group in 0..<3 {
            let part = x.columns(2 * group..<2 * group + 2)
            let alone = try search.quantizer(of: part, groups: .columns(width: 2), groupCount: 1, pool: pool)
            #expect(columns.scales[group] == alone.scales[0])
            #expect(columns.zeroPoints[group] == alone.zeroPoints[0])
        }
        let rows = try search.quantizer(of: x, groups: .rows(perGroup: 4), groupCount: 2, pool: pool)
        for group in 0..<2 {
            let part = Matrix(
                rows: 12, columns: 6,
                elements: (0..<24).filter { $0 / 4 % 2 == group }.flatMap { x.rows($0..<$0 + 1).elements })
            let alone = try search.quantizer(of: part, groups: .columns(width: 6), groupCount: 1, pool: pool)
            #expect(rows.scales[group] == alone.scales[0])
            #expect(rows.zeroPoints[group] == alone.zeroPoints[0])
        }
    }

    @Test(
        "values that are all the same are represented exactly", arguments: BitWidth.all,
        [0, 5, -5, 0.001, -1e-20, 1e20, 3e38] as [Float])
    func constants(bits: BitWidth, value: Float) throws {
        for (rows, columns) in [(1, 1), (7, 3), (300, 2)] {
            let x = Matrix(
                rows: rows, columns: columns, elements: Array(repeating: value, count: rows * columns))
            let quantizer = try UniformCalibrationTests().perTensor(x, bits: bits)
            #expect(quantized(x, by: quantizer).elements == x.elements)
        }
    }

    @Test("values near the largest float become finite values", arguments: BitWidth.all)
    func largest(bits: BitWidth) throws {
        let x = Matrix(rows: 1, columns: 5, elements: [-3.3e38, 3.3e38, 1e38, -2e38, 0])
        for search in [RangeSearch.percentile, .squaredError] {
            let quantizer = try UniformCalibrationTests().perTensor(x, bits: bits, search: search)
            let values = quantized(x, by: quantizer).elements
            #expect(values.filter { !$0.isFinite }.isEmpty)
        }
    }

    @Test("a range that is narrow against its distance from zero loses at most what floats lose")
    func narrow() throws {
        let x = Matrix(rows: 1, columns: 4, elements: [1000, 1000.0001, 1000.0002, 1000.0003])
        let y = quantized(x, by: try perTensor(x, bits: BitWidth(8)))
        for column in 0..<4 {
            #expect(abs(x[0, column] - y[0, column]) <= 1000 * 0x1p-22)
        }
    }

    @Test(
        "one defect anywhere is refused, and its group is named",
        arguments: [.nan, .infinity, -.infinity] as [Float])
    func defects(value: Float) throws {
        defer { pool.shutDown() }
        for limit in [1 << 18, 16] {
            let x = Distribution.bell.matrix(40, 40, seed: 8)
            x[39, 22] = value
            var search = UniformCalibration.activations(bits: try BitWidth(4))
            search.sampleLimit = limit
            let error = #expect(throws: QuantizationError.self) {
                try search.quantizer(of: x, groups: .columns(width: 20), groupCount: 2, pool: pool)
            }
            #expect(
                error?.description
                    == "the values of group 1 of 2 hold infinities or NaN; only finite values can be quantized"
            )
        }
    }

    @Test("nothing to calibrate with, and importances that mean nothing, are refused")
    func refusals() throws {
        defer { pool.shutDown() }
        let search = UniformCalibration.weights(bits: try BitWidth(4))
        #expect(throws: QuantizationError.noValues) {
            try search.weightQuantizer(of: Matrix(rows: 0, columns: 3), pool: pool)
        }
        let weight = seededMatrix(2, 3, seed: 1)
        #expect(throws: QuantizationError.invalidImportance(-1, column: 2)) {
            try search.weightQuantizer(of: weight, importance: [0, 1, -1], pool: pool)
        }
        #expect(throws: QuantizationError.channelCounts(what: "the importance", found: 2, expected: 3)) {
            try search.weightQuantizer(of: weight, importance: [0, 1], pool: pool)
        }
        #expect(throws: QuantizationError.self) {
            try search.quantizer(of: weight, groups: .columns(width: 2), groupCount: 1, pool: pool)
        }
    }

    @Test("importance lowers the error that it weights", arguments: [2, 3, 4], 0..<4 as Range<UInt64>)
    func importance(width: Int, seed: UInt64) throws {
        defer { pool.shutDown() }
        let weight = Distribution.bell.matrix(24, 64, seed: seed)
        let importance = (0..<64).map { Float($0 % 16 == 0 ? 100 : 0.1) }
        let search = UniformCalibration.weights(bits: try BitWidth(width))
        let plain = try search.weightQuantizer(of: weight, pool: pool)
        let weighted = try search.weightQuantizer(of: weight, importance: importance, pool: pool)
        func error(_ quantizer: UniformQuantizer) -> Double {
            let out = quantized(weight, by: .uniform(quantizer))
            return (0..<weight.rows * 64).reduce(0) { sum, index in
                let difference = Double(weight[index / 64, index % 64] - out[index / 64, index % 64])
                return sum + Double(importance[index % 64]) * difference * difference
            }
        }
        #expect(error(weighted) < error(plain))
        let none = try search.weightQuantizer(
            of: weight, importance: Array(repeating: 0, count: 64), pool: pool)
        #expect(none == plain)
    }

    @Test("a sample of a large tensor leads to nearly the error that all values lead to", arguments: [3, 8])
    func sampled(width: Int) throws {
        defer { pool.shutDown() }
        let x = Distribution.outliers.matrix(1000, 128, seed: 6)
        var search = UniformCalibration.activations(bits: try BitWidth(width))
        let all = try search.quantizer(of: x, groups: .columns(width: 128), groupCount: 1, pool: pool)
        search.sampleLimit = 20000
        let some = try search.quantizer(of: x, groups: .columns(width: 128), groupCount: 1, pool: pool)
        let errors = [all, some].map { meanSquaredError(x, quantized(x, by: .uniform($0))) }
        #expect(errors[1] < errors[0] * 1.1)
    }
}
