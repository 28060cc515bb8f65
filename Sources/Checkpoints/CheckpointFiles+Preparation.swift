internal import Files
internal import VisionTransformers
package import Vocabulary

extension CheckpointFiles {
    /// What the checkpoint's model family usually does with images.
    private struct Family {
        /// Its name, for people.
        let name: String
        /// Its mean and standard deviation of three channels, whose tensors tell it apart from others with another
        /// normalisation; nil where they do not.
        let normalisation: (mean: [Float], standardDeviation: [Float])?

        init(_ shape: ModelConfiguration, _ files: CheckpointFiles) {
            let (layout, names) = (files.tensors.layout, files.tensors.entries)
            let (imageNet, half) = (HuggingFaceProcessor.imageNet, HuggingFaceProcessor.half)
            func has(_ name: String) -> Bool { names[name] != nil }
            let isTimm =
                layout == "timm"
                && !names.keys.contains { name in
                    ["relative_position", "rel_pos", "q_bias", "norm_pre"].contains(where: name.contains)
                }
            (name, normalisation) =
                switch shape {
                case .swin: ("Swin", imageNet)
                case .vit(let shape) where shape.hasDistillationToken || layout.contains("DeiT"):
                    ("DeiT", imageNet)
                case .vit where layout.contains("Dinov2"): ("Dinov2", imageNet)
                case .vit where layout.hasPrefix("DINOv2"): ("DINOv2", imageNet)
                case .vit where layout.contains("MAE"): ("MAE", imageNet)
                case .vit where layout.contains("torchvision"): ("torchvision's ViT", imageNet)
                case .vit where layout.contains("CLIP"): ("CLIP", HuggingFaceProcessor.clip)
                case .vit(let shape) where shape.pooling == .attention || layout.contains("SigLIP"):
                    ("SigLIP", half)
                case .vit(let shape) where shape.rotary != nil:
                    shape.rotary?.coordinate == .centre ? ("DINOv3", imageNet) : ("ViT", nil)
                case .vit(let shape) where isTimm && shape.hasClassToken && shape.hasLayerScale:
                    files.tensors.needless.contains { $0.hasSuffix("mask_token") } || has("reg_token")
                        ? ("DINOv2", shape.patchHeight == 14 ? imageNet : nil) : ("DeiT III", imageNet)
                case .vit(let shape) where isTimm && shape.hasClassToken && shape.normalizesAfterPooling:
                    ("MAE", imageNet)
                default: ("ViT", nil)
                }
        }
    }

    /// Refuses a mean or a deviation among the tensors, of a layer that normalises images before the model, that is not
    /// the preparation's.
    ///
    /// - Parameters:
    ///   - stated: The preparation's numbers, one for each channel, of pixels in 0 … 1.
    ///   - key: “mean” or “std”.
    ///   - source: Where they are from, for people.
    /// - Throws: `CheckpointError.unusable` with the tensor and both values.
    private func checkNormalisation(
        _ stated: [Float], _ key: String, _ source: String
    ) throws(CheckpointError) {
        let layers: Set<Substring> = ["normalize", "normalizer"]
        let numbers: Set = [key, "_\(key)", "pixel_\(key)"]
        for name in tensors.needless {
            let parts = name.split(separator: ".")
            guard let first = parts.first, let last = parts.last, numbers.contains(String(last)),
                layers.contains(first) || numbers.contains(String(first))
            else { continue }
            let values = try tensors.source.floats(name)
            guard values.count == stated.count || values.count == 1 else { continue }
            // Layers normalise pixels in 0 … 1 or in 0 … 255.
            let isSame = [Float(1), 255].contains { scale in
                stated.indices.allSatisfy { index in
                    abs(values[index % values.count] / scale - stated[index]) <= 1e-3
                }
            }
            guard !isSame else { continue }
            throw .unusable(
                "\(tensors.source.path): the tensor “\(name)” is \(values), as a layer that normalises images before the "
                    + "model has it, but “\(key)” is \(stated), \(source); correct “\(key)” in config.json, or "
                    + "remove the tensor")
        }
    }

    /// How images become the model's input: by the files, and where they are silent by the model family's convention.
    ///
    /// - Parameters:
    ///   - shape: The model.
    ///   - ownSize: The image's height and width that the checkpoint was trained on; the resize before the crop is
    ///     in proportion to it.
    /// - Returns: The preparation, to the last number; with doubts where normalisation or resize are a guess.
    /// - Throws: `CheckpointError.unusable` for means or deviations of another number of channels, or a processor that
    ///   makes images of another size than the model reads.
    func preparation(
        for shape: ModelConfiguration, ownSize: (height: Int, width: Int)
    ) throws(CheckpointError) -> ImagePreparation {
        let (file, path) =
            preprocessor.map { ($0.contents, $0.path) } ?? (configuration.preparation, configurationPath)
        let family = Family(shape, self)
        let name = path.map(lastName) ?? "config.json"
        let isResized = ownSize != (shape.imageHeight, shape.imageWidth)
        if let output = file.output, output != ownSize, !isResized {
            throw .unusable(
                "\(path ?? name): \(file.processor ?? "the processor") makes images of \(output.height) × "
                    + "\(output.width) pixels, but the model reads \(ownSize.height) × \(ownSize.width); correct it, "
                    + "or give --image-size")
        }
        var doubts: [String] = []
        let isTimm = file.processor == nil
        func spread(_ values: [Float]?, _ key: String, _ usual: [Float]) throws(CheckpointError) -> [Float] {
            let values = values ?? (shape.channels == 3 ? usual : [0.5])
            if values.count == shape.channels { return values }
            let mean = values.reduce(0, +) / Float(values.count)
            // Three equal numbers are those of a model for colours that was changed to other channels.
            if values.count == 1 || values.count == 3 && values.allSatisfy({ $0 == values[0] }) {
                return Array(repeating: values[0], count: shape.channels)
            }
            guard shape.channels == 1 else {
                throw .unusable(
                    "\(path ?? name): “\(isTimm ? "" : "image_")\(key)” has \(values.count) numbers for \(shape.channels) "
                        + "channels; one for each is accepted")
            }
            doubts.append(
                "“\(key)” has \(values.count) numbers for one channel, and their average \(mean) is used")
            return [mean]
        }
        let usual = family.normalisation ?? HuggingFaceProcessor.half
        let mean = try spread(file.mean, "mean", usual.mean)
        let deviation = try spread(file.standardDeviation, "std", usual.standardDeviation)
        let isStated = file.mean != nil && file.standardDeviation != nil
        func origin(isSaid: Bool) -> String { isSaid ? "from \(name)" : "as usual for \(family.name)" }
        try checkNormalisation(mean, "mean", origin(isSaid: file.mean != nil))
        try checkNormalisation(deviation, "std", origin(isSaid: file.standardDeviation != nil))
        if !isStated, family.normalisation == nil || shape.channels != 3 {
            doubts.append(
                "no file says how pixels are normalised, so that (pixel / 255 − \(mean)) / \(deviation) is assumed, as "
                    + "usual for \(family.name)")
        }
        var resize =
            file.resize
            ?? .timm(
                cropFraction: min(ownSize.height, ownSize.width) >= 384 ? 1 : 0.9,
                cropMode: file.cropMode ?? .center)
        if isResized { resize = resize.scaled(from: file.output ?? ownSize, to: shape) }
        let known = [
            (isStated, "normalisation"), (file.resize != nil, "resize"),
            (file.interpolation != nil, "filter"),
        ]
        let (said, unsaid) = (known.filter(\.0).map(\.1), known.filter { !$0.0 }.map(\.1))
        let reader = file.processor.map { " as \($0) reads it" } ?? ""
        let source = [
            said.isEmpty ? nil : "\(said.joined(separator: ", ")) from \(name)\(reader)",
            unsaid.isEmpty
                ? nil
                : "\(unsaid.joined(separator: ", ")) as usual for \(family.name), as "
                    + (path == nil ? "there is no \(name)" : "\(name) does not say"),
            isResized ? "the image size as asked for, not \(ownSize.height) × \(ownSize.width)" : nil,
        ].compactMap(\.self).joined(separator: "; ")
        return ImagePreparation(
            height: shape.imageHeight, width: shape.imageWidth, resize: resize,
            interpolation: file.interpolation ?? .bicubic, mean: mean, standardDeviation: deviation,
            source: source, doubt: doubts.isEmpty ? nil : doubts.joined(separator: "; "),
            resizeDoubt: ImagePreparation.ResizeDoubt(
                concernsSize: file.resize == nil, concernsFilter: file.interpolation == nil,
                family: family.name))
    }
}

extension ImagePreparation.Resize {
    /// The same for images of another size: lengths in proportion, rounded to pixels.
    fileprivate func scaled(
        from own: (height: Int, width: Int), to shape: ModelConfiguration
    ) -> ImagePreparation.Resize {
        func scaled(_ length: Int, _ wanted: Int, _ own: Int) -> Int {
            max(1, Int((Double(length) * Double(wanted) / Double(own)).rounded()))
        }
        switch self {
        case .exact(let high, let wide):
            return .exact(
                height: scaled(high, shape.imageHeight, own.height),
                width: scaled(wide, shape.imageWidth, own.width))
        case .shortSide(let side):
            return .shortSide(
                scaled(side, min(shape.imageHeight, shape.imageWidth), min(own.height, own.width)))
        case .timm, .none, .unchanged:
            return self
        }
    }
}

extension ImagePreparation {
    /// The preparation with what a plan or flags say instead.
    ///
    /// - Parameter options: The changes.
    /// - Returns: The preparation; without a doubt about what is given.
    /// - Throws: `CheckpointError.unusable` for another number of channels.
    package func changed(by options: ImageOptions) throws(CheckpointError) -> ImagePreparation {
        var result = self
        var changes: [String] = []
        func spread(_ values: [Float], _ flag: String) throws(CheckpointError) -> [Float] {
            guard values.count == mean.count || values.count == 1 else {
                throw .unusable(
                    "\(flag) has \(values.count) numbers, but the model reads \(mean.count) "
                        + "\(mean.count == 1 ? "channel" : "channels")")
            }
            changes.append(flag)
            return values.count == mean.count ? values : Array(repeating: values[0], count: mean.count)
        }
        if let mean = options.mean { result.mean = try spread(mean, "--mean") }
        if let deviation = options.standardDeviation {
            result.standardDeviation = try spread(deviation, "--std")
        }
        if let filter = options.interpolation {
            result.interpolation = filter
            changes.append("--interpolation")
        }
        if let fraction = options.cropFraction {
            let mode: CropMode = if case .timm(_, let mode) = resize { mode } else { .center }
            result.resize = .timm(cropFraction: fraction, cropMode: mode)
            changes.append("--crop-pct")
        }
        if options.mean != nil, options.standardDeviation != nil { result.doubt = nil }
        result.resizeDoubt = resizeDoubt.flatMap {
            ResizeDoubt(
                concernsSize: $0.concernsSize && options.cropFraction == nil,
                concernsFilter: $0.concernsFilter && options.interpolation == nil, family: $0.family)
        }
        if !changes.isEmpty, result != self {
            result.source += "; \(changes.joined(separator: ", ")) as given"
        }
        return result
    }
}
