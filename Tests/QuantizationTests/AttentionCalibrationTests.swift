import Kernels
import Quantization
import TensorCore
import Testing
import Vocabulary

@Suite("Attention calibration")
struct AttentionCalibrationTests {
    private func quantizer(
        _ map: Matrix, bits: BitWidth, levels: AttentionCalibration.Levels = .logSqrt2,
        search: RangeSearch = .squaredError
    ) throws -> SiteQuantizer {
        let pool = WorkerPool(threads: 2)
        defer { pool.shutDown() }
        return try AttentionCalibration(bits: bits, levels: levels, search: search)
            .quantizer(of: map, heads: 3, tokens: 10, pool: pool)
    }

    @Test(
        "at most 2ᵇ values a head, zero among them, and twice is once", arguments: BitWidth.all,
        0..<3 as Range<UInt64>)
    func codes(bits: BitWidth, seed: UInt64) throws {
        let map = attentionMap(images: 20, heads: 3, tokens: 10, seed: seed)
        map[3, 4] = 0
        for levels in [AttentionCalibration.Levels.logSqrt2, .uniform, .searchedLog] {
            let quantizer = try quantizer(map, bits: bits, levels: levels)
            let out = quantized(map, by: quantizer)
            for head in 0..<3 {
                let values = (0..<out.rows).filter { $0 / 10 % 3 == head }
                    .flatMap { out.rows($0..<$0 + 1).elements }
                #expect(Set(values).count <= 1 << bits.rawValue)
            }
            #expect(out[3, 4] == 0)
            #expect(quantized(out, by: quantizer).elements == out.elements)
        }
    }

    @Test(
        "every head has its own parameters",
        arguments: [
            (AttentionCalibration.Levels.logSqrt2, "log√2 per head"), (.uniform, "uniform per head"),
            (.searchedLog, "searched log per head"),
        ])
    func perHead(levels: AttentionCalibration.Levels, description: String) throws {
        let map = attentionMap(images: 4, heads: 3, tokens: 10, seed: 1)
        let quantizer = try quantizer(map, bits: try BitWidth(4), levels: levels)
        #expect(quantizer.description == description)
        #expect(quantizer.groupCount == 3)
        #expect(quantizer.groups == .rows(perGroup: 10))
    }

    @Test("the search never errs more than the largest value as it is", arguments: BitWidth.all)
    func better(bits: BitWidth) throws {
        let map = attentionMap(images: 8, heads: 3, tokens: 10, seed: 2)
        let tops = (0..<3).map { head in
            (0..<map.rows).filter { $0 / 10 % 3 == head }
                .flatMap { map.rows($0..<$0 + 1).elements }.reduce(0, max)
        }
        let groups = QuantizationGroups.rows(perGroup: 10)
        let plain: [(AttentionCalibration.Levels, SiteQuantizer)] = try [
            (.logSqrt2, .logSqrt2(LogSqrt2Quantizer(bits: bits, deltas: tops, groups: groups))),
            (
                .uniform,
                .uniform(
                    UniformQuantizer(
                        bits: bits, scales: tops.map { $0 / Float(bits.maximumCode) }, zeroPoints: [0, 0, 0],
                        groups: groups))
            ),
        ]
        for (levels, reference) in plain {
            let bound = meanSquaredError(map, quantized(map, by: reference))
            let percentile = try quantizer(map, bits: bits, levels: levels, search: .percentile)
            let fine = try quantizer(map, bits: bits, levels: levels)
            let errors = [percentile, fine].map { meanSquaredError(map, quantized(map, by: $0)) }
            #expect(errors[0] <= bound * (1 + 1e-5))
            #expect(errors[1] <= errors[0] * (1 + 1e-5))
        }
    }

    @Test("the error of a search is that of the best of all largest values", arguments: [2, 3, 4, 6])
    func optimum(width: Int) throws {
        let bits = try BitWidth(width)
        let map = attentionMap(images: 30, heads: 1, tokens: 10, seed: 4, sharpness: 2)
        let pool = WorkerPool(threads: 1)
        for levels in [AttentionCalibration.Levels.logSqrt2, .uniform] {
            let errors = try (1...400).map { step -> Double in
                let top = Float(step) / 400
                let quantizer: SiteQuantizer =
                    levels == .logSqrt2
                    ? .logSqrt2(
                        try LogSqrt2Quantizer(bits: bits, deltas: [top], groups: .columns(width: 10)))
                    : .uniform(
                        try UniformQuantizer(
                            bits: bits, scales: [top / Float(bits.maximumCode)], zeroPoints: [0],
                            groups: .columns(width: 10)))
                return meanSquaredError(map, quantized(map, by: quantizer))
            }
            let best = try #require(errors.min())
            let found = try AttentionCalibration(bits: bits, levels: levels)
                .quantizer(of: map, heads: 1, tokens: 10, pool: pool)
            let error = meanSquaredError(map, quantized(map, by: found))
            #expect(error <= best * 1.02, "\(levels): found \(error), best \(best)")
        }
    }

    @Test("a searched base errs no more than √2, nor than any other", arguments: BitWidth.all)
    func searchedBase(bits: BitWidth) throws {
        let map = attentionMap(images: 8, heads: 3, tokens: 10, seed: 3)
        let found = try quantizer(map, bits: bits, levels: .searchedLog)
        let error = meanSquaredError(map, quantized(map, by: found))
        #expect(
            error <= meanSquaredError(
                map, quantized(map, by: try quantizer(map, bits: bits, levels: .logSqrt2)))
                * 1.02)
        for step in stride(from: 4 as Float, through: 148, by: 8) {
            for top in stride(from: 0.05 as Float, through: 1, by: 0.05) {
                let other = SiteQuantizer.searchedLog(
                    try SearchedLogQuantizer(
                        bits: bits, deltas: [top, top, top], steps: [step, step, step], isShifted: false,
                        groups: .rows(perGroup: 10)))
                #expect(error <= meanSquaredError(map, quantized(map, by: other)) * 1.02)
            }
        }
    }

    @Test("a head that attends to nothing gives a valid quantizer of zeros", arguments: BitWidth.all)
    func zeros(bits: BitWidth) throws {
        let map = Matrix(rows: 30, columns: 10)
        for levels in [AttentionCalibration.Levels.logSqrt2, .uniform, .searchedLog] {
            let quantizer = try quantizer(map, bits: bits, levels: levels)
            #expect(quantized(map, by: quantizer).elements.allSatisfy { $0 == 0 })
        }
    }

    @Test("the number of threads changes nothing", arguments: [1, 2, 3, 7])
    func threads(count: Int) throws {
        let map = attentionMap(images: 8, heads: 3, tokens: 10, seed: 5)
        func all(threads: Int) throws -> [SiteQuantizer] {
            let pool = WorkerPool(threads: threads)
            defer { pool.shutDown() }
            return try BitWidth.all.flatMap { bits in
                try [AttentionCalibration.Levels.logSqrt2, .uniform, .searchedLog].map {
                    try AttentionCalibration(bits: bits, levels: $0, sampleLimit: 300)
                        .quantizer(of: map, heads: 3, tokens: 10, pool: pool)
                }
            }
        }
        #expect(try all(threads: count) == all(threads: 1))
    }

    @Test("rows that are not a whole number of images, and values that are not finite, are refused")
    func refusals() throws {
        let bits = try BitWidth(4)
        let error = #expect(throws: QuantizationError.self) {
            try quantizer(Matrix(rows: 40, columns: 10), bits: bits)
        }
        #expect(error?.description == "3 groups of 10 rows do not make up 40 × 10 values")
        let map = attentionMap(images: 1, heads: 3, tokens: 10, seed: 1)
        map[25, 0] = .nan
        #expect(throws: QuantizationError.nonFiniteValues(group: 2, groups: 3)) {
            try quantizer(map, bits: bits)
        }
    }
}
