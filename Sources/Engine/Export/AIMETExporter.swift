internal import Checkpoints
internal import Files
internal import Kernels
internal import Quantization
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// Writes scales and zero points as encodings of AIMET, version 2.0.0, whose fields are those of ONNX's QuantizeLinear
/// (https://quic.github.io/aimet-pages/releases/latest/techniques/encoding_spec.html).
struct AIMETExporter: Exporter {
    func write(
        _ source: ExportSource, into file: AtomicFile, pool: WorkerPool
    ) throws -> WrittenExport {
        let model = try source.model()
        let units = try model.completeUnits(path: file.temporaryPath)
        let encodings = try AIMETEncodings(units, of: model.configuration.units)
        try file.write(Array(try JSONText(encoding: encodings).page.utf8))
        let read = try readFile(file.temporaryPath, limit: file.count)
        guard try decodeJSON(read, as: AIMETEncodings.self) == encodings else {
            throw RunFailure(
                .internal, "what was written are not the encodings in memory: read back, they differ")
        }
        return WrittenExport(verification: ExportVerification(codes: 0, images: 0))
    }
}

/// The contents of a file of encodings.
private struct AIMETEncodings: Equatable, Codable {
    var version = "2.0.0"
    var encodings: [AIMETEncoding] = []

    /// The encodings of a model's sites; sites in full precision have none.
    ///
    /// - Throws: `RunFailure(.usage)` that names the first site with levels or bits that no encoding has.
    init(_ units: [QuantizedUnit], of descriptions: [any ModelUnit]) throws(RunFailure) {
        for (unit, description) in zip(units, descriptions) {
            for (linear, layer) in zip(unit.linears, description.linears) {
                try add(linear.quantizer, of: "\(layer.name).weight", axis: 0)
            }
            for (quantizer, site) in zip(unit.sites, description.sites) {
                // Operands of the products of attention are images × heads × tokens × width.
                try add(quantizer, of: site.name, axis: 1)
            }
        }
    }

    private mutating func add(_ quantizer: SiteQuantizer, of site: String, axis: Int) throws(RunFailure) {
        guard let bits = quantizer.bits else { return }
        let accepted = "accepted are attention_levels and gelu_levels uniform, and 2, 4, 8 or 16 bits"
        guard case .uniform(let uniform) = quantizer else {
            throw RunFailure(
                .usage,
                "\(site) has levels of the kind \(quantizer.kind), which AIMET's encodings cannot express; \(accepted)"
            )
        }
        guard [2, 4, 8].contains(bits.rawValue) else {
            throw RunFailure(
                .usage,
                "\(site) has \(bits.rawValue) bits, for which AIMET's encodings have no type; \(accepted)")
        }
        let codes = 0...Float(bits.maximumCode)
        guard uniform.zeroPoints.allSatisfy(codes.contains) else {
            throw RunFailure(
                .usage,
                "\(site) has a zero point outside of its codes, 0 through \(bits.maximumCode), which AIMET's encodings cannot "
                    + "express; more bits or another preset may avoid it")
        }
        encodings.append(
            AIMETEncoding(
                name: site, outputDtype: "uint\(bits.rawValue)", scales: uniform.scales,
                zeroPoints: uniform.zeroPoints.map { Int($0) },
                axis: uniform.scales.count > 1 ? axis : nil))
    }
}

/// The encoding of one tensor.
private struct AIMETEncoding: Equatable {
    var name: String
    var outputDtype: String
    var scales: [Float]
    var zeroPoints: [Int]
    /// The axis of the groups; nil for one group, whose scale and zero point are no lists.
    var axis: Int?
}

extension AIMETEncoding: Codable {
    private enum CodingKeys: String, CodingKey { case name, outputDtype, yScale, yZeroPoint, axis }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        outputDtype = try fields.decode(String.self, forKey: .outputDtype)
        axis = try fields.decodeIfPresent(Int.self, forKey: .axis)
        if axis == nil {
            scales = [try fields.decode(Float.self, forKey: .yScale)]
            zeroPoints = [try fields.decode(Int.self, forKey: .yZeroPoint)]
        } else {
            scales = try fields.decode([Float].self, forKey: .yScale)
            zeroPoints = try fields.decode([Int].self, forKey: .yZeroPoint)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(outputDtype, forKey: .outputDtype)
        guard let axis else {
            try fields.encode(scales[0], forKey: .yScale)
            try fields.encode(zeroPoints[0], forKey: .yZeroPoint)
            return
        }
        try fields.encode(scales, forKey: .yScale)
        try fields.encode(zeroPoints, forKey: .yZeroPoint)
        try fields.encode(axis, forKey: .axis)
    }
}
