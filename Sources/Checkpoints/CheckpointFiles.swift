internal import Files
internal import Safetensors
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
    /// The contents of `preprocessor_config.json`, or of `processor_config.json`, if it is there.
    let preprocessor: (path: String, contents: ImagePreparationFile)?

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
        configuration =
            if let configurationPath { try ModelConfigurationFile(path: configurationPath) } else {
                ModelConfigurationFile()
            }
        tensors = NamedTensors(source, lacksClassifier: configuration.lacksClassifier)
        let modelType = configuration.modelType ?? tensors.layout.processorModelType
        var found: [(path: String, contents: ImagePreparationFile)] = []
        for name in ["preprocessor_config.json", "processor_config.json"] {
            guard let path = beside(name),
                let contents = try ImagePreparationFile(huggingFace: path, modelType: modelType)
            else { continue }
            found.append((path, contents))
        }
        if let first = found.first, let last = found.last, !first.contents.preparesAlike(last.contents) {
            throw .unusable(
                "\(first.path) and \(lastName(of: last.path)) prepare images in different ways; Transformers follows "
                    + "the latter; remove one of them")
        }
        preprocessor = found.first
    }

    /// The file with the weights in a folder: by its usual name, or the only one there is.
    private static func weights(in folder: String) throws(CheckpointError) -> String {
        let names: [String]
        do {
            names = try Files.names(in: folder)
        } catch {
            let listing = SafetensorsError(error)
            throw .file(
                SafetensorsError(listing.code, file: folder, detail: "the folder \(error.problem)"))
        }
        let usual = [
            "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
            "pytorch_model.bin.index.json",
        ]
        if let name = usual.first(where: names.contains) { return joined(folder, name) }
        let others = names.filter { name in
            TensorFile.endings.contains { name.lowercased().hasSuffix($0) }
        }
        // A format that is not read is named when it is opened.
        let foreign = names.first { name in
            [".onnx", ".h5", ".npz", ".gguf", ".tflite", ".pt2", ".mdb", ".keras"].contains {
                name.lowercased().hasSuffix($0)
            }
        }
        if others.isEmpty, let foreign { return joined(folder, foreign) }
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

    /// The image's height and width that the files name: what Hugging Face's processor makes for a model that
    /// resamples its positions for any image, else config.json's.
    var imageSize: (height: Int, width: Int)? {
        (tensors.map.readsAnySize ? preprocessor?.contents.output : nil) ?? configuration.imageSize
    }

    /// What was chosen where the files hold more than one thing, one sentence each.
    var notes: [String] {
        let choice = tensors.source.choice.map { "\(tensors.source.path): read are \($0)" }
        let leftOut = tensors.map.leftOut.isEmpty ? nil : "\(tensors.source.path): read is \(tensors.layout)"
        let passed = tensors.strangers
        let first = passed.prefix(3).map { "“\(printable($0))”" }.joined(separator: ", ")
        let strangers =
            passed.isEmpty
            ? nil
            : "\(tensors.source.path): passed over \(passed.count == 1 ? "is" : "are") \(first)"
                + (passed.count > 3 ? " and \(passed.count - 3) more" : "")
                + ", which by \(passed.count == 1 ? "its name is" : "their names are") no part of what is computed"
        let isSilent = configurationPath == nil && tensors.map.leavesChoices
        let usual =
            isSilent
            ? "\(tensors.source.path): there is no config.json beside it, so activation, epsilon, pooling and image size "
                + "are as usual for \(tensors.layout)" : nil
        return [choice, leftOut, strangers, usual].compactMap(\.self)
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
}
