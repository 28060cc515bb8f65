internal import Foundation
package import VisionTransformers

/// The contents of `config.json` beside a checkpoint, which tensors' shapes do not determine.
package struct ModelConfigurationFile: Sendable {
    /// timm's name of the architecture, or Hugging Face's of the family.
    package var architecture: String?
    /// Hugging Face's name of the family.
    private(set) var modelType: String?
    /// What that name says, where it is known.
    var facts: ArchitectureFacts?
    /// Why no model of this file can be run, in one sentence.
    var refusal: String?
    /// The number of attention heads.
    package var heads: Int?
    /// The head's input.
    package var pooling: ViTConfiguration.Pooling?
    /// Whether pooling of tokens includes those before the patches.
    package var poolsPrefix = false
    /// The image's height and width in pixels.
    package var imageSize: (height: Int, width: Int)?
    /// What MLPs do between their two layers.
    package var activation: MLPActivation?
    /// Whether gated MLPs are gated by SiLU: timm's `swiglu_mlp`.
    private(set) var gatesBySiLU = false
    /// The side of a Swin's windows in tokens.
    package var window: Int?
    /// The side of a Swin V2's windows in pretraining, stage by stage; 0 for the same as now.
    var pretrainedWindows: [Int]?
    /// The temperature of rotary positions.
    private var rotaryTemperature: Float?
    /// The epsilon of LayerNorm.
    package var epsilon: Float?
    /// What tensors show as well.
    private(set) var stated = StatedShape()
    /// Whether timm's `model_args` name the norm, which replaces the architecture's and its epsilon.
    private(set) var namesNorm = false
    /// The names of the classes.
    package var labels: [String]?
    /// Whether the model has no classifier: timm's `num_classes` of 0.
    var lacksClassifier = false

    /// Whether the model has no pooling by attention, whatever tensors there are: Hugging Face's `vision_use_head`.
    var skipsPooling = false

    /// How queries and keys are rotated, by what the architecture's name says; nil if it says nothing of the kind.
    var rotary: RotaryPositions? {
        var found = facts?.rotary
        if let rotaryTemperature { found?.temperature = rotaryTemperature }
        return found
    }

    /// How images are prepared, by timm's `pretrained_cfg`.
    var preparation = ImagePreparationFile()

    /// An empty file.
    package init() {}

    /// Reads timm's form, `model_args` and `pretrained_cfg` or their keys at the top level, and Hugging Face's.
    ///
    /// Every key must be known (`ConfigurationKeys`); of a family that is not supported nothing but `refusal` is read.
    ///
    /// - Parameter path: The file.
    /// - Throws: `CheckpointError.unusable` for text that is not a JSON object, or a value of a wrong type.
    package init(path: String) throws(CheckpointError) {
        let root = try jsonObject(path: path)
        let arguments = (root["model_args"] as? [String: Any]) ?? [:]
        let pretrained = (root["pretrained_cfg"] as? [String: Any]) ?? [:]
        let vision = (root["vision_config"] as? [String: Any]) ?? [:]
        let places = [arguments, pretrained, vision, root]
        func value(_ keys: [String]) -> Any? {
            for place in places {
                for key in keys {
                    if let found = place[key], !(found is NSNull) { return found }
                }
            }
            return nil
        }
        modelType = root["model_type"] as? String
        identify(
            family: modelType, architecture: value(["architecture"]) as? String,
            path: path)
        guard refusal == nil else { return }
        let top: ConfigurationKeys.Place =
            root["model_type"] == nil && root["transformers_version"] == nil ? .top : .huggingFace
        refusal =
            (ConfigurationKeys.refusal(of: arguments, in: .arguments)
            ?? ConfigurationKeys.refusal(of: pretrained, in: .pretrained)
            ?? ConfigurationKeys.refusal(of: vision, in: .huggingFace)
            ?? ConfigurationKeys.refusal(of: root, in: top)).map { "\(path): \($0)" }
        guard refusal == nil else { return }
        // timm's pretrained_cfg is of the weights that a model began with.
        stated = StatedShape { key in
            [arguments, vision, root].lazy.compactMap { $0[key] }.first { !($0 is NSNull) }
        }
        namesNorm = arguments["norm_layer"] != nil
        try readModel(value, path: path)
        preparation = try ImagePreparationFile(timm: value, path: path)
        if let found = value(["label_names"]) {
            guard let names = found as? [String] else {
                throw Self.wrong(path, "label_names", "a list of texts")
            }
            labels = names
        } else if let found = root["id2label"] ?? value(["id2label"]) {
            labels = try ModelConfigurationFile.labels(found, path: path)
        }
    }

    /// Takes the names of family and architecture over, with what they say.
    private mutating func identify(family: String?, architecture: String?, path: String) {
        if let architecture {
            self.architecture = architecture
            facts = ArchitectureFacts(timm: architecture)
        } else if let family {
            self.architecture = family
            facts = ArchitectureFacts(huggingFace: family)
            if facts == nil {
                refusal =
                    "\(path): the family “\(family)” (model_type) is not supported; accepted are "
                    + ArchitectureFacts.huggingFaceFamilies
            }
        }
        if let feature = facts?.unsupported {
            refusal =
                "the architecture “\(self.architecture ?? "")” of config.json has \(feature.words), which "
                + "is not supported"
        }
    }

    private static func wrong(_ path: String, _ key: String, _ accepted: String) -> CheckpointError {
        .unusable("\(path): “\(key)” is not \(accepted)")
    }

    /// Reads what the model is.
    private mutating func readModel(_ value: ([String]) -> Any?, path: String) throws(CheckpointError) {
        if let found = value(["num_heads", "num_attention_heads"]) {
            // A Swin has a list of them, which its tensors determine as well.
            guard found is [Any] || found as? Int ?? 0 > 0 else {
                throw Self.wrong(path, "num_heads", "a positive whole number")
            }
            heads = found as? Int
        }
        if let found = value(["window_size"]) {
            let sides = found as? [Int] ?? (found as? Int).map { [$0] } ?? []
            guard let number = sides.first, Set(sides).count == 1, (1...4096).contains(number)
            else { throw Self.wrong(path, "window_size", "a whole number from 1 to 4096") }
            window = number
        }
        if let found = value(["pretrained_window_sizes"]) {
            guard let sides = found as? [Int], sides.allSatisfy((0...4096).contains) else {
                throw Self.wrong(path, "pretrained_window_sizes", "a list of whole numbers from 0 to 4096")
            }
            pretrainedWindows = sides
        }
        if let found = value(["rope_theta"]) {
            guard let number = found as? Double, number.isFinite, number > 0 else {
                throw Self.wrong(path, "rope_theta", "a positive number")
            }
            rotaryTemperature = Float(number)
        }
        lacksClassifier = value(["num_classes"]) as? Int == 0
        skipsPooling = value(["vision_use_head"]) as? Bool == false
        try readPooling(value, path: path)
        let sides = 1...4096
        if let found = value(["img_size", "image_size"]) {
            if let side = found as? Int, sides.contains(side) {
                imageSize = (side, side)
            } else if let pair = found as? [Int], pair.count == 2, pair.allSatisfy(sides.contains) {
                imageSize = (pair[0], pair[1])
            } else {
                throw Self.wrong(path, "img_size", "a whole number from 1 to 4096 or a pair of them")
            }
        }
        if imageSize == nil, let input = value(["input_size"]) as? [Int], input.count == 3,
            input.allSatisfy(sides.contains)
        {
            imageSize = (input[1], input[2])
        }
        gatesBySiLU = value(["swiglu_mlp"]) as? Bool == true
        if let found = value(["act_layer", "hidden_act"]) {
            guard let known = (found as? String).flatMap(MLPActivation.init(named:)) else {
                throw .unusable(
                    "\(path): the activation is \(found); gelu, gelu_tanh, quick_gelu, silu or relu was expected"
                )
            }
            activation = known
        }
        if let found = value(["norm_eps", "layer_norm_eps"]) {
            guard let number = found as? Double, number > 0, number < 1 else {
                throw Self.wrong(path, "norm_eps", "a number between 0 and 1")
            }
            epsilon = Float(number)
        }
    }

    private mutating func readPooling(
        _ value: ([String]) -> Any?, path: String
    ) throws(CheckpointError) {
        if let found = value(["pool_include_prefix"]) {
            guard let flag = found as? Bool else {
                throw Self.wrong(path, "pool_include_prefix", "true or false")
            }
            poolsPrefix = flag
        }
        guard let found = value(["global_pool"]) else { return }
        // Without a classifier timm writes "", and whoever uses the features takes the class token's.
        if found as? String == "", lacksClassifier { return pooling = .classToken }
        guard let text = found as? String, let known = ViTConfiguration.Pooling(rawValue: text),
            known != .classTokenAndAverage
        else {
            throw .unusable(
                "\(path): “global_pool” is \(json(found)); “token”, “avg” or “map” is accepted")
        }
        pooling = known
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

/// A value of a JSON file as it stands there, cut to 60 characters.
func json(_ value: Any) -> String {
    let data = try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys])
    let text = data.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
    return text.count > 60 ? text.prefix(60) + "…" : text
}
