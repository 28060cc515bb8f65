package import Runs

/// The dialog that asks whether to make another attempt at a unit.
package struct RedoDialog: Equatable, Sendable {
    /// The unit's index.
    package let unit: Int
    /// Whether the drafted parameters are used; otherwise those of the chosen attempt.
    package internal(set) var usesDraft: Bool
}

/// The attempts at a unit, side by side.
package struct AttemptsView: Equatable, Sendable {
    /// The unit's index.
    package internal(set) var unit: Int
    /// The number of the selected attempt.
    package internal(set) var attempt: Int
}

/// A site that is looked at.
package struct SiteView: Equatable, Sendable {
    /// The unit's index.
    package let unit: Int
    /// Which of the unit's sites.
    package internal(set) var site: Int
    /// What was asked for.
    package internal(set) var request: SiteRequest
    /// The answer to the request, or to the one before it; nil before the first.
    package internal(set) var inspection: SiteInspection?
    /// Other bits that the site could have.
    package internal(set) var bits: Int?

    /// Whether the answer is still to come.
    var isWaiting: Bool { inspection?.request != request }
}

/// Images that are looked at.
package struct ImagesView: Equatable, Sendable {
    /// What was asked for.
    package internal(set) var request: ImageRequest
    /// The answer to the request, or to the one before it; nil before the first.
    package internal(set) var page: ImagePage?

    /// Whether the answer is still to come.
    var isWaiting: Bool { page?.request != request }
}
