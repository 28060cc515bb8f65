internal import Foundation
package import VisionTransformers

/// The contents of `config.json` beside a checkpoint, which tensors' shapes do not determine.
package struct ModelConfigurationFile: Sendable {
    /// The number of attention heads.
    package var heads: Int?
    /// The head's input.
    package var pooling: ViTConfiguration.Pooling?
    /// The image's height and width in pixels.
    package var imageSize: (height: Int, width: Int)?
    /// What MLPs do between their two layers.
    package var activation: MLPActivation?
    /// The side of a Swin's windows in tokens.
    package var window: Int?
    /// The epsilon of LayerNorm.
    package var epsilon: Float?
    /// The names of the classes.
    package var labels: [String]?
    /// Whether the model has no classifier: timm's `num_classes` of 0.
    var lacksClassifier = false

    /// How images are prepared, by timm's `pretrained_cfg`.
    var preparation = ImagePreparationFile()

    /// An empty file.
    package init() {}

    /// Reads timm's form, `model_args` and `pretrained_cfg` or their keys at the top level, and Hugging Face's.
    ///
    /// - Parameter path: The file.
    /// - Throws: `CheckpointError.unusable` for text that is not a JSON object, or a value of a wrong type.
    package init(path: String) throws(CheckpointError) {
        let root = try jsonObject(path: path)
        let arguments = (root["model_args"] as? [String: Any]) ?? [:]
        let pretrained = (root["pretrained_cfg"] as? [String: Any]) ?? [:]
        func value(_ keys: [String]) -> Any? {
            for place in [arguments, pretrained, root] {
                for key in keys {
                    if let found = place[key], !(found is NSNull) { return found }
                }
            }
            return nil
        }
        func wrong(_ key: String, _ accepted: String) -> CheckpointError {
            .unusable("\(path): “\(key)” is not \(accepted)")
        }
        if let found = value(["num_heads", "num_attention_heads"]) {
            // A Swin has a list of them, which its tensors determine as well.
            guard found is [Any] || found as? Int ?? 0 > 0 else {
                throw wrong("num_heads", "a positive whole number")
            }
            heads = found as? Int
        }
        if let found = value(["window_size"]) {
            guard let number = found as? Int, (1...4096).contains(number) else {
                throw wrong("window_size", "a whole number from 1 to 4096")
            }
            window = number
        }
        if let found = value(["global_pool"]) {
            guard let text = found as? String, let pooling = ViTConfiguration.Pooling(rawValue: text),
                pooling != .classTokenAndAverage
            else {
                throw wrong("global_pool", "“token” or “avg”")
            }
            self.pooling = pooling
        }
        let sides = 1...4096
        if let found = value(["img_size", "image_size"]) {
            if let side = found as? Int, sides.contains(side) {
                imageSize = (side, side)
            } else if let pair = found as? [Int], pair.count == 2, pair.allSatisfy(sides.contains) {
                imageSize = (pair[0], pair[1])
            } else {
                throw wrong("img_size", "a whole number from 1 to 4096 or a pair of them")
            }
        }
        if imageSize == nil, let input = value(["input_size"]) as? [Int], input.count == 3,
            input.allSatisfy(sides.contains)
        {
            imageSize = (input[1], input[2])
        }
        if let found = value(["act_layer", "hidden_act"]) {
            guard let name = found as? String, let known = MLPActivation(rawValue: name.lowercased()) else {
                throw .unusable("\(path): the activation is \(found); “gelu” or “relu” was expected")
            }
            activation = known
        }
        lacksClassifier = value(["num_classes"]) as? Int == 0
        preparation = try ImagePreparationFile(timm: value, path: path)
        if let found = value(["norm_eps", "layer_norm_eps"]) {
            guard let number = found as? Double, number > 0, number < 1 else {
                throw wrong("norm_eps", "a number between 0 and 1")
            }
            epsilon = Float(number)
        }
        if let found = value(["label_names"]) {
            guard let names = found as? [String] else { throw wrong("label_names", "a list of texts") }
            labels = names
        } else if let found = value(["id2label"]) {
            labels = try ModelConfigurationFile.labels(found, path: path)
        }
    }

    /// Hugging Face's `id2label`, in the order of its numbers; nil for the names that it makes up, `LABEL_0` and so on.
    private static func labels(_ value: Any, path: String) throws(CheckpointError) -> [String]? {
        guard let names = value as? [String: String] else {
            throw .unusable("\(path): “id2label” is not an object of texts")
        }
        var labels: [String] = []
        for index in 0..<names.count {
            guard let label = names["\(index)"] else {
                throw .unusable("\(path): “id2label” names \(names.count) classes, but not class \(index)")
            }
            labels.append(label)
        }
        return labels.enumerated().allSatisfy { $0.element == "LABEL_\($0.offset)" } ? nil : labels
    }
}
