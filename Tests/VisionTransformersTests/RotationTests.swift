import Checkpoints
import Foundation
import Kernels
import Safetensors
import TensorCore
import TensorTestSupport
import Testing

@testable import VisionTransformers

@Suite("Rotations")
struct RotationTests {
    /// Where goldens of models with a classifier are.
    private static let classifiers =
        GoldenTests.names.map { "VisionTransformersTests/Goldens/\($0)" }
        + ["dinov2", "dinov2-registers"].map { "CheckpointsTests/Goldens/\($0)" }

    @Test(
        "rotations are orthogonal, and the one between blocks keeps means",
        arguments: [1, 2, 12, 20, 32, 36, 48, 64, 96, 192])
    func orthogonal(width: Int) {
        for keepsMean in [false, true] {
            var generator = SeededGenerator(seed: 3, stream: "rotation")
            let rotation =
                keepsMean
                ? Rotation.keepingMean(width: width, generator: &generator)
                : Rotation.any(width: width, generator: &generator)
            let product = Matrix(rows: width, columns: width)
            multiply(rotation.matrix, rotation.matrix, into: product, transposeB: true)
            for row in 0..<width {
                for column in 0..<width {
                    #expect(abs(product[row, column] - (row == column ? 1 : 0)) <= 1e-5)
                }
            }
            guard keepsMean else { continue }
            for column in 0..<width {
                let sum = (0..<width).reduce(0) { $0 + Double(rotation.matrix[$1, column]) }
                #expect(abs(sum - 1) <= 1e-4)
            }
        }
    }

    @Test("a Hadamard rotation spreads one channel evenly over a head", arguments: [32, 48, 64])
    func flat(width: Int) {
        var generator = SeededGenerator(seed: 3, stream: "rotation")
        let rotation = Rotation.any(width: width, generator: &generator)
        for element in rotation.matrix.elements {
            #expect(abs(abs(element) - 1 / Float(width).squareRoot()) <= 1e-6)
        }
    }

    @Test(
        "a rotated model gives the same logits within 1e-4 relative",
        arguments: classifiers + [
            "CheckpointsTests/Goldens/dinov2-features",
            "VisionTransformersTests/Goldens/attention-pool-features",
        ])
    func logits(place: String) throws {
        let (model, input) = try golden(place)
        let rotated = model.rotated(seed: 4)
        let (before, after) = (logits(model, input), logits(rotated, input))
        #expect(squaredDistance(before, after).squareRoot() <= 1e-4 * squaredNorm(before).squareRoot())
        #expect(rotated.weights != model.weights)
        #expect(rotated.weights == model.rotated(seed: 4).weights)
        #expect(rotated.weights != model.rotated(seed: 5).weights)
    }

    @Test(
        "keys, values and the feature can lose any constant, and the logits stay the same within 1e-4 relative",
        arguments: classifiers)
    func constants(place: String) throws {
        let (model, input) = try golden(place)
        var changed = model
        for (index, unit) in model.units.enumerated() {
            func constant(_ channels: Int) -> [Float] { (0..<channels).map { Float($0 % 7) - 3 } }
            // After pooling by attention, the head has no norm that could take it away.
            if index == model.units.count - 1, !unit.vectors.isEmpty {
                changed.weights[index].subtractFromFeature(constant(unit.input.columns))
            }
            if let keys = unit.shiftableKeys {
                #expect(keys.name.hasSuffix(".attn.k") || keys.name == "attn_pool.k")
                changed.weights[index].subtractFromKeys(of: unit, constant(unit.input.columns))
            }
            if let values = unit.shiftableValues {
                #expect(values.name.hasSuffix(".attn.v") || values.name == "attn_pool.v")
                changed.weights[index].subtractFromValues(of: unit, constant(unit.input.columns))
            }
        }
        let (before, after) = (logits(model, input), logits(changed, input))
        #expect(squaredDistance(before, after).squareRoot() <= 1e-4 * squaredNorm(before).squareRoot())
        // Where keys are rotated by their places and a norm follows the values, neither can lose anything.
        let blocks = place.hasSuffix("eva02-norms") ? 2 : 0
        #expect(zip(changed.weights, model.weights).count { $0 == $1 && $0.linears.count > 1 } == blocks)
    }

    /// A model of the goldens and images for it.
    private func golden(_ place: String) throws -> (model: VisionTransformer, input: Matrix) {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(place).path
        let model = try loadCheckpoint(path: folder).model
        let shape = model.configuration
        let columns = shape.channels * shape.imageHeight * shape.imageWidth
        let elements = try SafetensorsFile(path: folder + "/reference.safetensors").floats("input")
        return (model, Matrix(rows: elements.count / columns, columns: columns, elements: elements))
    }

    private func logits(_ model: VisionTransformer, _ input: Matrix) -> Matrix {
        var current = input
        for (unit, weights) in zip(model.units, model.weights) {
            let output = unit.output.matrix(images: input.rows)
            unit.forward(
                current, parameters: UnitParameters(weights, backward: false),
                transform: FullPrecision(), tape: Tape(shapes: unit.tapeShapes, images: input.rows),
                output: output)
            current = output
        }
        return current
    }
}
