package import Kernels
package import TensorCore

/// The quantizer of one site, or none.
///
/// A box for the types of `Quantizer`, which does everything through them.
package enum SiteQuantizer: Equatable, Sendable {
    /// Equal steps.
    case uniform(UniformQuantizer)
    /// Powers of √2 and zero.
    case logSqrt2(LogSqrt2Quantizer)
    /// Powers of a searched base and zero.
    case searchedLog(SearchedLogQuantizer)
    /// No quantization.
    case fullPrecision

    /// The types that a site can have.
    package static let types: [any Quantizer.Type] = [
        UniformQuantizer.self, LogSqrt2Quantizer.self, SearchedLogQuantizer.self,
    ]

    /// The kind of full precision in packed checkpoints.
    package static let fullPrecisionKind = "full_precision"

    /// The quantizer; nil in full precision.
    package var quantizer: (any Quantizer)? {
        switch self {
        case .uniform(let quantizer): quantizer
        case .logSqrt2(let quantizer): quantizer
        case .searchedLog(let quantizer): quantizer
        case .fullPrecision: nil
        }
    }

    /// The width of a code; nil in full precision.
    package var bits: BitWidth? { quantizer?.bits }

    /// The elements that share parameters; nil in full precision.
    package var groups: QuantizationGroups? { quantizer?.groups }

    /// The number of groups; 0 in full precision.
    package var groupCount: Int { quantizer?.groupCount ?? 0 }

    /// The kind's name in packed checkpoints.
    package var kind: String { quantizer?.kind ?? Self.fullPrecisionKind }

    /// Quantizes and dequantizes values; in full precision copies them.
    ///
    /// - Parameters:
    ///   - x: The values.
    ///   - out: The quantized values, shaped as `x`; overwritten. May be `x`.
    package func fakeQuantize(_ x: Matrix, into out: Matrix) {
        guard let quantizer else { return copy(x, into: out) }
        quantizer.fakeQuantize(x, into: out)
    }

    /// The codes of values, row by row; nil in full precision.
    package func codes(of x: Matrix) -> [UInt8]? { quantizer?.codes(of: x) }

    /// The values of codes; nil in full precision.
    ///
    /// - Parameters:
    ///   - codes: `[rows, columns]` codes, row by row.
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    /// - Returns: `[rows, columns]`, the same floats as `fakeQuantize`.
    package func dequantize(_ codes: [UInt8], rows: Int, columns: Int) -> Matrix? {
        quantizer?.dequantize(codes, rows: rows, columns: columns)
    }

    /// The bytes that the parameters take when stored.
    ///
    /// Four for each scale; for each zero point one, or four if any of them does not fit in a byte.
    package var parameterBytes: Int { quantizer?.parameterBytes ?? 0 }

    /// Whether reconstruction learns the scales.
    package var learnsScales: Bool { quantizer.map { type(of: $0).learnsScales } ?? false }

    /// The same quantizer with other scales; itself in full precision.
    ///
    /// - Throws: `QuantizationError.invalidScale`.
    package func replacing(scales: [Float]) throws(QuantizationError) -> SiteQuantizer {
        guard let quantizer else { return self }
        return try type(of: quantizer).init(
            kind: quantizer.kind, bits: quantizer.bits, values: [scales] + quantizer.values.dropFirst(),
            groups: quantizer.groups
        ).boxed
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
        guard let quantizer else { return "full precision" }
        return "\(quantizer.title) \(quantizer.groups.sharing(quantizer.groupCount))"
    }
}

extension QuantizationGroups {
    /// The elements that share parameters, in words.
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
