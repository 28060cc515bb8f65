/// A supervision term.
package enum Term: String, CaseIterable, Sendable {
    /// The unit's output.
    case block
    /// The model's output.
    case global
    /// The operators inside the unit.
    case local
}

/// What part each term has of their sum; a term that is switched off has none.
package struct ContributionShares: Equatable, Sendable {
    private var shares: [Double?]

    /// Divides each value by the sum; values below 0 or not finite count as 0.
    package init(_ values: TermValues) {
        let parts = [values.block, values.global, values.local].map { value in
            value.map { $0.isFinite ? max($0, 0) : 0 }
        }
        let sum = parts.reduce(0) { $0 + ($1 ?? 0) }
        shares = parts.map { part in part.map { sum > 0 ? $0 / sum : 0 } }
    }

    /// The share of a term, from 0 through 1; nil where the term is switched off.
    package subscript(term: Term) -> Double? {
        switch term {
        case .block: shares[0]
        case .global: shares[1]
        case .local: shares[2]
        }
    }
}
