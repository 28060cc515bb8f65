package import Quantization

/// A state that a unit is kept in where the learned one is worse than the calibrated one.
package struct Fallback: Sendable {
    /// Where it lies between the two.
    package enum Origin: Equatable, Sendable {
        /// The unit was in it after this step; at the end, its loss was `endRatio` times that of the calibrated unit.
        case step(Int, endRatio: Double)
        /// This share of the way from the calibrated state to the learned one.
        case share(Double)
    }

    /// The shares of the way that are tried.
    static let shares = [0.5, 0.25]

    /// The unit in this state.
    package let unit: QuantizedUnit
    /// Where it lies.
    package let origin: Origin
}
