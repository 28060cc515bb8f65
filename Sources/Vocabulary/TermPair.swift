/// Two different supervision terms, in the order of `Term.allCases`.
package struct TermPair: Hashable, Sendable {
    package let first: Term
    package let second: Term

    package init(_ first: Term, _ second: Term) {
        (self.first, self.second) = (first, second)
    }

    /// All pairs.
    package static let allCases = Term.allCases.indices.flatMap { index in
        Term.allCases[(index + 1)...].map { TermPair(Term.allCases[index], $0) }
    }
}

/// The pair as a member of a JSON object: `blockGlobal`.
extension TermPair: CodingKey {
    package var stringValue: String {
        first.rawValue + second.rawValue.prefix(1).uppercased() + second.rawValue.dropFirst()
    }
    package var intValue: Int? { nil }

    package init?(stringValue: String) {
        guard let pair = Self.allCases.first(where: { $0.stringValue == stringValue }) else { return nil }
        self = pair
    }

    package init?(intValue: Int) { nil }
}

/// The cosines of the angles between weighted terms' gradients, −1 through 1; nil where a term is off or its gradient
/// is 0.
package struct GradientCosines: Equatable, Sendable {
    private var values: [TermPair: Double]

    /// Makes cosines; those of pairs that are left out are nil.
    package init(_ values: [TermPair: Double] = [:]) {
        self.values = values
    }

    /// The cosine of two terms.
    package subscript(pair: TermPair) -> Double? {
        get { values[pair] }
        set { values[pair] = newValue }
    }
}

extension GradientCosines: Codable {
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: TermPair.self)
        self.init()
        for pair in TermPair.allCases { self[pair] = try members.decodeIfPresent(Double.self, forKey: pair) }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: TermPair.self)
        for pair in TermPair.allCases { try members.encodeIfPresent(self[pair], forKey: pair) }
    }
}
