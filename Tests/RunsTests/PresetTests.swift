import Runs
import Testing
import Vocabulary

@Suite("Presets")
struct PresetTests {
    @Test(
        "the fields accept every preset's values, which differ from every other's",
        arguments: Preset.allCases)
    func values(preset: Preset) throws {
        let values = preset.hyperparameters
        for field in HyperparameterField.all {
            var copy = Hyperparameters()
            try field.set(field.value(in: values), in: &copy)
            #expect(field.value(in: copy) == field.value(in: values))
        }
        for other in Preset.allCases where other != preset {
            #expect(other.hyperparameters != values)
            #expect(other.summary != preset.summary)
        }
    }

    @Test("the fields cover every difference between presets")
    func complete() throws {
        for preset in Preset.allCases {
            var rebuilt = Hyperparameters()
            try rebuilt.apply(Hyperparameters().changes(to: preset.hyperparameters))
            #expect(rebuilt == preset.hyperparameters)
        }
        #expect(Set(HyperparameterField.all.map(\.key)).count == HyperparameterField.all.count)
    }

    @Test(
        "a shared field cannot be overridden for a unit",
        arguments: HyperparameterField.shared.map(\.key))
    func shared(key: String) throws {
        var plan = RunPlan(model: "m")
        let field = try #require(HyperparameterField.named(key))
        let other =
            switch field.kind {
            case .flag: field.value(in: plan.hyperparameters) == "true" ? "false" : "true"
            case .integer: "3"
            default: "0.25"
            }
        plan.units = [
            UnitOverride(match: "blocks.*", changes: [HyperparameterChange(key: key, value: other)])
        ]
        #expect(throws: PlanError.self) { try plan.hyperparameters(of: "blocks.0") }
        #expect(throws: Never.self) { try plan.hyperparameters(of: "head") }
    }
}
