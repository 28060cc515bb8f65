package import Runs
internal import Vocabulary

/// The start screen: a model, and a plan that can be changed before it runs.
package struct StartForm: Equatable, Sendable {
    /// A line of the form.
    package enum Field: Hashable, Sendable {
        case model, preset, weightBits, activationBits, steps, images, target
        /// Every hyperparameter.
        case parameters
        /// One of the recent runs.
        case recent(Int)

        /// The fields of the plan.
        static let ofPlan: [Field] = [
            .model, .preset, .weightBits, .activationBits, .steps, .images, .target, .parameters,
        ]
    }

    /// The steps that can be chosen.
    static let steps = [0, 50, 100, 200, 400, 600, 1000, 2000, 5000, 10_000, 20_000]

    package var plan: RunPlan
    package internal(set) var card: ModelCard
    package let samples: [String]
    package internal(set) var opening: String?
    package var field = Field.preset
    /// The plan's changes from its preset; other presets keep them.
    private(set) var kept: [HyperparameterChange]
    /// The steps for presets that learn, while one that does not is selected.
    private var learningSteps: Int?
    /// The steps that were set with a preset that does not learn.
    private var calibratingSteps: Int?

    /// The fields that the form itself changes.
    private static let ownKeys: Set = ["weight_bits", "activation_bits", "steps"]

    /// Makes a form that starts from a plan.
    init(plan: RunPlan, card: ModelCard, samples: [String] = []) {
        self.plan = plan
        self.card = card
        self.samples = samples
        kept = Self.kept(of: plan)
    }

    private static func kept(of plan: RunPlan) -> [HyperparameterChange] {
        plan.preset.hyperparameters(for: plan.target).changes(to: plan.hyperparameters).filter {
            !ownKeys.contains($0.key)
        }
    }

    mutating func take(plan: RunPlan, card: ModelCard) {
        self.plan = plan
        self.card = card
        kept = Self.kept(of: plan)
        (opening, learningSteps, calibratingSteps) = (nil, nil, nil)
    }

    /// Sets a hyperparameter from text.
    ///
    /// - Throws: `PlanError` for a value that is not accepted.
    mutating func set(_ field: HyperparameterField, to text: String) throws(PlanError) {
        var changed = plan.hyperparameters
        try field.set(text, in: &changed)
        try plan.target.check(changed)
        plan.hyperparameters = changed
        kept = Self.kept(of: plan)
    }

    /// The number of calibration images that the plan takes.
    var takenImages: Int {
        card.calibrationImages > 0
            ? min(plan.calibrationImages, card.calibrationImages) : plan.calibrationImages
    }

    /// Moves the number of calibration images to the next power of two, or to all there are.
    private mutating func moveImages(by offset: Int) {
        let all = card.calibrationImages > 0 ? card.calibrationImages : 1 << 20
        let counts = (4...20).map { 1 << $0 }.filter { $0 < all } + [all]
        let next = offset > 0 ? counts.first { $0 > takenImages } : counts.last { $0 < takenImages }
        plan.calibrationImages = next ?? takenImages
    }

    /// Moves the selected field's value to the next or the previous one.
    mutating func move(by offset: Int) {
        switch field {
        case .model, .parameters, .recent: break
        case .images: moveImages(by: offset)
        case .preset: choose(Self.neighbour(of: plan.preset, in: Preset.allCases, offset))
        case .target:
            plan.aim(at: Self.neighbour(of: plan.target, in: Target.allCases, offset))
            kept = Self.kept(of: plan)
        case .weightBits:
            plan.hyperparameters.weightBits = Self.neighbour(
                of: plan.hyperparameters.weightBits, in: Hyperparameters.bitWidths, offset)
        case .activationBits:
            plan.hyperparameters.activationBits = Self.neighbour(
                of: plan.hyperparameters.activationBits, in: Hyperparameters.bitWidths, offset)
        case .steps: moveSteps(by: offset)
        }
    }

    /// Takes a preset's values for everything but bits, steps and ``kept``.
    ///
    /// The steps are kept aside while a preset without steps is selected.
    private mutating func choose(_ preset: Preset) {
        guard preset != plan.preset else { return }
        let before = plan
        plan.preset = preset
        plan.hyperparameters = preset.hyperparameters(for: plan.target)
        // Every change was valid in the original plan, so none can fail.
        _ = try? plan.hyperparameters.apply(kept)
        plan.hyperparameters.weightBits = before.hyperparameters.weightBits
        plan.hyperparameters.activationBits = before.hyperparameters.activationBits
        let steps = before.hyperparameters.steps
        let (learns, learned) = (preset.hyperparameters.steps > 0, before.preset.hyperparameters.steps > 0)
        if learned, !learns {
            learningSteps = steps
            plan.hyperparameters.steps = calibratingSteps ?? 0
        } else if learns, !learned {
            if steps > 0 { calibratingSteps = steps }
            plan.hyperparameters.steps = learningSteps ?? (steps > 0 ? steps : preset.hyperparameters.steps)
        } else {
            plan.hyperparameters.steps = steps
        }
    }

    /// The next larger or smaller choice; the plan's steps may be none of them.
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
