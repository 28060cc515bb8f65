internal import Foundation
package import Quantization
internal import Safetensors
package import VisionTransformers

/// A quantized model, or part of one, as a file holds it: integer codes at their width, scales, zero points,
/// and what stays in full precision.
///
/// The layout is described in docs/packed-checkpoint.md.
package struct PackedCheckpoint: Sendable {
    /// The layout's name in the file's metadata.
    static let format = "mgrq-packed"
    /// The layout's version in the file's metadata.
    static let version = "1"

    /// The shape of the model.
    package var configuration: ViTConfiguration
    /// The mean of each channel, of pixels in 0 … 1.
    package var mean: [Float]
    /// The standard deviation of each channel, of pixels in 0 … 1.
    package var standardDeviation: [Float]
    /// The names of the classes, if they are known.
    package var labels: [String]?
    /// The plan that led here, as YAML.
    package var plan: String
    /// The units that the file holds, by their index in the model.
    package var units: [Int: QuantizedUnit]

    /// Makes a checkpoint of its parts.
    package init(
        configuration: ViTConfiguration, mean: [Float], standardDeviation: [Float], labels: [String]?,
        plan: String,
        units: [Int: QuantizedUnit]
    ) {
        self.configuration = configuration
        self.mean = mean
        self.standardDeviation = standardDeviation
        self.labels = labels
        self.plan = plan
        self.units = units
    }

    /// The quantized units in order.
    ///
    /// - Throws: `CheckpointError.unusable` where the file holds only some of them.
    package func completeUnits(path: String) throws(CheckpointError) -> [QuantizedUnit] {
        let descriptions = VisionTransformer.units(of: configuration)
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

/// What the metadata says of one site.
struct PackedSite: Codable {
    enum Kind: String, Codable {
        case uniform
        case logSqrt2 = "log_sqrt2"
        case fullPrecision = "full_precision"
    }

    var kind: Kind
    var bits: Int?

    init(_ quantizer: SiteQuantizer) {
        switch quantizer {
        case .fullPrecision: kind = .fullPrecision
        case .uniform(let uniform):
            kind = .uniform
            bits = uniform.bits.rawValue
        case .logSqrt2(let logarithmic):
            kind = .logSqrt2
            bits = logarithmic.bits.rawValue
        }
    }
}

/// What the metadata says of the model.
struct PackedHeader: Codable {
    var imageSize: [Int]
    var patchSize: [Int]
    var channels: Int
    var width: Int
    var depth: Int
    var heads: Int
    var hiddenWidth: Int
    var classes: Int
    var classToken: Bool
    var pooling: String
    var normAfterPooling: Bool
    var qkvBias: Bool
    var layerScale: Bool
    var epsilon: Float
    var mean: [Float]
    var std: [Float]
    var labels: [String]?

    init(_ packed: PackedCheckpoint) {
        let shape = packed.configuration
        imageSize = [shape.imageHeight, shape.imageWidth]
        patchSize = [shape.patchHeight, shape.patchWidth]
        channels = shape.channels
        width = shape.width
        depth = shape.depth
        heads = shape.heads
        hiddenWidth = shape.hiddenWidth
        classes = shape.classes
        classToken = shape.hasClassToken
        pooling = shape.pooling.rawValue
        normAfterPooling = shape.normalizesAfterPooling
        qkvBias = shape.hasQkvBias
        layerScale = shape.hasLayerScale
        epsilon = shape.epsilon
        mean = packed.mean
        std = packed.standardDeviation
        labels = packed.labels
    }

    /// The shape, if every number is one that a model can have.
    var configuration: ViTConfiguration? {
        let sides = imageSize + patchSize
        let counts = [channels, width, heads, hiddenWidth, classes]
        guard imageSize.count == 2, patchSize.count == 2, sides.allSatisfy({ $0 > 0 && $0 <= 4096 }),
            counts.allSatisfy({ $0 > 0 && $0 <= 1 << 20 }), channels <= 4096,
            depth > 0, depth <= 4096, width % heads == 0, imageSize[0] % patchSize[0] == 0,
            imageSize[1] % patchSize[1] == 0, let pooling = ViTConfiguration.Pooling(rawValue: pooling),
            epsilon.isFinite, epsilon > 0, mean.count == channels, std.count == channels,
            mean.allSatisfy(\.isFinite), std.allSatisfy({ $0.isFinite && $0 > 0 }),
            classToken || pooling == .average
        else { return nil }
        var result = ViTConfiguration(
            imageHeight: imageSize[0], imageWidth: imageSize[1], patchHeight: patchSize[0],
            patchWidth: patchSize[1],
            channels: channels, width: width, depth: depth, heads: heads, hiddenWidth: hiddenWidth,
            classes: classes)
        result.hasClassToken = classToken
        result.pooling = pooling
        result.normalizesAfterPooling = normAfterPooling
        result.hasQkvBias = qkvBias
        result.hasLayerScale = layerScale
        result.epsilon = epsilon
        return result
    }
}
