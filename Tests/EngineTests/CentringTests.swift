import TestSupport
import Checkpoints
import Kernels
import Quantization
import Reconstruction
import TensorCore
import Testing
import VisionTransformers

@testable import Engine

@Suite("Centred activations")
struct CentringTests {
    @Test("channels of keys, values and the feature have mean 0, the logits stay, and threads change nothing")
    func centred() throws {
        let bench = try Bench(seed: 4)
        let model = try loadCheckpoint(path: bench.folder.path).model
        var generator = SeededGenerator(seed: 3)
        let images = Matrix(rows: 40, columns: 64, elements: (0..<40 * 64).map { _ in generator.uniform() })
        let pool = WorkerPool(threads: 2)
        let single = WorkerPool(threads: 1)
        defer {
            pool.shutDown()
            single.shutDown()
        }
        let weights = centringActivations(model.weights, of: model.units, images: images, pool: pool)
        #expect(weights == centringActivations(model.weights, of: model.units, images: images, pool: single))
        func largestMean(_ weights: [UnitWeights]) -> Float {
            var input = images
            var largest: Float = 0
            for (unit, numbers) in zip(model.units, weights) {
                let tape = Tape(shapes: unit.tapeShapes, images: images.rows)
                let output = unit.output.matrix(images: images.rows)
                PreparedUnit(fullPrecision: unit, weights: numbers, backward: false)
                    .forward(input, tape: tape, output: output)
                var watched = [unit.shiftableKeys, unit.shiftableValues].compactMap { $0?.values(in: tape) }
                if unit.name == "head" { watched = [tape[unit.operators[0].slot]] }
                for values in watched {
                    largest = columnMeans(of: values, pool: pool).reduce(largest) { max($0, abs($1)) }
                }
                input = output
            }
            return largest
        }
        #expect(largestMean(model.weights) > 0.05)
        #expect(largestMean(weights) < 1e-5)
        func logits(_ weights: [UnitWeights]) -> Matrix {
            outputs(
                of: zip(model.units, weights).map {
                    PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
                }, on: images, pool: pool)
        }
        let (before, after) = (logits(model.weights), logits(weights))
        #expect(squaredDistance(before, after).squareRoot() <= 1e-5 * squaredNorm(before).squareRoot())
    }
}
