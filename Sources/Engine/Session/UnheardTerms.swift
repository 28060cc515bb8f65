internal import Reconstruction

/// Which supervision terms hardly move a unit, though they are on: the others' gradients drown theirs.
struct UnheardTerms {
    /// Below this share of the sum of the terms' gradient norms a term is taken for one that decides nothing.
    static let threshold = 0.01

    /// The greatest share that each term had; nil for one that was never measured beside another.
    private var greatest = Terms()

    /// Takes the norms of the weighted terms' gradients at one step; where they are no numbers or all 0, nothing.
    mutating func add(_ norms: Terms) {
        let known = [norms.block, norms.global, norms.local].compactMap(\.self)
        let sum = known.reduce(0, +)
        guard known.count > 1, sum.isFinite, sum > 0 else { return }
        for term in [\Terms.block, \.global, \.local] {
            guard let norm = norms[keyPath: term] else { continue }
            greatest[keyPath: term] = max(greatest[keyPath: term] ?? 0, norm / sum)
        }
    }

    /// A sentence for each term whose share stayed below the threshold.
    func sentences(unit: String) -> [String] {
        [("block", greatest.block), ("global", greatest.global), ("local", greatest.local)].compactMap {
            (name, share) in
            guard let share, share < Self.threshold else { return nil }
            let tenths = (1000 * share).rounded() / 10
            let amount = tenths < 0.1 ? "less than 0.1 %" : "at most \(tenths) %"
            return "\(unit): the \(name) term had \(amount) of the gradient and decided next to nothing; "
                + "\(name)_weight is its weight"
        }
    }
}
