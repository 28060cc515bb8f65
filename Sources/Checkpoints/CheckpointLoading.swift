package import VisionTransformers
package import Vocabulary

/// A model as read from a checkpoint, with what belongs to it.
package struct Checkpoint: Sendable {
    /// The model.
    package let model: VisionTransformer
    /// How images become the model's input.
    package var preparation: ImagePreparation
    /// The mean of each channel, of pixels in 0 … 1.
    package var mean: [Float] { preparation.mean }
    /// The standard deviation of each channel, of pixels in 0 … 1.
    package var standardDeviation: [Float] { preparation.standardDeviation }
    /// The names of the classes, if they are known.
    package let labels: [String]?
    /// The file with the weights, or the index of its shards.
    package let path: String
    /// What was chosen where the files hold more than one thing, one sentence each.
    package let notes: [String]
}

/// Reads a checkpoint in the layout of timm, Hugging Face or Microsoft's Swin.
///
/// - Parameters:
///   - path: A file with weights (safetensors, an index of shards, or of `torch.save`), or a folder with one;
///     `config.json` and `preprocessor_config.json` beside it are used if they are there.
///   - imageSize: The image's height and width in pixels if they are to be others than the checkpoint says; position
///     embeddings are resampled.
///   - heads: The number of a ViT's attention heads, which tensors do not show; nil takes what config.json or its
///     architecture says.
/// - Returns: The model, every number finite and every tensor accounted for.
/// - Throws: `CheckpointError`, which names the file and the tensor.
package func loadCheckpoint(
    path: String, imageSize: (height: Int, width: Int)? = nil, heads: Int? = nil
) throws(CheckpointError) -> Checkpoint {
    let files = try CheckpointFiles(path: path)
    let reading = CheckpointReading(files, imageSize: imageSize, heads: heads)
    if let refusal = reading.sizeRefusal {
        throw .unusable("\(files.tensors.source.path): \(refusal)")
    }
    guard reading.problems.isEmpty, let configuration = reading.configuration, let ownSize = reading.ownSize
    else {
        throw .problems(file: files.tensors.source.path, reading.problems)
    }
    let preparation = try files.preparation(for: configuration, ownSize: ownSize)
    let labels = try files.labels(for: configuration)
    let model = try VisionTransformer(configuration: configuration) { name, shape throws(CheckpointError) in
        try reading.tensor(name, shape: shape)
    }
    return Checkpoint(
        model: model, preparation: preparation, labels: labels, path: files.tensors.source.path,
        notes: files.notes)
}
