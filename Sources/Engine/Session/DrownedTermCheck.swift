internal import Runs
internal import Vocabulary

/// Finds supervision terms that are on but hardly move a unit, because other terms' gradients drown theirs.
struct DrownedTermCheck {
    /// Below this share of the sum of the terms' gradient norms a term is taken for one that decides nothing.
    static let threshold = 0.01

    /// The greatest share that each term that is on had; a term alone has all.
    private var greatest: [Term: Double] = [:]

    /// Takes the norms of the weighted terms' gradients at one step; nothing where all are 0 or NaN.
    mutating func add(_ norms: Terms) {
        let shares = norms.shares
        guard Term.allCases.contains(where: { shares[$0] ?? 0 > 0 }) else { return }
        for term in Term.allCases {
            guard let share = shares[term] else { continue }
            greatest[term] = max(greatest[term] ?? 0, share)
        }
    }

    /// A sentence for each term whose share stayed below the threshold.
    func sentences(unit: String) -> [String] {
        Term.allCases.compactMap { term in
            guard let share = greatest[term], share < Self.threshold else { return nil }
            let tenths = (1000 * share).rounded() / 10
            let amount = tenths < 0.1 ? "less than 0.1 %" : "at most \(tenths) %"
            return
                "\(unit): the \(term.rawValue) term had \(amount) of the gradient and decided next to nothing; "
                + "\(term.rawValue)_weight is its weight"
        }
    }
}
