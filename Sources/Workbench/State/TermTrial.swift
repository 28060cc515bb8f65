package import Vocabulary

/// An attempt at a unit without one of its terms, which is compared with the one before when it has ended.
package struct TermTrial: Equatable, Sendable {
    /// How far it is.
    enum Phase: Equatable, Sendable {
        /// The finished run is opened again, as attempts are made at a gate.
        case reopening
        /// The engine was asked for the attempt.
        case asked
        /// The attempt is being made.
        case running
        /// The attempt has ended; the comparison opens at the gate.
        case ended
    }

    /// The unit's index.
    package let unit: Int
    package let term: Term
    /// The number of the attempt that it is compared with.
    let former: Int
    var phase: Phase
}
