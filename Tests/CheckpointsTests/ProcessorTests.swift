import Checkpoints
import Datasets
import Files
import Foundation
import Safetensors
import TestSupport
import Testing
import Vocabulary

/// A folder with a model of one block and one patch, which reads images of any one size.
func oneBlockModel(
    height: Int, width: Int, channels: Int = 3, configuration: String = "", extra: [(String, [Int])] = []
) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let side = 4
    let block: [(String, [Int])] = [
        ("norm1.weight", [side]), ("norm1.bias", [side]), ("attn.qkv.weight", [3 * side, side]),
        ("attn.qkv.bias", [3 * side]), ("attn.proj.weight", [side, side]), ("attn.proj.bias", [side]),
        ("norm2.weight", [side]), ("norm2.bias", [side]), ("mlp.fc1.weight", [side, side]),
        ("mlp.fc1.bias", [side]), ("mlp.fc2.weight", [side, side]), ("mlp.fc2.bias", [side]),
    ]
    let shapes: [(String, [Int])] =
        [
            ("cls_token", [1, 1, side]), ("pos_embed", [1, 2, side]),
            ("patch_embed.proj.weight", [side, channels, height, width]),
            ("patch_embed.proj.bias", [side]), ("norm.weight", [side]), ("norm.bias", [side]),
            ("head.weight", [3, side]), ("head.bias", [3]),
        ] + block.map { ("blocks.0.\($0.0)", $0.1) } + extra
    var kept: [String: [Int]] = [:]
    for (name, shape) in shapes { kept[name] = shape.isEmpty ? nil : shape }
    try writeSafetensors(
        kept.sorted { $0.key < $1.key }.map { name, shape in
            SafetensorsTensor(
                name: name, shape: shape, floats: Array(repeating: 0.5, count: shape.reduce(1, *)))
        }, to: folder.path + "/model.safetensors")
    try folder.write(
        "{\"num_heads\": 2, \"img_size\": [\(height), \(width)]\(configuration)}", to: "config.json")
    return folder
}

@Suite("Image processors of Transformers")
struct ProcessorTests {
    /// A `preprocessor_config.json`, and what Transformers makes of images with it; `Tests/Reference/processor_goldens.py`
    /// wrote them.
    struct Golden: Decodable, Sendable, CustomTestStringConvertible {
        struct Image: Decodable {
            /// Height and width before.
            let size: [Int]
            /// `[channels, height, width]` after.
            let shape: [Int]
            /// Of the pixels before normalisation; nil for a processor that works on floats.
            let sha256: String?
            /// Channel, row, column, value.
            let values: [[Double]]
        }

        let config: String
        let images: [Image]?

        var testDescription: String { config }

        static let all: [Golden] = {
            let data = FileManager.default.contents(atPath: goldens + "/processors.json")
            return (try? JSONDecoder().decode([Golden].self, from: data ?? Data())) ?? []
        }()
    }

    /// The test images' formula.
    private func picture(_ height: Int, _ width: Int) -> [UInt8] {
        (0..<height).flatMap { y in
            (0..<width).flatMap { x in
                (0..<3).map { UInt8(truncatingIfNeeded: 7 * y + 13 * x + 31 * $0 + y * x / 3) }
            }
        }
    }

    @Test("images become what Transformers makes of them", arguments: Golden.all)
    func images(golden: Golden) throws {
        let images = golden.images ?? []
        let shape = images.first?.shape ?? [3, 16, 16]
        let folder = try oneBlockModel(height: shape[1], width: shape[2])
        try folder.write(golden.config, to: "preprocessor_config.json")
        guard !images.isEmpty else {
            #expect(try #require(loadingComplaint(folder.path)).contains("preprocessor_config.json"))
            return
        }
        let preparation = try loadCheckpoint(path: folder.path).preparation
        #expect(preparation.doubt == nil && preparation.source.contains("ImageProcessor"))
        let pipeline = try PreprocessingPipeline(preparation)
        let tables = (0..<3).map { pipeline.normalisation.table(channel: $0) }
        for image in images {
            let (height, width) = (image.size[0], image.size[1])
            #expect(image.shape == [3, pipeline.height, pipeline.width])
            let file = encodedPNG(picture(height, width), width: width, height: height)
            let pixels = try ImageDecoder().withPixels(
                of: file, path: "image", pipeline: pipeline, appliesOrientation: false
            ) { pixels in
                (0..<3).flatMap { channel in (0..<pixels.count / 4).map { pixels[4 * $0 + channel] } }
            }
            if let digest = image.sha256 { #expect(sha256(pixels) == digest, "\(height) × \(width)") }
            for value in image.values {
                let (channel, row, column) = (Int(value[0]), Int(value[1]), Int(value[2]))
                let byte = pixels[(channel * pipeline.height + row) * pipeline.width + column]
                let found = Double(tables[channel][Int(byte)])
                // Without a rounding to 8 bits, a value lies within two steps of 255.
                let slack =
                    image.sha256 == nil
                    ? 2 / 255 / Double(pipeline.normalisation.standardDeviation[channel]) : 1e-5
                #expect(abs(found - value[3]) <= slack * max(1, abs(value[3])), "\(found), not \(value)")
            }
        }
    }

    @Test("there are goldens of twelve cases and more")
    func enough() {
        #expect(Golden.all.count { $0.images != nil } >= 30 && Golden.all.count { $0.images == nil } >= 5)
    }

    @Test(
        "what would change images in another way is refused by name",
        arguments: [
            (#""image_processor_type": "Siglip2ImageProcessor""#, "“Siglip2ImageProcessor” is not supported"),
            (#""image_processor_type": "Siglip2ImageProcessor""#, "BeitImageProcessor, BitImageProcessor"),
            (#""image_processor_type": "ViTImageProcessor", "do_pad": true"#, "“do_pad” is not supported"),
            (#""image_processor_type": "ViTImageProcessor", "do_flip": true"#, "“do_flip” is not supported"),
            (
                #""image_processor_type": "ViTImageProcessor", "crop_pct": 0.9"#,
                "“crop_pct” is not used by ViT"
            ),
            (
                #""image_processor_type": "ViTImageProcessor", "resample": 6"#,
                "“resample” is not one of Pillow's"
            ),
            (#""image_processor_type": "ViTImageProcessor", "do_rescale": "no""#, "“do_rescale” is not true"),
            (#""image_processor_type": "ViTImageProcessor", "rescale_factor": 0"#, "“rescale_factor” is not"),
            (#""image_processor_type": "ViTImageProcessor", "size": {"width": 16}"#, "“size” is not a side"),
            (#""image_processor_type": "ViTImageProcessor", "size": 32"#, "makes images of 32 × 32 pixels"),
            (#""size": 16"#, "there is no “image_processor_type”"),
        ])
    func refused(keys: String, words: String) throws {
        let folder = try oneBlockModel(height: 16, width: 16)
        try folder.write("{\(keys)}", to: "preprocessor_config.json")
        #expect(try #require(loadingComplaint(folder.path)).contains(words))
    }

    @Test("keys without effect are passed over, and model_type names the processor where the file does not")
    func accepted() throws {
        let folder = try oneBlockModel(height: 16, width: 16, configuration: #", "model_type": "deit""#)
        try folder.write(
            #"{"size": 20, "crop_size": 16, "do_pad": false, "processor_class": "X", "do_convert_rgb": true, "#
                + #""_valid_processor_keys": ["images"], "data_format": "channels_first", "resample": null}"#,
            to: "preprocessor_config.json")
        let preparation = try loadCheckpoint(path: folder.path).preparation
        #expect(preparation.resize == .exact(height: 20, width: 20) && preparation.interpolation == .bicubic)
        #expect(preparation.source.contains("DeiTImageProcessor"))
        let scaled = try loadCheckpoint(path: folder.path, imageSize: (32, 48)).preparation
        #expect(scaled.resize == .exact(height: 40, width: 60) && scaled.width == 48)
    }

    @Test("a normalisation among the tensors must be that of the files, of pixels in 0 … 1 or 0 … 255")
    func layers() throws {
        let mean: [Float] = [0.485, 0.456, 0.406]
        func complaint(_ name: String, _ values: [Float], _ configuration: String) throws -> String? {
            let folder = try oneBlockModel(height: 16, width: 16, configuration: configuration)
            let wrapped = try tensors(of: folder.path + "/model.safetensors") { "model." + $0 }
            try writeSafetensors(
                wrapped + [SafetensorsTensor(name: name, shape: [1, 3, 1, 1], floats: values)],
                to: folder.path + "/model.safetensors")
            return loadingComplaint(folder.path)
        }
        let stated = #", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]"#
        #expect(try complaint("normalize.mean", mean, stated) == nil)
        #expect(try complaint("pixel_mean", mean.map { 255 * $0 }, stated) == nil)
        #expect(try complaint("normalize.std", [0.229, 0.224, 0.225], stated) == nil)
        let half = #", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]"#
        for (name, key) in [("normalize.mean", "mean"), ("normalize.std", "std"), ("pixel_mean", "mean")] {
            let text = try #require(try complaint(name, mean, half))
            #expect(
                text.contains("“\(name)” is [0.485, 0.456, 0.406]")
                    && text.contains("“\(key)” is [0.5, 0.5, 0.5], from config.json"), "\(text)")
        }
        #expect(try #require(try complaint("normalize.mean", mean, "")).contains("as usual for ViT"))
    }

    @Test("the part about images of processor_config.json is read as the file of its own is")
    func nested() throws {
        let folder = try oneBlockModel(height: 16, width: 16)
        try folder.write(#"{"processor_class": "CLIPProcessor"}"#, to: "processor_config.json")
        #expect(try loadCheckpoint(path: folder.path).preparation.doubt != nil)
        try folder.write(
            #"{"image_processor": {"image_processor_type": "CLIPImageProcessor", "size": 18, "crop_size": 16}}"#,
            to: "processor_config.json")
        let preparation = try loadCheckpoint(path: folder.path).preparation
        #expect(preparation.resize == .shortSide(18) && preparation.mean[0] == 0.48145466)
    }

    @Test("two files about images that differ are refused")
    func both() throws {
        let folder = try oneBlockModel(height: 16, width: 16)
        let own = #"{"image_processor_type": "CLIPImageProcessor", "size": 18, "crop_size": 16}"#
        try folder.write(own, to: "preprocessor_config.json")
        try folder.write("{\"image_processor\": \(own)}", to: "processor_config.json")
        #expect(loadingComplaint(folder.path) == nil)
        for (key, other) in [("18", "20"), ("\"size\"", "\"resample\": 2, \"size\"")] {
            let changed = own.replacingOccurrences(of: key, with: other)
            try folder.write("{\"image_processor\": \(changed)}", to: "processor_config.json")
            let text = try #require(loadingComplaint(folder.path))
            #expect(
                text.contains("/preprocessor_config.json and processor_config.json prepare images in"),
                "\(text)")
        }
    }

    @Test("without a resize, only images of the model's size are read")
    func unchanged() throws {
        let folder = try oneBlockModel(height: 16, width: 16)
        try folder.write(
            #"{"image_processor_type": "ViTImageProcessor", "do_resize": false}"#,
            to: "preprocessor_config.json")
        let pipeline = try PreprocessingPipeline(try loadCheckpoint(path: folder.path).preparation)
        func read(_ height: Int, _ width: Int) throws {
            try ImageDecoder().withPixels(
                of: encodedPNG(picture(height, width), width: width, height: height), path: "image.png",
                pipeline: pipeline, appliesOrientation: false
            ) { _ in }
        }
        try read(16, 16)
        let error = #expect(throws: DatasetError.self) { try read(16, 17) }
        #expect(error?.description.contains("16 × 17 pixels; the processor resizes none") == true)
    }

    // MARK: - Normalisation that nobody states

    @Test(
        "a family that tensors tell is normalised as usual, and any other is a doubt",
        arguments: [
            ("", [], nil as Float?, true), ("", [("norm_pre.weight", [])], nil, true),
            // DeiT III: layer scale. MAE: a norm after the pooling.
            ("", [("blocks.0.ls1.gamma", [4]), ("blocks.0.ls2.gamma", [4])], 0.485, false),
            (
                "", [("fc_norm.weight", [4]), ("fc_norm.bias", [4]), ("norm.weight", []), ("norm.bias", [])],
                0.485, false
            ),
            (#", "mean": [0.1, 0.2, 0.3], "std": [1, 1, 1]"#, [], 0.1, false),
            (#", "mean": [0.1, 0.2, 0.3]"#, [], 0.1, true),
        ] as [(String, [(String, [Int])], Float?, Bool)])
    func families(configuration: String, extra: [(String, [Int])], mean: Float?, isDoubted: Bool) throws {
        let folder = try oneBlockModel(height: 16, width: 16, configuration: configuration, extra: extra)
        let preparation = try loadCheckpoint(path: folder.path).preparation
        #expect(preparation.mean[0] == mean ?? 0.5)
        #expect((preparation.doubt != nil) == isDoubted, "\(preparation.doubt ?? "")")
        if isDoubted {
            #expect(preparation.doubt?.contains("no file says how pixels are normalised") == true)
        }
    }

    @Test("CLIP of Hugging Face without a processor's file has CLIP's normalisation")
    func clip() throws {
        let source = goldens + "/layouts/huggingface-clip-features"
        let folder = try TemporaryFolder()
        let list = try tensors(of: source + "/model.safetensors").map { tensor in
            guard tensor.name.hasSuffix("patch_embedding.weight") else { return tensor }
            return SafetensorsTensor(
                name: tensor.name, shape: [16, 3, 8, 8], floats: Array(repeating: 0.1, count: 16 * 3 * 64))
        }
        try writeSafetensors(list, to: folder.path + "/model.safetensors")
        let text = try String(contentsOfFile: source + "/config.json", encoding: .utf8)
        try folder.write(
            text.replacingOccurrences(of: #""num_channels": 1"#, with: #""num_channels": 3"#),
            to: "config.json")
        let preparation = try loadCheckpoint(path: folder.path).preparation
        #expect(preparation.mean == [0.48145466, 0.4578275, 0.40821073])
        #expect(preparation.standardDeviation == [0.26862954, 0.26130258, 0.27577711])
        #expect(preparation.doubt == nil && preparation.source.contains("as usual for CLIP"))
    }

    @Test(
        "a resize that no file states is a doubt, until flags give it",
        arguments: [
            ("", true, true), (#", "crop_pct": 0.8"#, false, true),
            (#", "interpolation": "box""#, true, false),
            (#", "crop_pct": 0.8, "interpolation": "box""#, false, false),
        ])
    func resizeDoubt(configuration: String, size: Bool, filter: Bool) throws {
        let folder = try oneBlockModel(height: 16, width: 16, configuration: configuration)
        let preparation = try loadCheckpoint(path: folder.path).preparation
        func doubt(_ size: Bool, _ filter: Bool) -> ImagePreparation.ResizeDoubt? {
            ImagePreparation.ResizeDoubt(concernsSize: size, concernsFilter: filter, family: "ViT")
        }
        #expect(preparation.resizeDoubt == doubt(size, filter))
        var options = ImageOptions()
        options.cropFraction = 1
        #expect(try preparation.changed(by: options).resizeDoubt == doubt(false, filter))
        options.interpolation = .box
        #expect(try preparation.changed(by: options).resizeDoubt == nil)
    }

    @Test(
        "as many means as nothing has are refused, equal or not",
        arguments: ["0.1, 0.1", "0.1, 0.1, 0.1, 0.1, 0.1"])
    func meanCounts(numbers: String) throws {
        let timm = try oneBlockModel(
            height: 16, width: 16, configuration: ", \"mean\": [\(numbers)], \"std\": [1]")
        let count = numbers.split(separator: ",").count
        #expect(
            try #require(loadingComplaint(timm.path)).contains(
                "“mean” has \(count) numbers for 3 channels; one for each is accepted"))
        let own = try oneBlockModel(height: 16, width: 16)
        try own.write(
            #"{"image_processor_type": "ViTImageProcessor", "size": 16, "image_mean": [\#(numbers)]}"#,
            to: "preprocessor_config.json")
        #expect(try #require(loadingComplaint(own.path)).contains("“image_mean” has \(count) numbers"))
    }

    @Test("the average of three means stands for one channel, and is a doubt")
    func oneChannel() throws {
        let folder = try oneBlockModel(
            height: 16, width: 16, channels: 1,
            configuration: #", "mean": [0.485, 0.456, 0.406], "std": [0.2, 0.2, 0.2]"#)
        let preparation = try loadCheckpoint(path: folder.path).preparation
        #expect(abs(preparation.mean[0] - 0.449) < 1e-6 && preparation.standardDeviation == [0.2])
        #expect(preparation.doubt?.contains("“mean” has 3 numbers for one channel") == true)
    }

    @Test("a plan's values replace the checkpoint's, and settle the doubt")
    func changed() throws {
        let folder = try oneBlockModel(height: 16, width: 16)
        let preparation = try loadCheckpoint(path: folder.path).preparation
        var options = ImageOptions()
        #expect(try preparation.changed(by: options) == preparation)
        options.mean = [0.25]
        #expect(try preparation.changed(by: options).doubt != nil)
        options.standardDeviation = [1, 2, 3]
        options.interpolation = .hamming
        options.cropFraction = 0.5
        let changed = try preparation.changed(by: options)
        #expect(changed.mean == [0.25, 0.25, 0.25] && changed.standardDeviation == [1, 2, 3])
        #expect(changed.interpolation == .hamming && changed.doubt == nil)
        #expect(changed.resize == .timm(cropFraction: 0.5, cropMode: .center))
        options.mean = [1, 2]
        #expect(throws: CheckpointError.self) { try preparation.changed(by: options) }
    }
}
