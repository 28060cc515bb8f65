package import Vocabulary

/// Another attempt at a unit, which is compared with the one before when it has ended.
package struct Trial: Equatable, Sendable {
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
    /// The term that it is made without; nil if it is made with all of them.
    package let term: Term?
    /// The number of the attempt that it is compared with.
    let former: Int
    var phase: Phase
}
