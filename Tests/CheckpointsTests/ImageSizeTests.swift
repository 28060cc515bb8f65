import Foundation
import Safetensors
import TensorCore
import Testing
import VisionTransformers
import TestSupport

@testable import Checkpoints
import Vocabulary

@Suite("Another image size than the checkpoint's")
struct ImageSizeTests {
    private func complaint(_ path: String, _ height: Int, _ width: Int) -> String? {
        do {
            _ = try loadCheckpoint(path: path, imageSize: (height, width))
            return nil
        } catch {
            return error.description
        }
    }

    @Test("resamples positions and changes the grid")
    func grid() throws {
        let model = try loadCheckpoint(path: goldens + "/vit", imageSize: (24, 32)).model
        #expect(model.configuration.grid.rows == 3)
        #expect(model.configuration.grid.columns == 4)
        #expect(model.weights[0].vectors[1].shape == [1, 13, 16])
    }

    @Test("changes nothing where it is the checkpoint's own", arguments: ["vit", "deit", "swin"])
    func own(model: String) throws {
        let usual = try loadCheckpoint(path: "\(goldens)/\(model)")
        let asked = try loadCheckpoint(path: "\(goldens)/\(model)", imageSize: (16, 16))
        #expect(asked.model.weights == usual.model.weights)
        #expect(asked.preparation == usual.preparation)
    }

    @Test("resamples from the grid that config.json gives")
    func oblong() throws {
        let folder = try TemporaryFolder()
        // Four positions: two rows of two patches, or one of four.
        try FileManager.default.copyItem(
            atPath: goldens + "/vit/model.safetensors", toPath: folder.path + "/model.safetensors")
        let text = try String(contentsOfFile: goldens + "/vit/config.json", encoding: .utf8)
        try folder.write(
            text.replacingOccurrences(of: #""image_size": 16"#, with: #""image_size": [8, 32]"#),
            to: "config.json")
        let usual = try loadCheckpoint(path: folder.path).model
        #expect(usual.configuration.grid.rows == 1 && usual.configuration.grid.columns == 4)
        let square = try loadCheckpoint(path: folder.path, imageSize: (16, 16)).model
        #expect(square.configuration.grid.rows == 2)
        #expect(square.weights[0].vectors[1] != usual.weights[0].vectors[1])
    }

    @Test("must be square for the relative positions of Hugging Face's BEiT")
    func relativePositions() throws {
        let folder = try TemporaryFolder()
        let golden = goldens + "/layouts/huggingface-beit"
        // One row of five patches has as many relative positions as two of two.
        try FileManager.default.copyItem(
            atPath: golden + "/model.safetensors", toPath: folder.path + "/model.safetensors")
        let text = try String(contentsOfFile: golden + "/config.json", encoding: .utf8)
        try folder.write(
            text.replacingOccurrences(of: #""image_size": 16"#, with: #""image_size": [8, 40]"#),
            to: "config.json")
        let refusal = try #require(loadingComplaint(folder.path))
        #expect(refusal.contains("images of 8 × 40 pixels"), "\(refusal)")
        #expect(refusal.contains("Transformers takes height for width"), "\(refusal)")
    }

    @Test("scales the preparation of images in proportion")
    func preparation() throws {
        let folder = try TemporaryFolder()
        for name in ["model.safetensors", "config.json"] {
            try FileManager.default.copyItem(
                atPath: "\(goldens)/vit/\(name)", toPath: "\(folder.path)/\(name)")
        }
        func prepared() throws -> ImagePreparation {
            try loadCheckpoint(path: folder.path, imageSize: (24, 32)).preparation
        }
        let usual = try prepared()
        #expect(usual.height == 24 && usual.width == 32)
        #expect(usual.resize == .timm(cropFraction: 0.9, cropMode: .center))
        #expect(usual.source.hasSuffix("the image size as asked for, not 16 × 16"))
        try folder.write(
            #"{"size": {"shortest_edge": 20}, "do_center_crop": true, "crop_size": 16}"#,
            to: "preprocessor_config.json")
        #expect(try prepared().resize == .shortSide(30))
        try folder.write(#"{"size": {"height": 16, "width": 16}}"#, to: "preprocessor_config.json")
        #expect(try prepared().resize == .exact(height: 24, width: 32))
        try folder.write(#"{"do_resize": false}"#, to: "preprocessor_config.json")
        #expect(try prepared().resize == .unchanged)
    }

    @Test("must be a whole number of patches", arguments: [(25, 32), (24, 0), (-8, 8), (4104, 16)])
    func patches(height: Int, width: Int) throws {
        let text = try #require(complaint(goldens + "/vit", height, width))
        #expect(
            text
                == "\(goldens)/vit/model.safetensors: images of \(height) × \(width) pixels cannot be read: a side must "
                + "be a multiple of the patch size, 8, and at most 4096")
        let inspection = try inspectCheckpoint(path: goldens + "/vit", imageSize: (height, width))
        #expect(inspection.problems.count == 1 && text.hasSuffix(inspection.problems[0]))
    }

    @Test("keeps a Swin's windows, for which its tables are made, or is refused")
    func windows() throws {
        let larger = try loadCheckpoint(path: goldens + "/swin", imageSize: (24, 20)).model.configuration
        #expect(larger.imageHeight == 24 && larger.imageWidth == 20)
        #expect(
            complaint(goldens + "/swin", 24, 8)
                == "\(goldens)/swin/model.safetensors: images of 24 × 8 pixels cannot be read: they leave 6 × 2 tokens in "
                + "stage 2, whose table of relative positions is for windows of 4 × 4 and cannot be resampled; at "
                + "least 4 × 4 would be accepted")
    }

    @Test("keeps windows and shifts of Hugging Face's Swin V2, or is refused")
    func secondVersion() throws {
        let golden = goldens + "/layouts/huggingface-swin-v2"
        #expect(complaint(golden, 24, 24) == nil)
        #expect(
            try #require(complaint(golden, 16, 16)).hasSuffix(
                "images of 16 × 16 pixels cannot be read: they leave 4 × 4 tokens in stage 2, where Hugging Face's "
                    + "Swin V2 keeps the windows and shifts of images of 20 × 20; more than 4 × 4 would be accepted"
            ))
        let text = try String(contentsOfFile: golden + "/config.json", encoding: .utf8)
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: golden + "/model.safetensors", toPath: folder.path + "/model.safetensors")
        try folder.write(
            text.replacingOccurrences(of: #""image_size": 20"#, with: #""image_size": 16"#), to: "config.json"
        )
        #expect(complaint(folder.path, 16, 16) == nil)
        #expect(try #require(complaint(folder.path, 20, 20)).hasSuffix("exactly 4 × 4 would be accepted"))
    }
}
