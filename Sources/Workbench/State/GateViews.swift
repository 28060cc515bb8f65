public import Runs

/// The dialog that asks whether to make another attempt at a unit.
public struct RedoDialog: Equatable, Sendable {
    /// The unit's index.
    public let unit: Int
    /// Whether the drafted parameters are used; otherwise those of the chosen attempt.
    public internal(set) var usesDraft: Bool
}

/// The attempts at a unit, side by side.
public struct AttemptsView: Equatable, Sendable {
    /// The unit's index.
    public internal(set) var unit: Int
    /// The number of the selected attempt.
    public internal(set) var attempt: Int
}

/// A site that is looked at.
public struct SiteView: Equatable, Sendable {
    /// The unit's index.
    public let unit: Int
    /// Which of the unit's sites.
    public internal(set) var site: Int
    /// What was asked for.
    public internal(set) var request: SiteRequest
    /// The answer to the request, or to the one before it; nil before the first.
    public internal(set) var inspection: SiteInspection?
    /// Other bits that the site could have.
    public internal(set) var bits: Int?

    /// Whether the answer is still to come.
    var isWaiting: Bool { inspection?.request != request }
}

/// Images that are looked at.
public struct ImagesView: Equatable, Sendable {
    /// What was asked for.
    public internal(set) var request: ImageRequest
    /// The answer to the request, or to the one before it; nil before the first.
    public internal(set) var page: ImagePage?

    /// Whether the answer is still to come.
    var isWaiting: Bool { page?.request != request }
}
