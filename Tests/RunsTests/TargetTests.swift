import Runs
import Testing
import Vocabulary

@Suite("Targets")
struct TargetTests {
    @Test("every preset fits every target", arguments: Target.allCases, Preset.allCases)
    func presets(target: Target, preset: Preset) throws {
        let plan = RunPlan(model: "m", preset: preset, target: target)
        #expect(throws: Never.self) { try target.check(plan.hyperparameters) }
        #expect(try RunPlan(yaml: plan.yaml) == plan)
        let changed = Set(preset.hyperparameters.changes(to: plan.hyperparameters).map(\.key))
        #expect(changed.isSubset(of: target.requirements.map(\.key)))
    }

    @Test(
        "aiming elsewhere and back gives the preset's values, and keeps other changes",
        arguments: Target.allCases)
    func aiming(target: Target) throws {
        var plan = RunPlan(model: "m", target: .research)
        plan.hyperparameters.steps = 7
        let before = plan
        plan.aim(at: target)
        #expect(throws: Never.self) { try target.check(plan.hyperparameters) }
        plan.aim(at: .research)
        #expect(plan == before)
    }

    @Test("an override of a unit that the target does not run is refused with the targets that take it")
    func override() throws {
        var plan = RunPlan(model: "m", target: .openVINO)
        plan.units = [
            UnitOverride(
                match: "blocks.*", changes: [HyperparameterChange(key: "gelu_levels", value: "shifted_log")])
        ]
        #expect(throws: Never.self) { try plan.hyperparameters(of: "head") }
        let error = #expect(throws: PlanError.self) { try plan.hyperparameters(of: "blocks.0") }
        #expect(
            error?.description
                == "gelu_levels cannot be “shifted_log” for the target openvino, which needs uniform; "
                + "torch and research take it")
    }
}
