public import Runs

/// The start screen: a plan that can be changed before it runs.
public struct StartForm: Equatable, Sendable {
    /// What can be changed.
    public enum Field: Int, CaseIterable, Sendable {
        /// The preset.
        case preset
        /// The bits of weights.
        case weightBits
        /// The bits of activations.
        case activationBits
        /// The steps of each unit.
        case steps
    }

    /// The steps that can be chosen.
    static let steps = [0, 50, 100, 200, 400, 600, 1000, 2000, 5000, 10_000, 20_000]
    /// The bits that can be chosen.
    static let bits = [2, 3, 4, 5, 6, 7, 8, 16]

    /// What would be run.
    public var plan: RunPlan
    /// The selected field.
    public var field = Field.preset

    /// Moves the selected field's value to the next or the previous one.
    mutating func move(by offset: Int) {
        switch field {
        case .preset: choose(Self.neighbour(of: plan.preset, in: Preset.allCases, offset))
        case .weightBits:
            plan.hyperparameters.weightBits = Self.neighbour(
                of: plan.hyperparameters.weightBits, in: Self.bits, offset)
        case .activationBits:
            plan.hyperparameters.activationBits = Self.neighbour(
                of: plan.hyperparameters.activationBits, in: Self.bits, offset)
        case .steps: moveSteps(by: offset)
        }
    }

    /// Takes the values of a preset; the bits stay as chosen.
    private mutating func choose(_ preset: Preset) {
        let (weightBits, activationBits) = (
            plan.hyperparameters.weightBits, plan.hyperparameters.activationBits
        )
        plan.preset = preset
        plan.hyperparameters = preset.hyperparameters
        plan.hyperparameters.weightBits = weightBits
        plan.hyperparameters.activationBits = activationBits
    }

    /// The next larger or smaller choice; a plan may have come with steps that are none of them.
    private mutating func moveSteps(by offset: Int) {
        let steps = plan.hyperparameters.steps
        let next =
            offset > 0 ? Self.steps.first { $0 > steps } : Self.steps.last { $0 < steps }
        plan.hyperparameters.steps = next ?? steps
    }

    private static func neighbour<Value: Equatable>(of value: Value, in values: [Value], _ offset: Int)
        -> Value
    {
        guard let index = values.firstIndex(of: value) else { return values.first ?? value }
        return values[min(max(index + offset, 0), values.count - 1)]
    }
}
