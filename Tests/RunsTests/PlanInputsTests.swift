import Runs
import Testing
import Vocabulary

@Suite("Inputs of a plan")
struct PlanInputsTests {
    @Test("are read back, with evaluation images and without", arguments: [nil, Samples.digest])
    func roundTrip(evaluation: String?) throws {
        var plan = RunPlan(model: "m")
        plan.inputs = Samples.inputs
        plan.inputs?.evaluation = evaluation
        plan.inputs?.heldOut = 250
        #expect(try RunPlan(yaml: plan.yaml) == plan)
        #expect(try RunPlan(yaml: plan.yaml).yaml == plan.yaml)
        #expect(!plan.withoutInputs.yaml.contains("inputs"))
    }

    @Test(
        "are refused with the line where one is missing or cannot be",
        arguments: [
            ("  weights: \"\(Samples.digest)\"\n", "", "weights"),
            ("  weights: \"\(Samples.digest)\"\n", "  weights: 12\n", "weights cannot be “12”"),
            ("held_out: 0", "held_out: -1", "held_out cannot be “-1”"),
            ("arithmetic: fused", "arithmetic: fussed", "it accepts fused or separate"),
            ("arithmetic: fused", "arithmetik: fused", "did you mean “arithmetic”?"),
        ])
    func refusals(text: String, replacement: String, sentence: String) throws {
        var plan = RunPlan(model: "m")
        plan.inputs = Samples.inputs
        let damaged = plan.yaml.replacing(text, with: replacement)
        #expect(damaged != plan.yaml)
        #expect { try RunPlan(yaml: damaged) } throws: { "\($0)".contains(sentence) }
    }

    @Test("hold until the plan names others")
    func request() {
        var plan = RunPlan(model: "m")
        var inputs = Samples.inputs
        inputs.request = plan.request
        plan.inputs = inputs
        #expect(plan.namedInputs == plan.inputs)
        plan.hyperparameters.steps = 3
        plan.units = [UnitOverride(match: "head", changes: Samples.changes)]
        #expect(plan.namedInputs != nil, "hyperparameters play no part")
        let edits: [(inout RunPlan) -> Void] = [
            { $0.model = "n" }, { $0.imageSize = 8 }, { $0.heads = 3 }, { $0.calibration = "c" },
            { $0.evaluation = "e" },
            { $0.seed = 2 }, { $0.calibrationImages = 7 }, { $0.images.selection = .balanced },
            { $0.images.appliesExifOrientation = true },
        ]
        for (index, edit) in edits.enumerated() {
            var edited = plan
            edit(&edited)
            #expect(edited.namedInputs == nil, "edit \(index)")
        }
    }
}
