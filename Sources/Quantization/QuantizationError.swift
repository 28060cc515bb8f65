package import Kernels

/// A request that the quantizers cannot honour.
package enum QuantizationError: Error, Hashable, Sendable {
    /// A code width is outside 2 through 8 bits.
    case unsupportedBitWidth(Int)
    /// There is no quantization parameter, or scales and zero points differ in number.
    case parameterCounts(scales: Int, zeroPoints: Int)
    /// A step is zero, negative, infinite or not a number.
    case invalidScale(Float, group: Int)
    /// A step of exponents is not a whole number, or out of bounds.
    case invalidStep(Float, group: Int)
    /// A zero point is not a whole number, or too large for floats to count with.
    case invalidZeroPoint(Float, group: Int)
    /// A number of groups does not cut a tensor up evenly.
    case groupsDoNotFit(groups: QuantizationGroups, count: Int, rows: Int, columns: Int)
    /// There is nothing to calibrate with.
    case noValues
    /// Values to calibrate with are infinite or not numbers.
    case nonFiniteValues(group: Int, groups: Int)
    /// An importance of a column is negative, infinite or not a number.
    case invalidImportance(Float, column: Int)
    /// A code does not fit in its width.
    case codeTooLarge(UInt8, index: Int, bits: Int)
    /// Packed codes take another number of bytes.
    case packedSize(bytes: Int, expected: Int)
    /// Two numbers of channels that must agree do not.
    case channelCounts(what: String, found: Int, expected: Int)
    /// A reparameterisation needs one scale per channel.
    case notChannelWise(QuantizationGroups)
    /// What is wrong, of a site.
    indirect case at(site: String, QuantizationError)

    /// Carries out the calibration of a site, whose errors name it.
    package static func naming<Value>(
        _ site: String, _ body: () throws(QuantizationError) -> Value
    ) throws(QuantizationError) -> Value {
        do throws(QuantizationError) {
            return try body()
        } catch {
            throw .at(site: site, error)
        }
    }
}

extension QuantizationError: CustomStringConvertible {
    /// One sentence that names the offending value and what would be accepted.
    package var description: String {
        switch self {
        case .at(let site, let error): "\(site): \(error)"
        case .unsupportedBitWidth(let bits):
            "cannot quantize to \(bits) bits; use 2 through 8"
        case .parameterCounts(let scales, let zeroPoints):
            "a quantizer needs one scale and one zero point per group, not \(scales) and \(zeroPoints)"
        case .invalidScale(let scale, let group):
            "group \(group) cannot be quantized with a scale of \(scale); it must be positive and finite"
        case .invalidStep(let step, let group):
            "group \(group) cannot be quantized with a step of \(step); it must be a whole number from 1 through "
                + "\(Int(SearchedLogQuantizer.largestStep))"
        case .invalidZeroPoint(let zeroPoint, let group):
            "group \(group) cannot be quantized with a zero point of \(zeroPoint); it must be a whole number "
                + "of at most \(Int(UniformQuantizer.largestZeroPoint)) in magnitude"
        case .groupsDoNotFit(let groups, let count, let rows, let columns):
            "\(count) groups of \(groups.words) do not make up \(rows) × \(columns) values"
        case .noValues:
            "cannot calibrate a quantizer without values"
        case .nonFiniteValues(let group, let groups):
            "the values of group \(group) of \(groups) hold infinities or NaN; only finite values can be quantized"
        case .invalidImportance(let importance, let column):
            "column \(column) cannot have an importance of \(importance); it must be finite and not negative"
        case .codeTooLarge(let code, let index, let bits):
            "code \(code) at index \(index) does not fit in \(bits) bits; the largest is \(1 << bits - 1)"
        case .packedSize(let bytes, let expected):
            "packed codes take \(bytes) bytes where \(expected) are needed"
        case .channelCounts(let what, let found, let expected):
            "\(what) has \(found) channels where the quantizer has \(expected)"
        case .notChannelWise(let groups):
            "scales can be moved into a LayerNorm only if every channel has its own, not groups of \(groups.words)"
        }
    }
}

extension QuantizationGroups {
    /// The elements of one group.
    fileprivate var words: String {
        switch self {
        case .columns(let width): "\(width) columns"
        case .rows(let count): "\(count) rows"
        }
    }
}
