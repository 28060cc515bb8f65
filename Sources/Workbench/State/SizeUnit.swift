internal import RunText

/// The unit for the sizes of a table or an axis.
struct SizeUnit: Equatable, Sendable {
    let name: String
    let bytes: Double
    private let decimals: Int

    /// Makes the unit that suits the largest of some sizes in bytes.
    init(largest: Double) {
        (name, bytes, decimals) =
            switch largest {
            case ..<1_000_000: ("kB", 1e3, 1)
            case ..<1_000_000_000: ("MB", 1e6, 2)
            default: ("GB", 1e9, 2)
            }
    }

    /// A size as a number of this unit.
    func text(_ bytes: Int) -> String { QuantityText.fixed(Double(bytes) / self.bytes, decimals: decimals) }
}
