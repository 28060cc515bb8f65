import Checkpoints
import Foundation
import Kernels
import Safetensors
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers

/// The model that timm made a golden of, and what timm computed with it.
private struct Golden {
    let checkpoint: Checkpoint
    let reference: SafetensorsFile

    init(_ name: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Goldens/\(name)").path
        checkpoint = try loadCheckpoint(path: folder)
        reference = try SafetensorsFile(path: folder + "/reference.safetensors")
    }

    /// A tensor of the reference with all axes but the last as rows.
    func matrix(_ name: String, columns: Int) throws -> Matrix {
        let elements = try reference.floats(name)
        return Matrix(rows: elements.count / columns, columns: columns, elements: elements)
    }
}

extension Golden {
    /// What timm's module of a unit gives; of the last block only the tokens that the unit gives.
    func output(of unit: any ModelUnit, images: Int) throws -> Matrix {
        let all = try matrix("output.\(unit.name)", columns: unit.output.columns)
        let (rows, kept) = (all.rows / images, unit.output.rows)
        let elements = (0..<images).flatMap { image in
            all.rows(image * rows..<image * rows + kept).elements
        }
        return Matrix(rows: images * kept, columns: all.columns, elements: elements)
    }
}

extension Golden {
    /// Runs every unit in full precision on what the one before it gives.
    func runUnits(
        _ visit: (any ModelUnit, UnitParameters, (input: Matrix, tape: Tape, output: Matrix)) throws -> Void
    ) throws {
        let model = checkpoint.model
        let shape = model.configuration
        var current = try matrix("input", columns: shape.channels * shape.imageHeight * shape.imageWidth)
        let images = current.rows
        for (index, unit) in model.units.enumerated() {
            let parameters = UnitParameters(model.weights[index], backward: false)
            let tape = Tape(shapes: unit.tapeShapes, images: images)
            let output = unit.output.matrix(images: images)
            unit.forward(
                current, parameters: parameters, transform: FullPrecision(), tape: tape, output: output)
            try visit(unit, parameters, (current, tape, output))
            current = output
        }
    }
}

@Suite("Vision transformers")
struct GoldenTests {
    static let names = [
        "attention-pool", "attention-pool-registers", "average-pool", "average-pool-class-token",
        "average-pool-norm-first", "beit", "beit3", "class-token",
        "dinov3", "dinov3-gated", "distilled", "eva02", "eva02-norms", "no-qkv-bias", "post-norm",
        "post-norm-class-token", "prefix-without-positions", "registers", "registers-average-pool", "relu",
        "rope-columns", "swin",
        "swin-huggingface", "swin-uneven", "swin-v2", "swin-v2-uneven", "wide-range",
    ]

    @Test(
        "every unit's output and the logits are timm's within 1e-5 relative",
        arguments: names + ["attention-pool-features"])
    func forward(name: String) throws {
        let golden = try Golden(name)
        try golden.runUnits { unit, _, run in
            let expected = try golden.output(of: unit, images: run.tape.images)
            #expect(relativeError(run.output, expected) < 1e-5, "\(unit.name)")
        }
    }

    @Test("a pass that ends before a linear layer leaves what the layer multiplies", arguments: names)
    func ending(name: String) throws {
        try Golden(name).runUnits { unit, parameters, run in
            for (layer, linear) in unit.linears.enumerated() {
                let images = run.tape.images
                let part = Tape(shapes: unit.tapeShapes, images: images)
                unit.forward(
                    run.input, parameters: parameters, transform: FullPrecision(), tape: part,
                    output: unit.output.matrix(images: images), before: layer)
                #expect(
                    unit.operand(of: linear, in: part, transform: FullPrecision()).elements
                        == unit.operand(of: linear, in: run.tape, transform: FullPrecision()).elements,
                    "\(linear.name)")
            }
        }
    }

    @Test(
        "gradients of units' inputs and weights are PyTorch's within 1e-4 relative",
        arguments: [
            "attention-pool", "attention-pool-registers", "beit", "beit3", "class-token", "dinov3",
            "dinov3-gated", "distilled", "eva02", "eva02-norms", "post-norm", "post-norm-class-token",
            "registers", "relu", "rope-columns", "swin",
            "swin-huggingface", "swin-v2", "swin-v2-uneven",
        ])
    func backward(name: String) throws {
        let golden = try Golden(name)
        let model = golden.checkpoint.model
        let shape = model.configuration
        let input = try golden.matrix("input", columns: shape.channels * shape.imageHeight * shape.imageWidth)
        let images = input.rows
        var inputs: [Matrix] = []
        var tapes: [Tape] = []
        var parameters: [UnitParameters] = []
        var current = input
        for (unit, weights) in zip(model.units, model.weights) {
            let output = unit.output.matrix(images: images)
            let tape = Tape(shapes: unit.tapeShapes, images: images)
            let prepared = UnitParameters(weights, backward: true)
            unit.forward(
                current, parameters: prepared, transform: FullPrecision(), tape: tape, output: output)
            inputs.append(current)
            tapes.append(tape)
            parameters.append(prepared)
            current = output
        }
        let target = try golden.matrix("target", columns: shape.classes)
        var gradient = Matrix(rows: images, columns: shape.classes)
        for row in 0..<images {
            for column in 0..<shape.classes {
                gradient[row, column] = current[row, column] - target[row, column]
            }
        }
        for index in stride(from: model.units.count - 1, to: 0, by: -1) {
            let unit = model.units[index]
            let dInput = unit.input.matrix(images: images)
            unit.backward(
                gradient, input: inputs[index], parameters: parameters[index], transform: FullPrecision(),
                tape: tapes[index], scratch: Tape(shapes: unit.scratchShapes, images: images), local: nil,
                dInput: dInput)
            let all = try golden.matrix("gradient.\(unit.name)", columns: unit.input.columns)
            let rows = all.rows / images
            for image in 0..<images {
                let expected = all.rows(image * rows..<image * rows + unit.input.rows)
                let found = dInput.rows(image * unit.input.rows..<(image + 1) * unit.input.rows)
                #expect(relativeError(found, expected) < 1e-4, "\(unit.name)")
            }
            for linear in unit.linears {
                let weightGradient = Matrix(rows: linear.outputs, columns: linear.inputs)
                multiply(
                    tapes[index][linear.gradientSlot],
                    unit.operand(of: linear, in: tapes[index], transform: FullPrecision()),
                    into: weightGradient,
                    transposeA: true)
                let expected = try golden.matrix(
                    "parameter_gradient.\(linear.name).weight", columns: linear.inputs)
                #expect(relativeError(weightGradient, expected) < 1e-4, "\(linear.name)")
            }
            gradient = dInput
        }
    }
}
