package import Vocabulary

/// A new value for one hyperparameter.
package struct HyperparameterChange: Equatable, Codable, Sendable {
    /// The field's key.
    package let key: String
    /// The value as text.
    package let value: String

    /// Makes a change; key and value are validated when it is applied.
    package init(key: String, value: String) {
        (self.key, self.value) = (key, value)
    }
}

extension Hyperparameters {
    /// The default hyperparameters with changes, as attempts keep them.
    ///
    /// - Throws: As `apply(_:)`.
    package init(changes: [HyperparameterChange]) throws(PlanError) {
        self.init()
        try apply(changes)
    }

    /// Applies changes in order.
    ///
    /// - Throws: `PlanError.unknownKey` or `PlanError.badValue`; nothing is changed then.
    package mutating func apply(_ changes: [HyperparameterChange]) throws(PlanError) {
        var copy = self
        for change in changes {
            guard let field = HyperparameterField.named(change.key) else {
                throw .unknownKey(change.key, at: "", known: HyperparameterField.all.map(\.key))
            }
            try field.set(change.value, in: &copy)
        }
        self = copy
    }

    /// The changes that turn `self` into `other`.
    package func changes(to other: Hyperparameters) -> [HyperparameterChange] {
        HyperparameterField.all.compactMap { field in
            let value = field.value(in: other)
            return value == field.value(in: self) ? nil : HyperparameterChange(key: field.key, value: value)
        }
    }
}
