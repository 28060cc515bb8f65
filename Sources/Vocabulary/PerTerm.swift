/// A supervision term.
package enum Term: String, CaseIterable, CodingKey, Sendable {
    /// The unit's output.
    case block
    /// The model's output.
    case global
    /// The operators inside the unit.
    case local
}

/// One value for each supervision term.
///
/// A value per term is a `PerTerm` everywhere, from the kernels' results to the screen: `Terms` holds measured values,
/// `PerTerm<Double>` weights and factors. `map` and `zip` combine them term by term:
///
///     let weighted = terms.zip(factors) { term, factor in term.map { $0 * factor } }
package struct PerTerm<Value> {
    /// The block term's value.
    package var block: Value
    /// The global term's value.
    package var global: Value
    /// The value of the local terms together.
    package var local: Value

    package init(block: Value, global: Value, local: Value) {
        (self.block, self.global, self.local) = (block, global, local)
    }

    /// Makes one value per term, in the order of `Term.allCases`.
    package init(_ value: (Term) throws -> Value) rethrows {
        self.init(block: try value(.block), global: try value(.global), local: try value(.local))
    }

    /// The value of a term.
    package subscript(term: Term) -> Value {
        get {
            switch term {
            case .block: block
            case .global: global
            case .local: local
            }
        }
        set {
            switch term {
            case .block: block = newValue
            case .global: global = newValue
            case .local: local = newValue
            }
        }
    }

    /// The transformed values.
    package func map<Other>(_ transform: (Value) throws -> Other) rethrows -> PerTerm<Other> {
        try PerTerm<Other> { try transform(self[$0]) }
    }

    /// The values combined with those of another, term by term.
    package func zip<Other, Result>(
        _ other: PerTerm<Other>, _ combine: (Value, Other) throws -> Result
    ) rethrows -> PerTerm<Result> {
        try PerTerm<Result> { try combine(self[$0], other[$0]) }
    }
}

extension PerTerm where Value == Double {
    /// 0 for every term.
    package static var none: Self { PerTerm { _ in 0 } }

    /// The value of one term, and 0 for the others.
    package func only(_ term: Term) -> Self {
        PerTerm { $0 == term ? self[$0] : 0 }
    }
}

extension PerTerm: Sendable where Value: Sendable {}
extension PerTerm: Equatable where Value: Equatable {}

/// A measured value for each supervision term; nil where the term is off.
package typealias Terms = PerTerm<Double?>

extension PerTerm where Value == Double? {
    /// Makes values; a term that is left out is off.
    package init(block: Double? = nil, global: Double? = nil, local: Double? = nil) {
        (self.block, self.global, self.local) = (block, global, local)
    }

    /// Each term times its factor.
    package func scaled(by factors: PerTerm<Double>) -> Terms {
        zip(factors) { term, factor in term.map { $0 * factor } }
    }

    /// The sum of the terms that are on.
    package var sum: Double { Term.allCases.reduce(0) { $0 + (self[$1] ?? 0) } }

    /// Each term's share of the sum, 0 through 1; values below 0 or not finite count as 0.
    package var shares: Terms {
        let parts = map { value in value.map { $0.isFinite ? max($0, 0) : 0 } }
        let sum = parts.sum
        return parts.map { part in part.map { sum > 0 ? $0 / sum : 0 } }
    }
}

extension PerTerm: Codable where Value == Double? {
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Term.self)
        try self.init { try values.decodeIfPresent(Double.self, forKey: $0) }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Term.self)
        for term in Term.allCases { try values.encodeIfPresent(self[term], forKey: term) }
    }
}
