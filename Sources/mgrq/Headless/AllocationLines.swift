internal import Foundation
internal import RunText
internal import Runs

extension Results {
    /// Sensitivities and allocated bits, as a table with a line for each site.
    static func lines(of table: SensitivityTable, allocation: Allocation, path: String) -> [String] {
        let widths = Set(table.sites.flatMap { $0.widths.map(\.bits) }).sorted()
        let name = (table.sites.map(\.site.count).max() ?? 0) + 2
        let unit =
            switch table.measure {
            case .divergence: "KL of the logits in nats"
            case .unitOutput: "squared error of the unit's output, relative"
            }
        var lines = ["\(unit) over \(table.images) images, of each site alone"]
        lines.append(pad("site", name) + widths.map { pad("\($0) bits", 12) }.joined() + "chosen")
        for (site, chosen) in zip(table.sites, allocation.sites) {
            let cells = widths.map { pad(site.harm(at: $0).map { significant($0) } ?? "–", 12) }
            lines.append(pad(site.site, name) + cells.joined() + "\(chosen.bits)")
        }
        return lines + [
            "sum             \(significant(allocation.harm))",
            "size            \(megabytes(allocation.bytes))",
            "mean bits       \(QuantityText.fixed(allocation.meanBits, decimals: 3))",
            "bit operations  \(QuantityText.fixed(Double(allocation.bitOperations) / 1e9, decimals: 3)) · 10⁹ for an image",
            "plan            \(path)",
        ]
    }

    /// A number with three digits, whatever its size.
    private static func significant(_ value: Double) -> String {
        value.formatted(
            .number.notation(.scientific).precision(.significantDigits(3)).locale(
                Locale(identifier: "en_US_POSIX")))
    }
}
