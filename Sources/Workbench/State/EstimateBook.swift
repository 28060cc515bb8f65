internal import Runs

/// The estimates of the latest plans.
package struct EstimateBook: Equatable, Sendable {
    private static let capacity = 6

    /// A plan and its estimate.
    private struct Entry: Equatable {
        let plan: RunPlan
        var answer: Answer
    }

    /// The state of an estimate.
    enum Answer: Equatable, Sendable {
        /// It was asked for.
        case pending
        /// It is known.
        case known(RunEstimate)
        /// There is none, for a reason.
        case unknown(String)
    }

    private var entries: [Entry] = []

    /// The state of a plan's estimate; nil if it was not requested.
    func answer(of plan: RunPlan) -> Answer? { entries.last { $0.plan == plan }?.answer }

    /// The estimate of a plan, if it is known.
    func estimate(of plan: RunPlan) -> RunEstimate? {
        if case .known(let estimate) = answer(of: plan) { return estimate }
        return nil
    }

    /// Forgets unanswered questions about other plans, so that they can be asked again.
    mutating func forgetQuestions(but plans: [RunPlan]) {
        entries.removeAll { $0.answer == .pending && !plans.contains($0.plan) }
    }

    /// Notes the state of a plan's estimate.
    mutating func note(_ answer: Answer, of plan: RunPlan) {
        entries.removeAll { $0.plan == plan }
        entries = entries.suffix(Self.capacity - 1) + [Entry(plan: plan, answer: answer)]
    }
}
