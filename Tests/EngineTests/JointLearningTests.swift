import Engine
import Foundation
import Runs
import TestSupport
import Testing
import Vocabulary

@Suite("Runs in which all units learn together")
struct JointLearningTests {
    /// Whatever comes out is kept: the small model has too few images to tell.
    private let joint = [("joint_steps", "40"), ("steps", "4"), ("keep_or_revert", "false")]

    @Test(
        "all units learn after the head, and the model that comes out is the one that is evaluated and exported"
    )
    func run() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan(joint), to: "joint")
        let steps = events.compactMap { event -> StepSample? in
            if case .stepped(let sample) = event, sample.unit == 3 { sample } else { nil }
        }
        #expect(steps.map(\.step) == Array(1...44) && steps.allSatisfy { $0.steps == 44 })
        #expect(steps.dropFirst(4).allSatisfy { $0.terms.local != nil })
        let report = try #require(events.report)
        let head = try #require(report.units.last)
        #expect(events.warnings.allSatisfy { !$0.contains("together") })
        bench.run(try bench.plan(joint + [("joint_steps", "0")]), to: "apart")
        let (whole, apart) = (try bench.packed("joint"), try bench.packed("apart"))
        #expect(whole != apart)
        for unit in ["stem", "blocks.0", "blocks.1"] {
            let files = try ["joint", "apart"].map {
                try Data(
                    contentsOf: URL(
                        fileURLWithPath: bench.folder.file("\($0)/attempts/\(unit)-1.safetensors")))
            }
            #expect(files[0] == files[1], "\(unit) was learned apart first")
        }
        let evaluated = try evaluateModelOrRun(
            path: bench.folder.file("joint.packed"), dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: bench.folder.path, threads: 2)
        // Some of the evaluation images are held out.
        let plain = bench.run(try bench.plan(joint), to: "plain", heldOut: 0).report?.final
        try bench.expectSameIntegers("plain", "joint")
        #expect(evaluated.kl == plain?.kl)
        #expect(try #require(head.heldOut).kl > 0)
    }

    @Test("the integers are the same for any number of threads, and after a run was resumed")
    func repeated() throws {
        let bench = try Bench()
        let plan = try bench.plan(joint)
        bench.run(plan, to: "one", threads: 1)
        bench.run(plan, to: "three", threads: 3)
        bench.run(plan, to: "stopped") { event in
            if case .stepped(let sample) = event, sample.unit == 3, sample.step == 20 { [.stop] } else { [] }
        }
        _ = try bench.resume("stopped")
        let integers = try bench.packed("one")
        #expect(try bench.packed("three") == integers)
        #expect(try bench.packed("stopped") == integers)
    }

    @Test("what does not help is not kept, and the run says so", arguments: [0, 256])
    func guarded(heldOut: Int) throws {
        let bench = try Bench()
        let wild =
            joint + [
                ("weight_learning_rate", "1"), ("scale_learning_rate", "0.3"), ("warm_up", "0"),
                ("keep_or_revert", "true"),
            ]
        let events = bench.run(try bench.plan(wild), to: "wild", heldOut: heldOut)
        bench.run(try bench.plan(wild + [("joint_steps", "0")]), to: "apart", heldOut: heldOut)
        let images = heldOut > 0 ? "held-out images" : "new views of calibration images"
        #expect(
            events.warnings.contains { $0.contains("together did not help") && $0.contains(images) },
            "\(events.warnings)")
        try bench.expectSameIntegers("wild", "apart")
    }

    @Test("learning can be finished early, and the plan repeats that")
    func finished() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan(joint), to: "early") { event in
            if case .stepped(let sample) = event, sample.unit == 3, sample.step == 30 {
                [.finishUnit]
            } else {
                []
            }
        }
        let head = try #require(events.report?.units.last)
        #expect(head.ending == .finishedEarly)
        let settings = try Hyperparameters(changes: head.hyperparameters)
        #expect((30..<44).contains(settings.stopAfter))
        bench.run(try RunPlan(path: bench.folder.file("early/plan.yaml")), to: "again")
        try bench.expectSameIntegers("early", "again")
    }

    @Test("a cancelled attempt leaves the units as they were learned apart")
    func cancelled() throws {
        let bench = try Bench()
        let events = bench.run(try bench.plan(joint), to: "cancelled") { event in
            if case .stepped(let sample) = event, sample.unit == 3, sample.step == 30 {
                [.cancelAttempt]
            } else {
                []
            }
        }
        #expect(events.report?.units.last?.ending == .cancelled)
        bench.run(try bench.plan(joint + [("joint_steps", "0")]), to: "apart")
        try bench.expectSameIntegers("cancelled", "apart")
        bench.run(try RunPlan(path: bench.folder.file("cancelled/plan.yaml")), to: "again")
        try bench.expectSameIntegers("cancelled", "again")
    }
}
