internal import Safetensors
internal import VisionTransformers

/// What a checkpoint is, as `mgrq inspect` tells it.
public struct ModelInspection: Equatable, Codable, Sendable {
    /// One tensor of the file.
    public struct TensorEntry: Equatable, Codable, Sendable {
        /// The tensor's name.
        public var name: String
        /// The type of its elements, as the file calls it.
        public var type: String
        /// The extents, outermost axis first.
        public var shape: [Int]
    }

    /// The safetensors file.
    public var file: String
    /// The architecture in a line; nil where it could not be told.
    public var architecture: String?
    /// The number of floats in all parameters that the architecture has; nil where it could not be told.
    public var parameters: Int?
    /// How pixels become the model's input, and where that is said.
    public var preprocessing: String?
    /// The names of the classes, if they are known.
    public var labels: [String]?
    /// Every tensor of the file, in the order of the file.
    public var tensors: [TensorEntry]
    /// Everything missing, unexpected or unsupported, one sentence each; empty for a model that can be used.
    public var problems: [String]
}

/// Looks at a checkpoint without running it.
///
/// - Parameter path: A safetensors file or a folder with `model.safetensors`.
/// - Returns: What it is and what is wrong with it.
/// - Throws: `CheckpointError` where the file cannot be read at all.
public func inspectCheckpoint(path: String) throws(CheckpointError) -> ModelInspection {
    let files = try CheckpointFiles(path: path)
    let reading = CheckpointReading(files)
    var problems = reading.problems
    var preprocessing: String?
    if let configuration = reading.configuration, problems.isEmpty {
        for name in files.tensors.names {
            guard let entry = files.tensors.entry(name) else { continue }
            do throws(CheckpointError) {
                _ = try files.finiteTensor(name, shape: entry.shape)
            } catch {
                problems.append("\(error)")
            }
        }
        let (mean, deviation, source) = try reading.preprocessing(channels: configuration.channels)
        preprocessing = "(pixel / 255 − \(mean)) / \(deviation), from \(source)"
    }
    return ModelInspection(
        file: files.tensors.path, architecture: reading.configuration?.summary,
        parameters: problems.isEmpty ? reading.parameterCount : nil, preprocessing: preprocessing,
        labels: files.configuration.labels,
        tensors: files.tensors.names.compactMap { name in
            files.tensors.entry(name).map {
                ModelInspection.TensorEntry(name: name, type: $0.type.rawValue, shape: $0.shape)
            }
        },
        problems: problems)
}
