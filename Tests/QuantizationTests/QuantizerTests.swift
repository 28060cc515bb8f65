import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing

@Suite("Quantizers")
struct QuantizerTests {
    @Test("widths are 2 through 8 bits and no others", arguments: [-1, 0, 1, 9, 16, 64])
    func widths(bits: Int) {
        let error = QuantizationError.unsupportedBitWidth(bits)
        #expect(throws: error) { try BitWidth(bits) }
        #expect("\(error)" == "cannot quantize to \(bits) bits; use 2 through 8")
    }

    @Test("a width of b bits has 2ᵇ codes")
    func codeCounts() {
        #expect(BitWidth.all.map(\.rawValue) == [2, 3, 4, 5, 6, 7, 8])
        #expect(BitWidth.all.map(\.maximumCode) == [3, 7, 15, 31, 63, 127, 255])
    }

    @Test("a scale must be positive and finite", arguments: [0, -1, .infinity, .nan, -0.0] as [Float])
    func scales(scale: Float) throws {
        let bits = try BitWidth(4)
        let uniform = #expect(throws: QuantizationError.self) {
            try UniformQuantizer(
                bits: bits, scales: [1, scale], zeroPoints: [0, 0], groups: .columns(width: 1))
        }
        #expect(
            uniform?.description
                == "group 1 cannot be quantized with a scale of \(scale); it must be positive and finite")
        #expect(throws: QuantizationError.self) {
            try LogSqrt2Quantizer(bits: bits, deltas: [scale], groups: .columns(width: 1))
        }
    }

    @Test("a zero point must be a whole number", arguments: [0.5, .nan, .infinity, 1e9] as [Float])
    func zeroPoints(zeroPoint: Float) throws {
        let bits = try BitWidth(4)
        let error = #expect(throws: QuantizationError.self) {
            try UniformQuantizer(
                bits: bits, scales: [1], zeroPoints: [zeroPoint], groups: .columns(width: 1))
        }
        #expect(error?.description.contains("whole number of at most 8388608 in magnitude") == true)
    }

    @Test(
        "a step of exponents must be a whole number within bounds", arguments: [0, 0.5, 223, .nan] as [Float])
    func steps(step: Float) throws {
        let bits = try BitWidth(4)
        let error = #expect(throws: QuantizationError.self) {
            try SearchedLogQuantizer(
                bits: bits, deltas: [1], steps: [step], isShifted: false, groups: .columns(width: 1))
        }
        #expect(error?.description.contains("whole number from 1 through 222") == true)
    }

    @Test("scales and zero points come in pairs", arguments: [(0, 0), (2, 1), (1, 2)])
    func counts(scales: Int, zeroPoints: Int) throws {
        let bits = try BitWidth(4)
        #expect(throws: QuantizationError.parameterCounts(scales: scales, zeroPoints: zeroPoints)) {
            try UniformQuantizer(
                bits: bits, scales: Array(repeating: 1, count: scales),
                zeroPoints: Array(repeating: 0, count: zeroPoints), groups: .rows(perGroup: 1))
        }
    }

    @Test("groups that do not cut a tensor up are refused")
    func groups() throws {
        let bits = try BitWidth(4)
        let columns = try SiteQuantizer.uniform(
            UniformQuantizer(
                bits: bits, scales: [1, 1], zeroPoints: [0, 0], groups: .columns(width: 3)))
        try columns.checkFit(rows: 5, columns: 6)
        let error = #expect(throws: QuantizationError.self) { try columns.checkFit(rows: 6, columns: 5) }
        #expect(error?.description == "2 groups of 3 columns do not make up 6 × 5 values")
        let rows = try SiteQuantizer.logSqrt2(
            LogSqrt2Quantizer(bits: bits, deltas: [1, 1], groups: .rows(perGroup: 3)))
        try rows.checkFit(rows: 12, columns: 1)
        #expect(throws: QuantizationError.self) { try rows.checkFit(rows: 9, columns: 1) }
    }

    @Test(
        "inside the range, a uniform quantizer errs by at most half a step", arguments: BitWidth.all,
        0..<3 as Range<UInt64>)
    func halfAStep(bits: BitWidth, seed: UInt64) throws {
        let quantizer = try UniformQuantizer(
            bits: bits, scales: [0.125, 3], zeroPoints: [-2, Float(bits.maximumCode)],
            groups: .columns(width: 5))
        let x = seededMatrix(31, 10, seed: seed)
        for row in 0..<x.rows {
            for column in 0..<x.columns {
                let range = quantizer.range(of: column / 5)
                x[row, column] =
                    range.lowerBound + (x[row, column] + 1) / 2 * (range.upperBound - range.lowerBound)
            }
        }
        let y = quantized(x, by: .uniform(quantizer))
        for row in 0..<x.rows {
            for column in 0..<x.columns {
                #expect(abs(x[row, column] - y[row, column]) <= quantizer.scales[column / 5] / 2)
            }
        }
    }

    @Test("codes dequantize to the very floats that were simulated", arguments: BitWidth.all, [1, 7])
    func simulationIsExport(bits: BitWidth, width: Int) throws {
        let x = seededMatrix(24, 14, seed: 3, padding: 2)
        let groups = 14 / width
        let uniform = try SiteQuantizer.uniform(
            UniformQuantizer(
                bits: bits, scales: (0..<groups).map { 0.011 * Float($0 + 1) },
                zeroPoints: (0..<groups).map { Float($0 * 3 - 9) }, groups: .columns(width: width)))
        let logarithmic = try SiteQuantizer.logSqrt2(
            LogSqrt2Quantizer(
                bits: bits, deltas: (0..<4).map { 0.7 + 0.1 * Float($0) }, groups: .rows(perGroup: 3)))
        let searched = try [false, true].map { isShifted in
            try SiteQuantizer.searchedLog(
                SearchedLogQuantizer(
                    bits: bits, deltas: (0..<4).map { 0.7 + 0.1 * Float($0) }, steps: [12, 30, 37, 90],
                    isShifted: isShifted, groups: .rows(perGroup: 3)))
        }
        for quantizer in [uniform, logarithmic] + searched {
            let codes = try #require(quantizer.codes(of: x))
            #expect(codes.allSatisfy { $0 <= bits.maximumCode })
            let packed = try CodePacking.pack(codes, bits: bits)
            let unpacked = try CodePacking.unpack(packed, count: codes.count, bits: bits)
            let values = try #require(quantizer.dequantize(unpacked, rows: 24, columns: 14))
            #expect(values.elements == quantized(x, by: quantizer).elements)
        }
    }

    @Test("full precision changes nothing and takes no parameters")
    func fullPrecision() {
        let x = seededMatrix(5, 7, seed: 1, padding: 1)
        let quantizer = SiteQuantizer.fullPrecision
        #expect(quantized(x, by: quantizer).elements == x.elements)
        #expect(quantizer.codes(of: x) == nil)
        #expect(quantizer.bits == nil && quantizer.groupCount == 0 && quantizer.parameterBytes == 0)
        #expect(quantizer.valueBytes(count: 35) == 140)
    }

    @Test("a description names the kind and the granularity")
    func descriptions() throws {
        let bits = try BitWidth(4)
        func uniform(_ count: Int, _ groups: QuantizationGroups) throws -> SiteQuantizer {
            try .uniform(
                UniformQuantizer(
                    bits: bits, scales: Array(repeating: 1, count: count),
                    zeroPoints: Array(repeating: 0, count: count), groups: groups))
        }
        #expect(try uniform(1, .columns(width: 8)).description == "uniform per tensor")
        #expect(try uniform(8, .columns(width: 1)).description == "uniform per channel")
        #expect(try uniform(8, .rows(perGroup: 1)).description == "uniform per channel")
        #expect(try uniform(2, .columns(width: 4)).description == "uniform per head")
        let map = try LogSqrt2Quantizer(bits: bits, deltas: [1, 1], groups: .rows(perGroup: 4))
        #expect(SiteQuantizer.logSqrt2(map).description == "log√2 per head")
        let powers = try [false, true].map {
            try SearchedLogQuantizer(
                bits: bits, deltas: [1], steps: [20], isShifted: $0, groups: .columns(width: 4))
        }
        #expect(SiteQuantizer.searchedLog(powers[0]).description == "searched log per tensor")
        #expect(SiteQuantizer.searchedLog(powers[1]).description == "shifted log per tensor")
        #expect(SiteQuantizer.fullPrecision.description == "full precision")
    }

    @Test("stored parameters take four bytes a scale and one or four a zero point")
    func bytes() throws {
        let bits = try BitWidth(3)
        let inside = try UniformQuantizer(
            bits: bits, scales: [1, 1], zeroPoints: [0, 7], groups: .columns(width: 1))
        let outside = try UniformQuantizer(
            bits: bits, scales: [1, 1], zeroPoints: [0, -7], groups: .columns(width: 1))
        #expect(SiteQuantizer.uniform(inside).parameterBytes == 10)
        #expect(SiteQuantizer.uniform(outside).parameterBytes == 16)
        #expect(SiteQuantizer.uniform(inside).valueBytes(count: 9) == 4)
    }
}
