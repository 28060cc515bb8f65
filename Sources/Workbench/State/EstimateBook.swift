internal import Runs

/// What plans will take, as far as it was found out; the latest few.
package struct EstimateBook: Equatable, Sendable {
    /// How many are kept.
    private static let capacity = 6

    /// A plan that was asked about, and the answer.
    private struct Entry: Equatable {
        let plan: RunPlan
        var answer: Answer
    }

    /// What is known of a plan.
    enum Answer: Equatable, Sendable {
        /// It was asked.
        case pending
        /// It will take this.
        case known(RunEstimate)
        /// It cannot be told, for this reason.
        case unknown(String)
    }

    private var entries: [Entry] = []

    /// What is known of a plan; nil where nobody asked.
    func answer(of plan: RunPlan) -> Answer? { entries.last { $0.plan == plan }?.answer }

    /// What a plan will take, if that is known.
    func estimate(of plan: RunPlan) -> RunEstimate? {
        if case .known(let estimate) = answer(of: plan) { return estimate }
        return nil
    }

    /// Forgets the questions without an answer that nobody waits for any more; they can be asked again.
    mutating func forgetQuestions(but plans: [RunPlan]) {
        entries.removeAll { $0.answer == .pending && !plans.contains($0.plan) }
    }

    /// Says what is known of a plan.
    mutating func note(_ answer: Answer, of plan: RunPlan) {
        entries.removeAll { $0.plan == plan }
        entries = entries.suffix(Self.capacity - 1) + [Entry(plan: plan, answer: answer)]
    }
}
