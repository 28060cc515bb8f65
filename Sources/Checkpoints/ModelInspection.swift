internal import Safetensors
internal import VisionTransformers
internal import Vocabulary

/// A checkpoint's description, as `mgrq inspect` prints it.
package struct ModelInspection: Equatable, Codable, Sendable {
    /// One tensor of the file.
    package struct TensorEntry: Equatable, Codable, Sendable {
        /// The tensor's name.
        package var name: String
        /// The type of its elements, as the file calls it.
        package var type: String
        /// The extents, outermost axis first.
        package var shape: [Int]
    }

    /// The file with the weights, or the index of its shards.
    package var file: String
    /// Whose names the tensors have: timm's, Hugging Face's or Microsoft's.
    package var layout: String
    /// Which weights of several in the file are read; nil where there are no others.
    package var weights: String?
    /// The architecture in a line; nil if it could not be inferred.
    package var architecture: String?
    /// The number of floats in the architecture's parameters; nil if it could not be inferred.
    package var parameters: Int?
    /// How images become the model's input, and which file says so.
    package var preprocessing: String?
    /// The names of the classes, if they are known.
    package var labels: [String]?
    /// Every tensor of the file, in the order of the file.
    package var tensors: [TensorEntry]
    /// The names of tensors that nothing reads, as they can be computed or serve training only.
    package var needless: [String]
    /// Everything missing, unexpected or unsupported, one sentence each; empty for a model that can be used.
    package var problems: [String]
}

/// Looks at a checkpoint's names, types and shapes and at the files beside it.
///
/// No weight is read, so that the largest checkpoint takes no time; whether every weight is finite shows when it is
/// loaded.
///
/// - Parameters:
///   - path: A file with weights or a folder with one.
///   - imageSize: The image's height and width in pixels if they are to be others than the checkpoint says.
///   - heads: The number of a ViT's attention heads; nil takes what config.json or its architecture says.
/// - Returns: Its description and its problems.
/// - Throws: `CheckpointError` where the file cannot be read at all.
package func inspectCheckpoint(
    path: String, imageSize: (height: Int, width: Int)? = nil, heads: Int? = nil
) throws(CheckpointError) -> ModelInspection {
    let files = try CheckpointFiles(path: path)
    let reading = CheckpointReading(files, imageSize: imageSize, heads: heads)
    let source = files.tensors.source
    var problems = reading.problems
    var preprocessing: String?
    if let configuration = reading.configuration, let ownSize = reading.ownSize, problems.isEmpty {
        do throws(CheckpointError) {
            _ = try files.labels(for: configuration)
            preprocessing = try files.preparation(for: configuration, ownSize: ownSize).summary
        } catch {
            problems.append("\(error)")
        }
    }
    return ModelInspection(
        file: source.path, layout: files.tensors.layout, weights: source.choice,
        architecture: reading.configuration?.summary,
        parameters: problems.isEmpty ? reading.parameterCount : nil, preprocessing: preprocessing,
        labels: files.configuration.labels,
        tensors: source.names.compactMap { name in
            source.entries[name].map {
                ModelInspection.TensorEntry(name: name, type: $0.type.rawValue, shape: $0.shape)
            }
        },
        needless: files.tensors.needless, problems: problems)
}
