package import Quantization
internal import Safetensors
package import VisionTransformers
package import Vocabulary

/// A quantized model, or part of one, as a file holds it: integer codes at their width, scales, zero points,
/// and what stays in full precision.
///
/// The layout is described in docs/packed-checkpoint.md.
package struct PackedCheckpoint: Sendable {
    /// The layout's name in the file's metadata.
    static let format = "mgrq-packed"
    /// The layout's version in the file's metadata.
    static let version = "2"

    /// The shape of the model.
    package var configuration: ModelConfiguration
    /// How images become the model's input.
    package var preparation: ImagePreparation
    /// The names of the classes, if they are known.
    package var labels: [String]?
    /// The plan that led here, as YAML.
    package var plan: String
    /// The units that the file holds, by their index in the model.
    package var units: [Int: QuantizedUnit]

    /// Makes a checkpoint of its parts.
    package init(
        configuration: ModelConfiguration, preparation: ImagePreparation, labels: [String]?, plan: String,
        units: [Int: QuantizedUnit]
    ) {
        self.configuration = configuration
        self.preparation = preparation
        self.labels = labels
        self.plan = plan
        self.units = units
    }

    /// The quantized units in order.
    ///
    /// - Throws: `CheckpointError.unusable` where the file holds only some of them.
    package func completeUnits(path: String) throws(CheckpointError) -> [QuantizedUnit] {
        let descriptions = configuration.units
        var result: [QuantizedUnit] = []
        for (index, description) in descriptions.enumerated() {
            guard let unit = units[index] else {
                throw .unusable(
                    "\(path) holds no unit “\(description.name)”; a complete packed checkpoint was expected")
            }
            result.append(unit)
        }
        return result
    }
}

/// The metadata of one site.
package struct PackedSite: Codable, Sendable {
    /// One of a quantizer's `kinds`, or `full_precision`.
    var kind: String
    /// The width of a code; nil in full precision.
    var bits: Int?

    package init(_ quantizer: SiteQuantizer) {
        kind = quantizer.kind
        bits = quantizer.bits?.rawValue
    }
}

/// The metadata of the model.
struct PackedHeader: Codable {
    /// The shape of a ViT; exactly one of `vit` and `swin` is not nil.
    var vit: ViTConfiguration?
    /// The shape of a Swin.
    var swin: SwinConfiguration?
    var images: ImagePreparation
    var labels: [String]?

    init(_ packed: PackedCheckpoint) {
        switch packed.configuration {
        case .vit(let shape): vit = shape
        case .swin(let shape): swin = shape
        }
        images = packed.preparation
        labels = packed.labels
    }

    /// The shape; nil if no model can have its numbers.
    var configuration: ModelConfiguration? {
        let shape: ModelConfiguration
        switch (vit, swin) {
        case (let vit?, nil): shape = .vit(vit)
        case (nil, let swin?): shape = .swin(swin)
        default: return nil
        }
        let (mean, deviation) = (images.mean, images.standardDeviation)
        guard shape.isPossible, images.height == shape.imageHeight, images.width == shape.imageWidth,
            mean.count == shape.channels, deviation.count == shape.channels, mean.allSatisfy(\.isFinite),
            deviation.allSatisfy({ $0.isFinite && $0 > 0 })
        else { return nil }
        return shape
    }
}
