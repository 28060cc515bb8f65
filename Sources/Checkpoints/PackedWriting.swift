package import Files
internal import Foundation
internal import Quantization
internal import Safetensors
internal import TensorCore
internal import VisionTransformers

extension PackedCheckpoint {
    /// Writes the file; the same checkpoint gives the same bytes.
    ///
    /// - Parameter path: The target; an existing file is replaced once the new one is complete.
    /// - Returns: The SHA-256 of the file's bytes.
    /// - Throws: `CheckpointError.file` where the file cannot be made or written.
    @discardableResult
    package func write(to path: String) throws(CheckpointError) -> String {
        let file = try CheckpointError.wrapping(try AtomicFile(path))
        let digest = try write(into: file)
        try CheckpointError.wrapping(try file.commit())
        return digest
    }

    /// Writes the bytes of a file, which the caller commits.
    ///
    /// - Returns: The SHA-256 of the file's bytes.
    /// - Throws: As `write(to:)`.
    @discardableResult
    package func write(into file: AtomicFile) throws(CheckpointError) -> String {
        var sites: [String: PackedSite] = [:]
        do {
            let tensors = try self.tensors(sites: &sites)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys]
            let metadata = [
                "format": PackedCheckpoint.format,
                "version": PackedCheckpoint.version,
                "model": String(decoding: try encoder.encode(PackedHeader(self)), as: UTF8.self),
                "sites": String(decoding: try encoder.encode(sites), as: UTF8.self),
                "plan": plan,
            ]
            return try writeSealedSafetensors(tensors, metadata: metadata, into: file)
        } catch let error as SafetensorsError {
            throw .file(error)
        } catch {
            throw .unusable("\(file.path) cannot be written: \(error)")
        }
    }

    /// Every tensor of the file; `sites` gets a description of every quantizer.
    private func tensors(sites: inout [String: PackedSite]) throws(QuantizationError) -> [SafetensorsTensor] {
        var tensors: [SafetensorsTensor] = []
        let descriptions = configuration.units
        for (index, unit) in units.sorted(by: { $0.key < $1.key }) {
            let description = descriptions[index]
            for (layer, state) in zip(description.linears, unit.linears) {
                sites["\(layer.name).weight"] = PackedSite(state.quantizer)
                tensors += try weightTensors("\(layer.name).weight", state)
                if let bias = state.bias {
                    tensors.append(
                        SafetensorsTensor(
                            name: "\(layer.name).bias", shape: bias.shape, floats: bias.elements))
                }
            }
            for (vector, tensor) in zip(description.vectors, unit.vectors) {
                tensors.append(
                    SafetensorsTensor(name: vector.name, shape: tensor.shape, floats: tensor.elements))
            }
            for (site, quantizer) in zip(description.sites, unit.sites) {
                sites[site.name] = PackedSite(quantizer)
                tensors += parameterTensors(site.name, quantizer)
            }
        }
        return tensors
    }

    private func weightTensors(
        _ name: String, _ state: QuantizedLinear
    ) throws(QuantizationError) -> [SafetensorsTensor] {
        guard let bits = state.quantizer.bits, let codes = state.quantizer.codes(of: state.weight.matrix())
        else {
            return [SafetensorsTensor(name: name, shape: state.weight.shape, floats: state.weight.elements)]
        }
        let packed = try CodePacking.pack(codes, bits: bits)
        return [SafetensorsTensor(name: "\(name).codes", type: .uint8, shape: [packed.count], bytes: packed)]
            + parameterTensors(name, state.quantizer)
    }

    private func parameterTensors(_ name: String, _ site: SiteQuantizer) -> [SafetensorsTensor] {
        guard let quantizer = site.quantizer else { return [] }
        return zip(type(of: quantizer).parameters, quantizer.values).map { parameter, values in
            let (name, shape) = ("\(name).\(parameter.name)", [values.count])
            guard parameter.isByte, values.allSatisfy({ (0...255).contains($0) }) else {
                return SafetensorsTensor(name: name, shape: shape, floats: values)
            }
            return SafetensorsTensor(name: name, type: .uint8, shape: shape, bytes: values.map { UInt8($0) })
        }
    }
}

extension QuantizedUnit {
    /// The bytes of the unit's tensors in a packed checkpoint, names and metadata not counted.
    package var exportedBytes: Int {
        var bytes = vectors.reduce(0) { $0 + 4 * $1.count }
        for linear in linears {
            bytes += 4 * (linear.bias?.count ?? 0) + linear.quantizer.parameterBytes
            bytes += linear.quantizer.valueBytes(count: linear.weight.count)
        }
        return bytes + sites.reduce(0) { $0 + $1.parameterBytes }
    }
}
