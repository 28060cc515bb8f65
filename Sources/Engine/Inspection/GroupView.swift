internal import Foundation
internal import Kernels
internal import Quantization
internal import Runs
internal import TensorCore

/// A site's values, or those of one group of quantization parameters, beside the levels of their quantizer.
struct GroupView {
    private let values: Matrix
    private let groups: QuantizationGroups?
    private let groupCount: Int
    /// The inspected group; nil for all values.
    private let group: Int?
    /// The levels of every group, rising.
    private let table: [[Float]]
    /// The group whose levels are shown; nil in full precision.
    let levelsOfGroup: Int?

    /// Takes a view.
    ///
    /// - Parameters:
    ///   - values: The site's values.
    ///   - quantizer: Its quantizer.
    ///   - group: The group to inspect; nil for all values.
    ///   - site: The site's name, for errors.
    /// - Throws: `SiteInspector.Refusal` for a group that does not exist.
    init(
        _ values: Matrix, quantizer: SiteQuantizer, group: Int?, site: String
    ) throws(SiteInspector.Refusal) {
        if let group, !(0..<quantizer.groupCount).contains(group) {
            let known =
                quantizer.groupCount == 0
                ? "is in full precision and has no groups"
                : "has the groups 0 through \(quantizer.groupCount - 1)"
            throw SiteInspector.Refusal(sentence: "\(site) \(known), not \(group)")
        }
        self.values = values
        self.group = group
        groups = quantizer.groups
        groupCount = quantizer.groupCount
        let table = quantizer.levels()
        self.table = table
        levelsOfGroup = group ?? table.indices.max { table[$0].extent < table[$1].extent }
    }

    /// The levels of `levelsOfGroup`, rising; empty in full precision.
    var levels: [Float] { levelsOfGroup.map { table[$0] } ?? [] }

    /// The distribution of the values.
    var histogram: Histogram {
        var (lower, upper) = (Float.infinity, -Float.infinity)
        visit { value, _, _, _ in
            lower = min(lower, value)
            upper = max(upper, value)
        }
        guard lower <= upper else { return Histogram(lower: 0, upper: 0, counts: []) }
        var counts = Array(repeating: 0, count: Histogram.bins)
        let width = (upper - lower) / Float(Histogram.bins)
        visit { value, _, _, _ in
            let bin = width > 0 ? Int((value - lower) / width) : 0
            counts[min(bin, Histogram.bins - 1)] += 1
        }
        return Histogram(lower: Double(lower), upper: Double(upper), counts: counts)
    }

    /// The share of values beyond their group's levels by more than half of the outermost step.
    var clippedShare: Double {
        guard !table.isEmpty else { return 0 }
        let bounds = table.map { levels -> ClosedRange<Float> in
            guard let first = levels.first, let last = levels.last, levels.count > 1 else { return 0...0 }
            let (below, above) = (levels[1] - first, last - levels[levels.count - 2])
            return first - below / 2...last + above / 2
        }
        var (clipped, count) = (0, 0)
        visit { value, group, _, _ in
            clipped += bounds[group].contains(value) ? 0 : 1
            count += 1
        }
        return Double(clipped) / Double(max(1, count))
    }

    /// Signal to quantization noise of the values in dB; nil without noise.
    ///
    /// - Parameter quantized: The quantized values of the whole site.
    /// - Returns: Decibels.
    func sqnrDb(_ quantized: Matrix) -> Double? {
        var (signal, noise) = (0.0, 0.0)
        visit { value, _, row, column in
            let error = Double(value) - Double(quantized[row, column])
            signal += Double(value) * Double(value)
            noise += error * error
        }
        return noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil
    }

    /// Calls a function with every sampled value, its group, its row and its column.
    private func visit(_ body: (Float, Int, Int, Int) -> Void) {
        for row in 0..<values.rows {
            var columns = 0..<values.columns
            var ofRow = 0
            if case .rows(let perGroup) = groups {
                ofRow = row / perGroup % groupCount
                if let group, group != ofRow { continue }
            } else if case .columns(let width) = groups, let group {
                columns = group * width..<(group + 1) * width
            }
            for column in columns {
                var of = ofRow
                if case .columns(let width) = groups { of = column / width }
                body(values[row, column], of, row, column)
            }
        }
    }
}

extension SiteQuantizer {
    /// The values of codes, rising, for each group; none in full precision.
    fileprivate func levels() -> [[Float]] {
        guard let bits, let groups else { return [] }
        let codes = (0...bits.maximumCode).map { UInt8($0) }
        let columnsPerGroup: Int
        let decoded: Matrix?
        switch groups {
        case .columns(let width):
            columnsPerGroup = width
            let line = width * groupCount
            decoded = dequantize(
                codes.flatMap { Array(repeating: $0, count: line) }, rows: codes.count, columns: line)
        case .rows(let perGroup):
            columnsPerGroup = perGroup
            let lines = perGroup * groupCount
            decoded = dequantize(
                (0..<lines).flatMap { _ in codes }, rows: lines, columns: codes.count)
        }
        guard let decoded else { return [] }
        return (0..<groupCount).map { group in
            let place = group * columnsPerGroup
            let levels = codes.indices.map { code in
                if case .columns = groups { decoded[code, place] } else { decoded[place, code] }
            }
            return Set(levels).sorted()
        }
    }
}

extension [Float] {
    /// The distance from the first to the last of rising values.
    fileprivate var extent: Float { (last ?? 0) - (first ?? 0) }
}
