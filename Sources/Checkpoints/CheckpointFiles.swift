internal import Files
internal import VisionTransformers
internal import Vocabulary

/// The files of a checkpoint.
struct CheckpointFiles {
    /// The weights.
    let tensors: NamedTensors
    /// The contents of `config.json`.
    let configuration: ModelConfigurationFile
    /// That file, if it is there.
    let configurationPath: String?
    /// The contents of `preprocessor_config.json`, if it is there.
    private let preprocessor: (path: String, contents: ImagePreparationFile)?

    /// Finds and opens the files.
    ///
    /// - Parameter path: A file with weights or a folder with one.
    /// - Throws: `CheckpointError` with the file and what is wrong.
    init(path: String) throws(CheckpointError) {
        let status: FileStatus
        do {
            status = try FileStatus(path)
        } catch {
            guard error.code == .missing else { throw CheckpointError(error) }
            throw .missing("\(path) does not exist; give a file with weights or a folder with one")
        }
        let isFolder = status.kind == .folder
        let folder = isFolder ? path : parent(of: path)
        let file = isFolder ? try Self.weights(in: path) : path
        let source = try TensorSource(path: file)
        func beside(_ name: String) -> String? {
            let path = joined(folder, name)
            // A link that leads nowhere is a missing file, not an absent one.
            return (try? FileStatus(path, followsLinks: false)) == nil ? nil : path
        }
        configurationPath = beside("config.json")
        var configuration =
            if let configurationPath { try ModelConfigurationFile(path: configurationPath) } else {
                ModelConfigurationFile()
            }
        tensors = NamedTensors(source, lacksClassifier: configuration.lacksClassifier)
        if let stem = tensors.entries["patch_embed.proj.weight"], stem.shape.count == 4 {
            configuration.average(for: stem.shape[1])
        }
        self.configuration = configuration
        preprocessor =
            if let path = beside("preprocessor_config.json") {
                (path, try ImagePreparationFile(huggingFace: path))
            } else { nil }
    }

    /// The file with the weights in a folder: by its usual name, or the only one there is.
    private static func weights(in folder: String) throws(CheckpointError) -> String {
        let names: [String]
        do {
            names = try Files.names(in: folder)
        } catch {
            throw .unusable("\(error)")
        }
        let usual = [
            "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
            "pytorch_model.bin.index.json",
        ]
        if let name = usual.first(where: names.contains) { return joined(folder, name) }
        let others = names.filter { name in
            [".safetensors", ".pth", ".pt", ".bin", ".ckpt"].contains { name.lowercased().hasSuffix($0) }
        }
        guard let only = others.first, others.count == 1 else {
            throw .missing(
                others.isEmpty
                    ? "\(folder) holds no model.safetensors, no index of shards, and no file of torch.save; give a file "
                        + "with weights or a folder with one"
                    : "\(folder) holds several files with weights: \(others.prefix(8).joined(separator: ", ")); give one "
                        + "of them")
        }
        return joined(folder, only)
    }

    /// The image's height and width that the files name: the crop of Hugging Face's processor for a model that resamples
    /// its positions for any image, else config.json's.
    var imageSize: (height: Int, width: Int)? {
        (tensors.map.readsAnySize ? preprocessor?.contents.crop : nil) ?? configuration.imageSize
    }

    /// What was chosen where the files hold more than one thing, one sentence each.
    var notes: [String] {
        let choice = tensors.source.choice.map { "\(tensors.source.path): read are \($0)" }
        let leftOut = tensors.map.leftOut.isEmpty ? nil : "\(tensors.source.path): read is \(tensors.layout)"
        return [choice, leftOut].compactMap(\.self)
    }

    /// The names of the classes, if they are known.
    ///
    /// - Throws: `CheckpointError.unusable` where they are not as many as the head has.
    func labels(for shape: ModelConfiguration) throws(CheckpointError) -> [String]? {
        guard shape.classes > 0 else { return nil }
        if let labels = configuration.labels, labels.count != shape.classes {
            throw .unusable(
                "\(configurationPath ?? "config.json"): label_names has \(labels.count) entries, but the head has "
                    + "\(shape.classes) classes")
        }
        return configuration.labels
    }

    /// How images become the model's input: by the files, and where they are silent by the model family's convention.
    ///
    /// - Parameters:
    ///   - shape: The model.
    ///   - ownSize: The image's height and width that the checkpoint was trained on; the resize before the crop is
    ///     in proportion to it.
    /// - Returns: The preparation, to the last number.
    /// - Throws: `CheckpointError.unusable` for means or deviations of another number of channels.
    func preparation(
        for shape: ModelConfiguration, ownSize: (height: Int, width: Int)
    ) throws(CheckpointError) -> ImagePreparation {
        let (file, path) =
            preprocessor.map { ($0.contents, $0.path) } ?? (configuration.preparation, configurationPath)
        let isImageNet =
            switch shape {
            case .swin: true
            case .vit(let shape):
                shape.hasDistillationToken || ["DeiT", "Dinov2"].contains(where: tensors.layout.contains)
            }
        let family: String =
            if case .swin = shape { "Swin" } else if tensors.layout.contains("Dinov2") { "Dinov2" } else {
                isImageNet ? "DeiT" : "ViT"
            }
        func spread(_ values: [Float]?, _ key: String, _ usual: [Float], _ half: Float)
            throws(CheckpointError) -> [Float]
        {
            let values = values ?? (isImageNet && shape.channels == 3 ? usual : [half])
            guard values.count == shape.channels || values.count == 1 else {
                throw .unusable(
                    "\(path ?? "config.json"): “\(key)” has \(values.count) numbers for \(shape.channels) channels"
                )
            }
            return values.count == shape.channels
                ? values : Array(repeating: values[0], count: shape.channels)
        }
        let known = [
            (file.mean != nil && file.standardDeviation != nil, "normalisation"),
            (file.resize != nil, "resize"),
            (file.interpolation != nil, "filter"),
        ]
        let name = path.map(lastName) ?? "config.json"
        let (said, unsaid) = (known.filter(\.0).map(\.1), known.filter { !$0.0 }.map(\.1))
        let isResized = ownSize != (shape.imageHeight, shape.imageWidth)
        let source = [
            said.isEmpty ? nil : "\(said.joined(separator: ", ")) from \(name)",
            unsaid.isEmpty
                ? nil
                : "\(unsaid.joined(separator: ", ")) as usual for \(family), as "
                    + (path == nil ? "there is no \(name)" : "\(name) does not say"),
            isResized ? "the image size as asked for, not \(ownSize.height) × \(ownSize.width)" : nil,
        ].compactMap(\.self).joined(separator: "; ")
        var resize =
            file.resize
            ?? .timm(
                cropFraction: min(ownSize.height, ownSize.width) >= 384 ? 1 : 0.9, cropMode: .center)
        switch resize {
        case .exact: resize = .exact(height: shape.imageHeight, width: shape.imageWidth)
        case .shortSide(let side) where isResized:
            let scale =
                Double(min(shape.imageHeight, shape.imageWidth)) / Double(min(ownSize.height, ownSize.width))
            resize = .shortSide(max(1, Int((Double(side) * scale).rounded())))
        case .shortSide, .timm, .none: break
        }
        return ImagePreparation(
            height: shape.imageHeight, width: shape.imageWidth, resize: resize,
            interpolation: file.interpolation ?? .bicubic,
            mean: try spread(file.mean, "mean", [0.485, 0.456, 0.406], 0.5),
            standardDeviation: try spread(file.standardDeviation, "std", [0.229, 0.224, 0.225], 0.5),
            source: source)
    }
}
