/// A new value for one hyperparameter.
public struct HyperparameterChange: Equatable, Codable, Sendable {
    /// The field's key.
    public let key: String
    /// The value as text.
    public let value: String

    /// Makes a change; whether key and value are right shows when it is applied.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

extension Hyperparameters {
    /// Applies changes in order.
    ///
    /// - Throws: `PlanError.unknownKey` or `PlanError.badValue`; then nothing is changed.
    public mutating func apply(_ changes: [HyperparameterChange]) throws(PlanError) {
        var copy = self
        for change in changes {
            guard let field = HyperparameterField.named(change.key) else {
                throw .unknownKey(change.key, at: "", known: HyperparameterField.all.map(\.key))
            }
            try field.set(change.value, in: &copy)
        }
        self = copy
    }

    /// What would have to change for `self` to become `other`.
    public func changes(to other: Hyperparameters) -> [HyperparameterChange] {
        HyperparameterField.all.compactMap { field in
            let value = field.value(in: other)
            return value == field.value(in: self) ? nil : HyperparameterChange(key: field.key, value: value)
        }
    }
}
