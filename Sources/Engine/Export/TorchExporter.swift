internal import Checkpoints
internal import Files
internal import Foundation
internal import Quantization
internal import Runs
internal import Safetensors
internal import TensorCore
internal import VisionTransformers

/// Writes the quantized model's tensors under the checkpoint's own names, dequantized, with what quantizes activations,
/// and beside them the Python module that puts both into a model of PyTorch.
///
/// The file is described in docs/torch.md.
struct TorchExporter: Exporter {
    /// The module's file name.
    private static let moduleName = "mgrq_torch.py"

    func write(_ source: ExportSource, into file: AtomicFile, pool: WorkerPool) throws -> WrittenExport {
        let model = try source.model()
        let checkpoint = try source.checkpoint()
        let contents = try TorchFile(model, checkpoint: checkpoint, inputs: source.plan.inputs)
        let metadata = try contents.metadata(of: model)
        _ = try writeSealedSafetensors(contents.tensors, metadata: metadata, into: file)
        let read = try SafetensorsFile(path: file.temporaryPath)
        guard read.names.count == contents.tensors.count,
            try contents.tensors.allSatisfy({ tensor in
                let isSame = read.entry(tensor.name)?.shape == tensor.shape
                return try isSame && read.bytes(tensor.name) == tensor.bytes
            })
        else {
            throw RunFailure(.internal, "what was written is not the model in memory: read back, it differs")
        }
        return WrittenExport(
            verification: ExportVerification(codes: model.codes, images: 0),
            companion: try Self.module(beside: file.path))
    }

    /// The module, in the folder of the file.
    ///
    /// - Throws: `RunFailure(.usage)` where another file has its name.
    private static func module(beside path: String) throws -> AtomicFile {
        let text = PackageResources.mgrq_torch_py
        let target = joined(parent(of: path), moduleName)
        // Every version of the module begins with the same words.
        let beginning = text.prefix { $0 != UInt8(ascii: ":") }
        if exists(target), (try? readFile(target, limit: 1 << 20).starts(with: beginning)) != true {
            throw RunFailure(
                .usage,
                "\(target) is another file, and the module that reads the export has that name; export into another folder"
            )
        }
        let module = try AtomicFile(target)
        try module.write(text)
        return module
    }
}

/// The tensors of the file and what they are for.
private struct TorchFile {
    private(set) var tensors: [SafetensorsTensor] = []
    /// The checkpoint's names of each layer's weights.
    private var layers: [String: [String]] = [:]
    private var sites: [String: PackedSite] = [:]
    /// Other names of the checkpoint's tensors.
    private var otherNames: [String: OriginalTensors.OtherNames] = [:]
    private let original: OriginalTensors

    /// Where names of the quantization begin, which no checkpoint has.
    private static let prefix = "quantization."

    init(_ model: PackedCheckpoint, checkpoint path: String, inputs: PlanInputs?) throws {
        let units = try model.completeUnits(path: path)
        let heads = model.configuration.heads
        let checkpoint = try loadCheckpoint(
            path: path, imageSize: (model.configuration.imageHeight, model.configuration.imageWidth),
            heads: heads)
        if let inputs, checkpoint.weightsDigest != inputs.weights {
            throw RunFailure(
                .badData,
                "\(path) is not the checkpoint that was quantized, whose own names the export needs: "
                    + "its tensors have changed")
        }
        original = try OriginalTensors(path: path, of: model.configuration)
        var written: Set<String> = []
        for (unit, description) in zip(units, model.configuration.units) {
            for (layer, linear) in zip(description.linears, unit.linears) {
                let name = "\(layer.name).weight"
                layers[layer.name] = try add(
                    name, linear.quantizedWeight().elements, shape: linear.weight.shape)
                written.insert(name)
                addParameters(name, linear.quantizer)
                guard let bias = linear.bias else { continue }
                try addBias(layer.name, bias.elements)
                written.insert("\(layer.name).bias")
            }
            for (vector, tensor) in zip(description.vectors, unit.vectors) {
                written.insert(vector.name)
                if vector.name == AttentionPooling.queryName {
                    try addQuery(tensor)
                    continue
                }
                var elements = tensor.elements
                if vector.name == "pos_embed" {
                    elements = original.positions(elements, width: vector.shape[2])
                }
                // A table that is computed is computed by the model, too.
                guard original.parts(of: vector.name) != nil else { continue }
                _ = try add(vector.name, elements, shape: vector.shape)
            }
            if let block = description.block, let lengths = block.queryLengths(unit.vectors) {
                tensors.append(
                    SafetensorsTensor(
                        name: "\(Self.prefix)\(block.name).attn.lengths", shape: [lengths.count],
                        floats: lengths))
            }
            for (site, quantizer) in zip(description.sites, unit.sites) {
                sites[site.name] = PackedSite(quantizer)
                addParameters(site.name, quantizer)
            }
        }
        for name in original.names where !written.contains(name) {
            let elements = try original.floats(name)
            _ = try add(name, elements, shape: [elements.count])
        }
    }

    /// Adds a tensor in timm's layout under the checkpoint's names of its parts.
    ///
    /// - Returns: The names.
    private mutating func add(_ name: String, _ elements: [Float], shape: [Int]) throws -> [String] {
        guard let parts = original.parts(of: name) else {
            throw RunFailure(
                .usage,
                "the checkpoint has no tensor for \(name), as it keeps it in another form; PyTorch is supported for timm's layout "
                    + "of such models")
        }
        var (place, names): (Int, [String]) = (0, [])
        for part in parts {
            switch part {
            case .zeros(let count): place += count
            case .tensor(let own, let others, let ownShape):
                var shape = ownShape
                let count = parts.count == 1 ? elements.count : ownShape.reduce(1, *)
                // Positions for another grid than the checkpoint's.
                if count != ownShape.reduce(1, *) {
                    let width = ownShape.last ?? 1
                    shape = Array(repeating: 1, count: ownShape.count - 2) + [count / width, width]
                }
                guard place + count <= elements.count, shape.reduce(1, *) == count else {
                    throw RunFailure(.internal, "\(own) has shape \(ownShape), which does not fit \(name)")
                }
                tensors.append(
                    SafetensorsTensor(name: own, shape: shape, floats: Array(elements[place..<place + count]))
                )
                otherNames[own] = others
                names.append(own)
                place += count
            }
        }
        return names
    }

    /// Adds a bias, and again as a whole where the checkpoint has no place for all of it.
    private mutating func addBias(_ layer: String, _ elements: [Float]) throws {
        let parts = original.parts(of: "\(layer).bias") ?? []
        let isWhole = !parts.isEmpty && parts.allSatisfy { if case .tensor = $0 { true } else { false } }
        if !parts.isEmpty { _ = try add("\(layer).bias", elements, shape: [elements.count]) }
        guard !isWhole || original.dropsKeyBias && layer.hasSuffix(".qkv") else { return }
        tensors.append(
            SafetensorsTensor(name: "\(Self.prefix)\(layer).bias", shape: [elements.count], floats: elements))
    }

    /// Adds the query of a pooling by attention as what the checkpoint's layer of queries gives.
    private mutating func addQuery(_ query: Tensor) throws {
        let layer = "attn_pool.q"
        guard case .tensor(let own, _, _)? = original.parts(of: "\(layer).weight")?.first else {
            throw RunFailure(
                .usage,
                "pooling by attention whose queries, keys and values are one layer is not supported for PyTorch; export as onnx"
            )
        }
        layers[layer] = [own]
        tensors.append(
            SafetensorsTensor(
                name: "\(Self.prefix)\(layer).output", shape: query.shape, floats: query.elements))
    }

    private mutating func addParameters(_ name: String, _ site: SiteQuantizer) {
        guard let quantizer = site.quantizer else { return }
        for (parameter, values) in zip(type(of: quantizer).parameters, quantizer.values) {
            tensors.append(
                SafetensorsTensor(
                    name: "\(Self.prefix)\(name).\(parameter.name)", shape: [values.count], floats: values))
        }
    }

    /// The metadata of the file.
    func metadata(of model: PackedCheckpoint) throws -> [String: String] {
        [
            "format": "mgrq-torch", "version": "1", "plan": model.plan,
            "activation": model.configuration.activation.rawValue,
            "images": try JSONText(encoding: model.preparation).line,
            "layers": try JSONText(encoding: layers).line, "sites": try JSONText(encoding: sites).line,
            "names": try JSONText(encoding: otherNames).line,
            "unused": try JSONText(encoding: original.unused).line,
        ]
    }
}
