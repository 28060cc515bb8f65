import TestSupport
import Checkpoints
import Engine
import Foundation
import Runs
import Testing
import VisionTransformers

@Suite("Runs whose MLPs are refitted with ReLU")
struct ReLURefitTests {
    private func evaluation(_ subject: EvaluationSubject, in events: [RunEvent]) -> Evaluation? {
        for case .evaluated(subject, let evaluation) in events { return evaluation }
        return nil
    }

    private let refit = ("relu_refit_steps", "40")

    @Test("the exported model has ReLU and evaluates to exactly the run's numbers")
    func packed() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan([refit]), to: "run")
        let live = try #require(evaluation(.final, in: events))
        _ = try bench.packed("run")
        let path = bench.folder.file("run.packed")
        #expect(try PackedCheckpoint(path: path).configuration.activation == .relu)
        let read = try evaluateModelOrRun(
            path: path, dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: bench.folder.path, checks: InputChecks(reference: true, data: true), threads: 1)
        #expect(read.kl == live.kl && read.sqnrDb == live.sqnrDb && read.top1 == live.top1)
    }

    @Test("the refitted model is evaluated before it is quantized, near the checkpoint and not the same")
    func told() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan([refit, ("weight_bits", "16"), ("activation_bits", "16")]))
        let refitted = try #require(evaluation(.refitted, in: events))
        #expect(refitted.kl > 0 && refitted.kl < 0.05)
        // Nothing is quantized: what is lost is lost by the refit.
        let calibrated = try #require(evaluation(.calibrated, in: events))
        #expect(abs(calibrated.kl - refitted.kl) < 0.2 * refitted.kl)
        #expect(evaluation(.refitted, in: bench.run(try bench.plan())) == nil)
    }

    @Test("threads change no bit, and a run that was cut goes on to the same integers")
    func threadsAndResume() throws {
        let bench = try Bench()
        let plan = try bench.plan([refit])
        bench.run(plan, to: "one", threads: 1)
        bench.run(plan, to: "many", threads: 3)
        #expect(try bench.packed("one") == bench.packed("many"))
        bench.run(plan, to: "cut") { event in
            if case .unitFinished(let report) = event, report.unit == 1 { [.stop] } else { [] }
        }
        _ = try bench.resume("cut")
        #expect(try bench.packed("cut") == bench.packed("one"))
    }

    @Test("a checkpoint that has ReLU is left alone")
    func hasReLU() throws {
        let bench = try Bench()
        try Data(
            #"{"model_args": {"num_heads": 2, "act_layer": "relu"}, "pretrained_cfg": {"mean": [0.5], "std": [0.25]}}"#
                .utf8
        ).write(to: URL(fileURLWithPath: bench.folder.file("config.json")))
        let plain = bench.run(try bench.plan(), to: "plain")
        let events = bench.run(try bench.plan([refit]), to: "refit")
        #expect(evaluation(.refitted, in: events) == nil)
        #expect(evaluation(.final, in: events) == evaluation(.final, in: plain))
    }

    @Test("units cannot override relu_refit_steps")
    func shared() throws {
        let bench = try Bench()
        var plan = try bench.plan()
        plan.units.append(
            UnitOverride(
                match: "blocks.1", changes: [HyperparameterChange(key: "relu_refit_steps", value: "10")]))
        let last = bench.run(plan, to: "run").last
        guard case .failed(let failure) = last else {
            Issue.record("\(String(describing: last))")
            return
        }
        #expect(failure.message.contains("relu_refit_steps"))
    }
}
