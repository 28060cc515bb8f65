import Foundation
import Kernels
import Safetensors
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers
import TestSupport

@testable import Checkpoints
import Vocabulary

@Suite("Hugging Face's Dinov2")
struct Dinov2Tests {
    private func shape(_ path: String) throws -> ViTConfiguration {
        let configuration = try loadCheckpoint(path: path).model.configuration
        guard case .vit(let shape) = configuration else { throw CheckpointError.unusable("no ViT") }
        return shape
    }

    /// A copy of a golden whose files can be changed.
    private func copy(_ model: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for name in ["model.safetensors", "config.json"] {
            try FileManager.default.copyItem(
                atPath: "\(goldens)/\(model)/\(name)", toPath: "\(folder.path)/\(name)")
        }
        return folder
    }

    @Test("the classifier reads the class token and the mean of the patches")
    func pooling() throws {
        let plain = try shape(goldens + "/dinov2")
        #expect(plain.pooling == .classTokenAndAverage && plain.hasLayerScale && plain.classes == 3)
        #expect(plain.registerTokens == 0 && plain.hasPrefixPositions)
        let registers = try shape(goldens + "/dinov2-registers")
        #expect(registers.registerTokens == 3 && !registers.hasPrefixPositions)
        let features = try shape(goldens + "/dinov2-features")
        #expect(features.classes == 0 && features.outputs == 16 && features.pooling == .classToken)
        #expect(features.summary.hasSuffix("no classifier, 16 features"))
        #expect(
            try inspectCheckpoint(path: goldens + "/dinov2").needless == ["dinov2.embeddings.mask_token"])
    }

    @Test(
        "the head's gradients are PyTorch's within 1e-4 relative", arguments: ["dinov2", "dinov2-registers"])
    func gradients(name: String) throws {
        let model = try loadCheckpoint(path: "\(goldens)/\(name)").model
        let reference = try SafetensorsFile(path: "\(goldens)/\(name)/reference.safetensors")
        func matrix(_ name: String, columns: Int) throws -> Matrix {
            let elements = try reference.floats(name)
            return Matrix(rows: elements.count / columns, columns: columns, elements: elements)
        }
        let input = try matrix("input", columns: 24 * 24)
        var current = input
        let head = model.units.count - 1
        for (unit, weights) in zip(model.units, model.weights).dropLast() {
            let output = unit.output.matrix(images: 3)
            unit.forward(
                current, parameters: UnitParameters(weights, backward: false), transform: FullPrecision(),
                tape: Tape(shapes: unit.tapeShapes, images: 3), output: output)
            current = output
        }
        let unit = model.units[head]
        let (parameters, tape) = (
            UnitParameters(model.weights[head], backward: true), Tape(shapes: unit.tapeShapes, images: 3)
        )
        let logits = unit.output.matrix(images: 3)
        unit.forward(current, parameters: parameters, transform: FullPrecision(), tape: tape, output: logits)
        let gradient = unit.output.matrix(images: 3)
        scaledDifference(
            logits, try matrix("target", columns: 3), factor: 1, into: gradient, accumulate: false)
        let found = unit.input.matrix(images: 3)
        unit.backward(
            gradient, input: current, parameters: parameters, transform: FullPrecision(), tape: tape,
            scratch: Tape(shapes: unit.scratchShapes, images: 3), local: nil, dInput: found)
        #expect(relativeError(found, try matrix("gradient.head", columns: 16)) < 1e-4)
        let weights = Matrix(rows: 3, columns: 32)
        multiply(
            tape[unit.linears[0].gradientSlot],
            unit.operand(of: unit.linears[0], in: tape, transform: FullPrecision()), into: weights,
            transposeA: true)
        #expect(relativeError(weights, try matrix("parameter_gradient.head.weight", columns: 32)) < 1e-4)
    }

    @Test("images have the processor's crop size, and positions are resampled for it")
    func crop() throws {
        let folder = try copy("dinov2")
        try folder.write(
            #"{"size": {"shortest_edge": 48}, "crop_size": {"height": 40, "width": 40}, "do_center_crop": true, "#
                + #""image_mean": [0.5, 0.5, 0.5]}"#,
            to: "preprocessor_config.json")
        let usual = try loadCheckpoint(path: folder.path)
        #expect(usual.preparation.height == 40 && usual.preparation.resize == .shortSide(48))
        #expect(usual.model.configuration.grid.rows == 5)
        #expect(usual.mean == [0.5] && usual.preparation.source.contains("as BitImageProcessor reads it"))
        let asked = try loadCheckpoint(path: folder.path, imageSize: (80, 80)).preparation
        #expect(asked.height == 80 && asked.resize == .shortSide(96))
        try folder.write(#"{"crop_size": "small", "do_center_crop": true}"#, to: "preprocessor_config.json")
        #expect(try #require(loadingComplaint(folder.path)).contains("“crop_size”"))
        // Hugging Face's ViT does not resample, so that another size than config.json's is a contradiction.
        let other = try copy("vit")
        try other.write(#"{"crop_size": 40, "do_center_crop": true}"#, to: "preprocessor_config.json")
        let complaint = try #require(loadingComplaint(other.path))
        #expect(complaint.contains("makes images of 40 × 40 pixels, but the model reads 16 × 16"))
        #expect(try loadCheckpoint(path: other.path, imageSize: (40, 40)).preparation.height == 40)
    }

    @Test("a model without a classifier is accepted only where its names or config.json say so")
    func withoutClassifier() throws {
        let folder = try copy("vit")
        try writeSafetensors(
            try tensors(of: goldens + "/vit/model.safetensors").filter { !$0.name.hasPrefix("classifier") },
            to: folder.path + "/model.safetensors")
        #expect(
            try #require(loadingComplaint(folder.path)).contains(
                "there is no classifier, “head.weight”; for a model without one, give config.json with “num_classes”: 0"
            ))
        let text = try String(contentsOfFile: folder.path + "/config.json", encoding: .utf8)
        try folder.write(
            text.replacingOccurrences(of: "{\n  \"arch", with: "{\n  \"num_classes\": 0,\n  \"arch"),
            to: "config.json")
        let checkpoint = try loadCheckpoint(path: folder.path)
        #expect(checkpoint.model.configuration.classes == 0 && checkpoint.labels == nil)
    }
}
