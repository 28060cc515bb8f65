import Runs
import TensorCore
import Testing
import TestSupport

@testable import Engine
import Vocabulary

@Suite("The noise floor of evaluations")
struct NoiseFloorTests {
    @Test("pixels move by about 1e-7 of themselves, and differently in each draw")
    func size() {
        let pixels = noiseImages(4, values: 1000, stream: "test")
        let draws = (0..<PixelNoise.draws).map { PixelNoise.disturbed(pixels, firstImage: 0, draw: $0) }
        #expect(draws[0].elements != draws[1].elements)
        for draw in draws {
            let changes = zip(pixels.elements, draw.elements).map { Double($1) / Double($0) - 1 }
            let deviation = (changes.reduce(0) { $0 + $1 * $1 } / Double(changes.count)).squareRoot()
            #expect(deviation > 0.7e-7 && deviation < 1.4e-7)
            #expect(abs(changes.reduce(0, +) / Double(changes.count)) < 1e-8)
        }
    }

    @Test("a part of a set gets the noise that it gets in the whole set")
    func parts() {
        let pixels = noiseImages(6, values: 50, stream: "test")
        let whole = PixelNoise.disturbed(pixels, firstImage: 0, draw: 1)
        let part = PixelNoise.disturbed(pixels.rows(2..<5), firstImage: 2, draw: 1)
        #expect(part.elements == whole.rows(2..<5).elements)
    }

    @Test("the floor is the greatest of the draws")
    func greatest() {
        let logits = Matrix(rows: 2, columns: 2, elements: [1, 0, 0, 1])
        let near = Matrix(rows: 2, columns: 2, elements: [1, 0.5, 0, 1])
        let far = Matrix(rows: 2, columns: 2, elements: [0, 1, 0, 1])
        let floor = noiseFloor(of: logits, disturbed: [near, far, logits])
        #expect(floor.changed == 50)
        #expect(abs(floor.kl - divergence(of: far, from: logits)) < 1e-12)
        #expect(noiseFloor(of: logits, disturbed: [logits]) == NoiseFloor(kl: 0, changed: 0))
    }

    @Test("a run measures it if it is asked to, and an evaluation of the run finds the same")
    func run() throws {
        let bench = try Bench()
        var plan = try bench.plan()
        plan.hyperparameters.steps = 0
        plan.hyperparameters.weightBits = 3
        plan.hyperparameters.activationBits = 3
        let attempts = bench.run(plan, heldOut: 8, measuresNoiseFloor: true).attempts
        #expect(!attempts.isEmpty && attempts.allSatisfy { $0.heldOutNoiseFloor != nil })
        #expect(bench.run(plan, heldOut: 8).attempts.allSatisfy { $0.heldOutNoiseFloor == nil })
        let events = bench.run(plan, to: "run", heldOut: 0, measuresNoiseFloor: true)
        guard case .finished(let report) = events.last else {
            Issue.record("the run did not finish")
            return
        }
        let floor = try #require(report.noiseFloor)
        let evaluation = try evaluateModelOrRun(
            path: bench.folder.file("run"), dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: bench.folder.path, measuresNoiseFloor: true, threads: 1)
        #expect(evaluation.noiseFloor == floor)
        #expect(evaluation.kl == report.final?.kl)
        let read = try CheckedRun(RunDirectory(path: bench.folder.file("run"))).report
        #expect(read?.noiseFloor == floor)
        let without = try evaluateModelOrRun(
            path: bench.folder.file("run"), dataPath: bench.folder.file("evaluation.safetensors"),
            referencePath: nil, threads: 1)
        #expect(without.noiseFloor == nil)
    }
}
