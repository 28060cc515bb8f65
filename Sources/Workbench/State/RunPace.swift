internal import Foundation

/// The speed of a run: how many seconds it takes for what was estimated to take one, lately.
///
/// What is older than three quarters of a minute counts less and less, so that the speed follows a machine that gets
/// busier or idler.
package struct RunPace: Equatable, Sendable {
    /// How long it takes, in seconds, for a measurement to count e times less.
    private static let memory = 45.0
    /// How many estimated seconds the estimate itself counts for, before anything is measured.
    private static let prior = 10.0

    private var measured = 0.0
    private var estimated = 0.0

    /// Adds work that took some time.
    ///
    /// - Parameters:
    ///   - work: Its estimated time in seconds.
    ///   - seconds: Its measured time in seconds.
    mutating func add(work: Double, seconds: Double) {
        let kept = exp(-seconds / Self.memory)
        measured = measured * kept + seconds
        estimated = estimated * kept + work
    }

    /// How many seconds an estimated second takes.
    var factor: Double { (measured + Self.prior) / (estimated + Self.prior) }
}
