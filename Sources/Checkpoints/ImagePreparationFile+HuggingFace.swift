internal import Files
internal import Foundation
internal import Vocabulary

/// The keys of `preprocessor_config.json`, sorted by what becomes of them.
private enum ProcessorKey {
    /// What the preparation follows.
    static let honoured: Set<String> = [
        "crop_pct", "crop_size", "default_to_square", "do_center_crop", "do_normalize", "do_rescale",
        "do_resize", "feature_extractor_type", "image_mean", "image_processor_type", "image_std", "resample",
        "rescale_factor", "size",
    ]
    /// What changes nothing for images that are read here as RGB or gray: names, layouts of arrays, batching, maps of
    /// segmentation.
    static let withoutEffect: Set<String> = [
        "_valid_kwargs_names", "_valid_processor_keys", "data_format", "device", "disable_grouping",
        "do_convert_rgb", "do_reduce_labels", "image_seq_length", "input_data_format", "pad_size",
        "processor_class",
        "reduce_labels", "return_tensors",
    ]
    /// What changes nothing as long as it is false.
    static let withoutEffectIfFalse: Set<String> = ["do_pad", "rescale_offset"]
}

extension ImagePreparationFile {
    /// Reads `preprocessor_config.json` as Transformers' processor does, with the processor's defaults; or the part of
    /// `processor_config.json` that is about images, nil if there is none.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - modelType: `model_type` of `config.json`, which decides where the file names no processor.
    /// - Throws: `CheckpointError.unusable` for text that is not a JSON object, an unknown processor or key, or a value
    ///   that is not accepted.
    init?(huggingFace path: String, modelType: String?) throws(CheckpointError) {
        let root = try jsonObject(path: path)
        let isPart = lastName(of: path) == "processor_config.json"
        guard let all = isPart ? root["image_processor"] as? [String: Any] : root else { return nil }
        let keys = all.filter { !($0.value is NSNull) }
        let reader = try ProcessorReader(keys: keys, path: path, modelType: modelType)
        self.init()
        processor = reader.processor.name
        interpolation = try reader.interpolation()
        (mean, standardDeviation) = try reader.normalisation()
        (resize, output) = try reader.geometry()
    }
}

/// Reads the keys of one file.
private struct ProcessorReader {
    let processor: HuggingFaceProcessor
    private let keys: [String: Any]
    private let path: String

    /// Finds the processor and refuses keys that it does not know.
    init(keys: [String: Any], path: String, modelType: String?) throws(CheckpointError) {
        self.keys = keys
        self.path = path
        let named = ["image_processor_type", "feature_extractor_type"].lazy.compactMap { keys[$0] }.first
        guard let found = named.map({ "\($0)" }) ?? modelType else {
            throw .unusable(
                "\(path): there is no “image_processor_type”; it accepts \(HuggingFaceProcessor.names)")
        }
        let known =
            named == nil ? HuggingFaceProcessor(modelType: found) : HuggingFaceProcessor(named: found)
        guard let known else {
            throw .unusable(
                named == nil
                    ? "\(path): there is no “image_processor_type”, and the one of model_type “\(found)” is not known; "
                        + "it accepts \(HuggingFaceProcessor.names)"
                    : "\(path): the image processor “\(found)” is not supported; supported are "
                        + HuggingFaceProcessor.names)
        }
        processor = known
        for (key, value) in keys.sorted(by: { $0.key < $1.key }) {
            if ProcessorKey.honoured.contains(key) || ProcessorKey.withoutEffect.contains(key) { continue }
            if ProcessorKey.withoutEffectIfFalse.contains(key), value as? Bool == false { continue }
            throw .unusable(
                "\(path): “\(key)” is not supported, so that it could change images in another way")
        }
        if keys["crop_pct"] != nil, processor.rule != .cropFraction {
            throw .unusable(
                "\(path): “crop_pct” is not used by \(processor.name); remove it, or give --crop-pct")
        }
    }

    private func flag(_ key: String) throws(CheckpointError) -> Bool? {
        guard let found = keys[key] else { return nil }
        guard let flag = found as? Bool else {
            throw ImagePreparationFile.wrong(path, key, "true or false")
        }
        return flag
    }

    func interpolation() throws(CheckpointError) -> Interpolation {
        guard let found = keys["resample"] else { return processor.interpolation }
        // Pillow's numbers.
        let filters: [Interpolation] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
        guard let number = found as? Int, filters.indices.contains(number) else {
            throw ImagePreparationFile.wrong(path, "resample", "one of Pillow's filters, 0 to 5")
        }
        return filters[number]
    }

    /// Mean and standard deviation of pixels in 0 … 1: `(byte · factor − mean) / deviation`, written with a factor of
    /// 1 / 255.
    func normalisation() throws(CheckpointError) -> (mean: [Float], standardDeviation: [Float]) {
        var mean =
            try ImagePreparationFile.means(keys["image_mean"], "image_mean", path) ?? processor.mean
        var deviation =
            try ImagePreparationFile.deviations(keys["image_std"], "image_std", path)
            ?? processor.standardDeviation
        if try flag("do_normalize") == false { (mean, deviation) = ([0], [1]) }
        var factor = 1 / 255.0
        if let found = keys["rescale_factor"] {
            guard let number = found as? Double, number.isFinite, number > 0 else {
                throw ImagePreparationFile.wrong(path, "rescale_factor", "a positive number, such as 1 / 255")
            }
            factor = number
        }
        if try flag("do_rescale") == false { factor = 1 }
        let scale = factor * 255
        guard abs(scale - 1) > 1e-6 else { return (mean, deviation) }
        return (mean.map { Float(Double($0) / scale) }, deviation.map { Float(Double($0) / scale) })
    }

    // MARK: - Geometry

    /// What `size` says.
    private enum Size {
        case square(height: Int, width: Int)
        case shortSide(Int)
    }

    private static let sides = 1...65_536

    private func size() throws(CheckpointError) -> Size {
        guard let found = keys["size"] else {
            return processor.isSquare
                ? .square(height: processor.side, width: processor.side) : .shortSide(processor.side)
        }
        if let sides = found as? [String: Any] {
            let lengths = sides.compactMapValues {
                ($0 as? Int).flatMap { Self.sides.contains($0) ? $0 : nil }
            }
            if sides.count == 1, let side = lengths["shortest_edge"] { return .shortSide(side) }
            if sides.count == 2, let high = lengths["height"], let wide = lengths["width"] {
                return .square(height: high, width: wide)
            }
        } else if let pair = found as? [Int], pair.count == 2, pair.allSatisfy(Self.sides.contains) {
            return .square(height: pair[0], width: pair[1])
        } else if let side = found as? Int, Self.sides.contains(side) {
            let isSquare = try flag("default_to_square") ?? processor.numberIsSquare
            return isSquare ? .square(height: side, width: side) : .shortSide(side)
        }
        throw ImagePreparationFile.wrong(
            path, "size", "a side, or an object with shortest_edge, or with height and width")
    }

    /// The size of the centre crop; nil without one.
    private func crop() throws(CheckpointError) -> (height: Int, width: Int)? {
        guard try flag("do_center_crop") ?? processor.crops else { return nil }
        let sides = 1...4096
        guard let found = keys["crop_size"] else {
            guard let side = processor.cropSide else {
                throw .unusable("\(path): “do_center_crop” is true, but there is no “crop_size”")
            }
            return (side, side)
        }
        let names = found as? [String: Any] ?? [:]
        let pair = found as? [Int] ?? (found as? Int).map { [$0, $0] } ?? []
        guard let high = names["height"] as? Int ?? pair.first,
            let wide = names["width"] as? Int ?? pair.last, pair.count <= 2, sides.contains(high),
            sides.contains(wide)
        else {
            throw ImagePreparationFile.wrong(
                path, "crop_size", "a side from 1 to 4096, or an object with height and width")
        }
        return (high, wide)
    }

    /// The resize, and the size that images have after the crop.
    func geometry() throws(CheckpointError) -> (
        ImagePreparation.Resize, output: (height: Int, width: Int)?
    ) {
        let crop = try crop()
        guard try flag("do_resize") ?? true else { return (crop == nil ? .unchanged : .none, crop) }
        let size = try size()
        switch (processor.rule, size) {
        case (.resizeAndCrop, .square(let high, let wide)):
            return (.exact(height: high, width: wide), crop ?? (high, wide))
        case (.resizeAndCrop, .shortSide(let side)):
            guard let crop else {
                throw .unusable(
                    "\(path): the shorter side becomes \(side) and nothing is cropped, which leaves images of several "
                        + "sizes; “do_center_crop” and “crop_size”, or a “size” with height and width would be "
                        + "accepted")
            }
            return (.shortSide(side), crop)
        case (.cropFraction, .square):
            throw ImagePreparationFile.wrong(
                path, "size", "a side, or an object with shortest_edge, as \(processor.name) needs it")
        case (.cropFraction, .shortSide(let side)):
            guard crop == nil || crop ?? (0, 0) == (side, side) else {
                throw ImagePreparationFile.wrong(
                    path, "crop_size", "\(side), the square that \(processor.name) makes of “size”")
            }
            guard side < 384 else { return (.exact(height: side, width: side), (side, side)) }
            var fraction = 224 / 256.0
            if let found = keys["crop_pct"] {
                guard let number = found as? Double, ImageOptions.cropFractions.contains(number) else {
                    throw ImagePreparationFile.wrong(path, "crop_pct", "a positive number such as 0.875")
                }
                fraction = number
            }
            return (.shortSide(max(1, Int(Double(side) / fraction))), (side, side))
        }
    }
}
