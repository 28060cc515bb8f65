import Checkpoints
import Foundation
import Kernels
import Reconstruction
import TensorCore
import Testing
import VisionTransformers

@testable import Engine

@Suite("Balanced heads")
struct HeadBalancingTests {
    /// A model, the same with balanced heads, and its images.
    private struct Balanced {
        let model: VisionTransformer
        let images: Matrix
        let weights: [UnitWeights]
        let pool: WorkerPool

        init(_ model: VisionTransformer) {
            self.model = model
            var generator = SeededGenerator(seed: 3)
            let pixels = model.units[0].input
            images = Matrix(
                rows: 40, columns: pixels.rows * pixels.columns,
                elements: (0..<40 * pixels.rows * pixels.columns).map { _ in generator.uniform() })
            pool = WorkerPool(threads: 2)
            weights = balancingHeads(model.weights, of: model.units, images: images, seed: 1, pool: pool)
        }

        func logits(_ weights: [UnitWeights]) -> Matrix {
            outputs(
                of: zip(model.units, weights).map {
                    PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
                }, on: images, pool: pool)
        }

        /// Root mean squares of queries and of keys, the keys without their mean, by block and head.
        func sizes(_ weights: [UnitWeights]) -> [(queries: Double, keys: Double)] {
            var input = images
            var result: [(Double, Double)] = []
            for (unit, numbers) in zip(model.units, weights) {
                let tape = Tape(shapes: unit.tapeShapes, images: images.rows)
                let output = unit.output.matrix(images: images.rows)
                PreparedUnit(fullPrecision: unit, weights: numbers, backward: false)
                    .forward(input, tape: tape, output: output)
                input = output
                guard let block = unit.block else { continue }
                let (qkv, size) = (tape[block.operandSlots.qkv], block.width / block.heads)
                for head in 0..<block.heads {
                    func power(_ part: Int, centred: Bool) -> Double {
                        let start = part * block.width + head * size
                        var sum = 0.0
                        for column in start..<start + size {
                            for run in stride(from: 0, to: qkv.rows, by: block.tokens) {
                                let values = (run..<run + block.tokens).map { Double(qkv[$0, column]) }
                                let mean = centred ? values.reduce(0, +) / Double(values.count) : 0
                                sum += values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
                            }
                        }
                        return (sum / Double(qkv.rows * size)).squareRoot()
                    }
                    result.append((power(0, centred: false), power(1, centred: true)))
                }
            }
            return result
        }
    }

    /// A small model whose outputs PyTorch gave.
    private func model(_ name: String) throws -> VisionTransformer {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return try loadCheckpoint(path: tests.appending(path: "VisionTransformersTests/Goldens/\(name)").path)
            .model
    }

    @Test(
        "logits stay, threads change nothing, and errors of queries and keys do less",
        arguments: ["class-token", "swin"])
    func balanced(name: String) throws {
        let test = Balanced(try model(name))
        defer { test.pool.shutDown() }
        let single = WorkerPool(threads: 1)
        defer { single.shutDown() }
        #expect(
            test.weights
                == balancingHeads(
                    test.model.weights, of: test.model.units, images: test.images, seed: 1, pool: single))
        let (before, after) = (test.logits(test.model.weights), test.logits(test.weights))
        #expect(squaredDistance(before, after).squareRoot() <= 1e-4 * squaredNorm(before).squareRoot())
        for (old, new) in zip(test.sizes(test.model.weights), test.sizes(test.weights)) {
            #expect(abs(new.queries / new.keys - 1) < 0.05)
            #expect(new.queries * new.keys < old.queries * old.keys)
        }
    }

    @Test(
        "queries, keys and values that cannot change their basis stay",
        arguments: ["dinov3-gated", "eva02-norms", "swin-v2"])
    func leftOut(name: String) throws {
        let test = Balanced(try model(name))
        defer { test.pool.shutDown() }
        var blocks = 0
        for (unit, (old, new)) in zip(test.model.units, zip(test.model.weights, test.weights)) {
            guard let block = unit.block else { continue }
            blocks += 1
            let (before, after) = (old.linears[0].weight.matrix(), new.linears[0].weight.matrix())
            func stays(_ part: Int) -> Bool {
                let rows = part * block.width..<(part + 1) * block.width
                return squaredDistance(before.rows(rows), after.rows(rows)) == 0
            }
            #expect(unit.shiftableKeys == nil)
            #expect(stays(0) && stays(1))
            #expect(stays(2) == (unit.shiftableValues == nil))
        }
        #expect(blocks > 0)
    }
}
