package import Kernels
package import TensorCore

/// How one site is quantized.
package enum SiteQuantizer: Equatable, Sendable {
    /// Equal steps.
    case uniform(UniformQuantizer)
    /// Powers of √2 and zero.
    case logSqrt2(LogSqrt2Quantizer)
    /// Powers of a searched base and zero.
    case searchedLog(SearchedLogQuantizer)
    /// Not at all.
    case fullPrecision

    /// The width of a code; nil in full precision.
    package var bits: BitWidth? {
        switch self {
        case .uniform(let quantizer): quantizer.bits
        case .logSqrt2(let quantizer): quantizer.bits
        case .searchedLog(let quantizer): quantizer.bits
        case .fullPrecision: nil
        }
    }

    /// Which elements share parameters; nil in full precision.
    package var groups: QuantizationGroups? {
        switch self {
        case .uniform(let quantizer): quantizer.groups
        case .logSqrt2(let quantizer): quantizer.groups
        case .searchedLog(let quantizer): quantizer.groups
        case .fullPrecision: nil
        }
    }

    /// The number of groups; 0 in full precision.
    package var groupCount: Int {
        switch self {
        case .uniform(let quantizer): quantizer.scales.count
        case .logSqrt2(let quantizer): quantizer.deltas.count
        case .searchedLog(let quantizer): quantizer.deltas.count
        case .fullPrecision: 0
        }
    }

    /// Quantizes and dequantizes values; in full precision copies them.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    package func fakeQuantize(_ x: Matrix, into out: Matrix) {
        switch self {
        case .uniform(let quantizer): quantizer.fakeQuantize(x, into: out)
        case .logSqrt2(let quantizer): quantizer.fakeQuantize(x, into: out)
        case .searchedLog(let quantizer): quantizer.fakeQuantize(x, into: out)
        case .fullPrecision: copy(x, into: out)
        }
    }

    /// The codes of values, row by row; nil in full precision, which has none.
    package func codes(of x: Matrix) -> [UInt8]? {
        switch self {
        case .uniform(let quantizer): quantizer.codes(of: x)
        case .logSqrt2(let quantizer): quantizer.codes(of: x)
        case .searchedLog(let quantizer): quantizer.codes(of: x)
        case .fullPrecision: nil
        }
    }

    /// The values that codes stand for; nil in full precision, which has no codes.
    ///
    /// - Parameters:
    ///   - codes: `[rows, columns]` codes, row by row.
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    /// - Returns: `[rows, columns]`, the very floats that `fakeQuantize` gives.
    package func dequantize(_ codes: [UInt8], rows: Int, columns: Int) -> Matrix? {
        switch self {
        case .uniform(let quantizer): quantizer.dequantize(codes, rows: rows, columns: columns)
        case .logSqrt2(let quantizer): quantizer.dequantize(codes, rows: rows, columns: columns)
        case .searchedLog(let quantizer): quantizer.dequantize(codes, rows: rows, columns: columns)
        case .fullPrecision: nil
        }
    }

    /// The bytes that the parameters take when stored.
    ///
    /// Four for each scale; for each zero point one, or four if any of them does not fit in a byte.
    package var parameterBytes: Int {
        switch self {
        case .uniform(let quantizer):
            quantizer.scales.count * (quantizer.zeroPoints.allSatisfy { (0...255).contains($0) } ? 5 : 8)
        case .logSqrt2(let quantizer): quantizer.deltas.count * 4
        case .searchedLog(let quantizer): quantizer.deltas.count * 8
        case .fullPrecision: 0
        }
    }

    /// The bytes that a number of values take when stored: packed codes, or floats in full precision.
    package func valueBytes(count: Int) -> Int {
        bits.map { CodePacking.byteCount(of: count, bits: $0) } ?? count * MemoryLayout<Float>.size
    }

    /// Checks that the groups cut a tensor up evenly, for parameters that come from a file.
    ///
    /// - Parameters:
    ///   - rows: The number of rows of the site's values.
    ///   - columns: The number of columns of the site's values.
    /// - Throws: `QuantizationError.groupsDoNotFit`.
    package func checkFit(rows: Int, columns: Int) throws(QuantizationError) {
        guard let groups else { return }
        guard groups.fit(rows: rows, columns: columns, count: groupCount) else {
            throw .groupsDoNotFit(groups: groups, count: groupCount, rows: rows, columns: columns)
        }
    }
}

extension SiteQuantizer: CustomStringConvertible {
    /// For example `uniform per channel`, `log√2 per head`, `shifted log per tensor` or `full precision`.
    package var description: String {
        switch self {
        case .uniform(let quantizer): "uniform \(quantizer.groups.sharing(quantizer.scales.count))"
        case .logSqrt2(let quantizer): "log√2 \(quantizer.groups.sharing(quantizer.deltas.count))"
        case .searchedLog(let quantizer):
            "\(quantizer.isShifted ? "shifted" : "searched") log \(quantizer.groups.sharing(quantizer.deltas.count))"
        case .fullPrecision: "full precision"
        }
    }
}

extension QuantizationGroups {
    /// Who shares parameters.
    fileprivate func sharing(_ count: Int) -> String {
        switch self {
        case _ where count == 1: "per tensor"
        case .columns(width: 1), .rows(perGroup: 1): "per channel"
        case .columns, .rows: "per head"
        }
    }

    /// Whether `count` groups cut `[rows, columns]` values up evenly.
    func fit(rows: Int, columns: Int, count: Int) -> Bool {
        switch self {
        case .columns(let width): width > 0 && count > 0 && width * count == columns
        case .rows(let perGroup): perGroup > 0 && count > 0 && rows % (perGroup * count) == 0
        }
    }
}
