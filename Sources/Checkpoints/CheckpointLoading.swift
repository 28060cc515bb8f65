internal import Foundation
internal import Safetensors
internal import TensorCore
public import VisionTransformers

/// A model as read from a checkpoint, with what belongs to it.
public struct Checkpoint: Sendable {
    /// The model.
    public let model: VisionTransformer
    /// The mean of each channel, of pixels in 0 … 1.
    public let mean: [Float]
    /// The standard deviation of each channel, of pixels in 0 … 1.
    public let standardDeviation: [Float]
    /// Where `mean` and `standardDeviation` come from, for people.
    public let preprocessingSource: String
    /// The names of the classes, if they are known.
    public let labels: [String]?
    /// The safetensors file.
    public let path: String
}

/// Reads a checkpoint with timm's key names.
///
/// - Parameter path: A safetensors file, or a folder with `model.safetensors`; `config.json` beside it is
///   used if it is there.
/// - Returns: The model, every number finite and every tensor accounted for.
/// - Throws: `CheckpointError`, which names the file and the tensor.
public func loadCheckpoint(path: String) throws(CheckpointError) -> Checkpoint {
    let files = try CheckpointFiles(path: path)
    let reading = CheckpointReading(files)
    guard reading.problems.isEmpty, let configuration = reading.configuration else {
        throw .problems(file: files.tensors.path, reading.problems)
    }
    let model = try VisionTransformer(configuration: configuration) { name, shape throws(CheckpointError) in
        try files.finiteTensor(name, shape: shape)
    }
    let (mean, deviation, source) = try reading.preprocessing(channels: configuration.channels)
    if let labels = files.configuration.labels, labels.count != configuration.classes {
        throw .unusable(
            "\(files.configurationPath ?? path): label_names has \(labels.count) entries, but the head has "
                + "\(configuration.classes) classes")
    }
    return Checkpoint(
        model: model, mean: mean, standardDeviation: deviation, preprocessingSource: source,
        labels: files.configuration.labels, path: files.tensors.path)
}

/// The files of a checkpoint.
struct CheckpointFiles {
    let tensors: SafetensorsFile
    let configuration: ModelConfigurationFile
    let configurationPath: String?

    init(path: String) throws(CheckpointError) {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .missing(
                "\(path) does not exist; give a .safetensors file or a folder with model.safetensors")
        }
        let folder = isFolder.boolValue ? path : (path as NSString).deletingLastPathComponent
        let file = isFolder.boolValue ? path + "/model.safetensors" : path
        guard FileManager.default.fileExists(atPath: file) else {
            throw .missing(
                "\(path) holds no model.safetensors; give a .safetensors file or a folder with one")
        }
        do {
            tensors = try SafetensorsFile(path: file)
        } catch {
            throw .file(error)
        }
        let configurationPath = (folder.isEmpty ? "." : folder) + "/config.json"
        if FileManager.default.fileExists(atPath: configurationPath) {
            configuration = try ModelConfigurationFile(path: configurationPath)
            self.configurationPath = configurationPath
        } else {
            configuration = ModelConfigurationFile()
            self.configurationPath = nil
        }
    }

    /// A tensor whose shape is as expected and whose numbers are all finite.
    func finiteTensor(_ name: String, shape: [Int]) throws(CheckpointError) -> Tensor {
        do {
            let elements = try tensors.floats(name)
            if let bad = elements.firstIndex(where: { !$0.isFinite }) {
                throw CheckpointError.unusable(
                    "\(tensors.path), tensor “\(name)”: element \(bad) is \(elements[bad]); every weight must be finite"
                )
            }
            return Tensor(shape: shape, elements: elements)
        } catch let error as SafetensorsError {
            throw .file(error)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .unusable("\(tensors.path), tensor “\(name)”: \(error)")
        }
    }
}
