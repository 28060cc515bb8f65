internal import Foundation
package import VisionTransformers

/// What `config.json` beside a checkpoint says: what tensors' shapes cannot tell.
package struct ModelConfigurationFile: Sendable {
    /// The number of attention heads.
    package var heads: Int?
    /// What the head reads.
    package var pooling: ViTConfiguration.Pooling?
    /// The image's height and width in pixels.
    package var imageSize: (height: Int, width: Int)?
    /// The side of a Swin's windows in tokens.
    package var window: Int?
    /// What LayerNorm adds to the variance.
    package var epsilon: Float?
    /// The mean of each channel, of pixels in 0 … 1.
    package var mean: [Float]?
    /// The standard deviation of each channel, of pixels in 0 … 1.
    package var standardDeviation: [Float]?
    /// The names of the classes.
    package var labels: [String]?

    /// A file that says nothing.
    package init() {}

    /// Reads timm's form: `model_args` and `pretrained_cfg`, or their keys at the top level.
    ///
    /// - Parameter path: The file.
    /// - Throws: `CheckpointError.unusable` for text that is no JSON object, or a value of a wrong type.
    package init(path: String) throws(CheckpointError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .missing("\(path) cannot be read; it should be a JSON object, or not be there")
        }
        guard let root = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw .unusable("\(path) is no JSON object; a model's config.json was expected")
        }
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
            // A Swin has a list of them, which its tensors tell as well.
            guard found is [Any] || found as? Int ?? 0 > 0 else {
                throw wrong("num_heads", "a positive whole number")
            }
            heads = found as? Int
        }
        if let found = value(["window_size"]) {
            guard let number = found as? Int, number > 0 else {
                throw wrong("window_size", "a positive whole number")
            }
            window = number
        }
        if let found = value(["global_pool"]) {
            guard let text = found as? String, let pooling = ViTConfiguration.Pooling(rawValue: text) else {
                throw wrong("global_pool", "“token” or “avg”")
            }
            self.pooling = pooling
        }
        if let found = value(["img_size", "image_size"]) {
            if let side = found as? Int, side > 0 {
                imageSize = (side, side)
            } else if let sides = found as? [Int], sides.count == 2, sides.allSatisfy({ $0 > 0 }) {
                imageSize = (sides[0], sides[1])
            } else {
                throw wrong("img_size", "a positive whole number or a pair of them")
            }
        }
        if let found = value(["norm_eps", "layer_norm_eps"]) {
            guard let number = found as? Double, number > 0, number < 1 else {
                throw wrong("norm_eps", "a number between 0 and 1")
            }
            epsilon = Float(number)
        }
        mean = ModelConfigurationFile.channels(value(["mean"]), positive: false)
        if value(["mean"]) != nil, mean == nil { throw wrong("mean", "a list of finite numbers") }
        standardDeviation = ModelConfigurationFile.channels(value(["std"]), positive: true)
        if value(["std"]) != nil, standardDeviation == nil {
            throw wrong("std", "a list of positive numbers")
        }
        if let found = value(["label_names"]) {
            guard let names = found as? [String] else { throw wrong("label_names", "a list of texts") }
            labels = names
        }
    }

    private static func channels(_ value: Any?, positive: Bool) -> [Float]? {
        guard let numbers = value as? [Double], !numbers.isEmpty else { return nil }
        guard numbers.allSatisfy({ $0.isFinite && (!positive || $0 > 0) }) else { return nil }
        return numbers.map { Float($0) }
    }
}
