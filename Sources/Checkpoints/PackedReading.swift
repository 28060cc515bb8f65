internal import Foundation
internal import Kernels
internal import Quantization
internal import Safetensors
internal import TensorCore
internal import VisionTransformers

extension PackedCheckpoint {
    /// Whether a file's metadata names it a packed checkpoint.
    package static func isPacked(_ path: String) -> Bool {
        guard let file = try? SafetensorsFile(path: path) else { return false }
        return file.metadata["format"] == format
    }

    /// Reads a file; its SHA-256 is checked, and every tensor against the model's shape.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - digest: The SHA-256 of the file's bytes as a run's journal names it; nil checks the one that the file carries.
    /// - Throws: `CheckpointError`, which names the file and the tensor.
    package init(path: String, sha256 digest: String? = nil) throws(CheckpointError) {
        let reader = try PackedReader(path: path, sha256: digest)
        let header = reader.header
        guard let configuration = header.configuration else {
            throw .unusable("\(path): the metadata “model” describes no model that this program knows")
        }
        var units: [Int: QuantizedUnit] = [:]
        var used: Set<String> = []
        for (index, description) in configuration.units.enumerated() {
            guard reader.holds(description) else { continue }
            units[index] = try reader.unit(description, used: &used)
        }
        if let surplus = reader.file.names.first(where: { !used.contains($0) }) {
            throw .unusable("\(path): tensor “\(surplus)” belongs to no part of the model")
        }
        self.init(
            configuration: configuration, preparation: header.images, labels: header.labels,
            plan: reader.file.metadata["plan"] ?? "", units: units)
    }
}

/// Reads the tensors of a packed checkpoint.
private struct PackedReader {
    let path: String
    let file: SafetensorsFile
    let header: PackedHeader
    let sites: [String: PackedSite]

    init(path: String, sha256 digest: String?) throws(CheckpointError) {
        self.path = path
        let isIntact: Bool
        do {
            file = try SafetensorsFile(path: path)
            isIntact = if let digest { try file.sha256() == digest } else { try file.isIntact() }
        } catch {
            throw .file(error)
        }
        guard digest == nil || isIntact else {
            throw .unusable(
                "\(path) is not the file that the run wrote: its SHA-256 is not the one in the journal; put the file "
                    + "back from a copy, or make the run again")
        }
        guard file.metadata["format"] == PackedCheckpoint.format else {
            throw .unusable(
                "\(path) is not a packed checkpoint: its metadata has no format “\(PackedCheckpoint.format)”")
        }
        guard file.metadata["version"] == PackedCheckpoint.version else {
            throw .unusable(
                "\(path) has layout version \(file.metadata["version"] ?? "none"); version "
                    + "\(PackedCheckpoint.version) was expected")
        }
        guard isIntact else {
            throw .unusable(
                "\(path) is damaged: its SHA-256 is not the one that it carries; export it again, or copy it again"
            )
        }
        header = try PackedReader.decode(PackedHeader.self, file.metadata["model"], "model", path)
        sites = try PackedReader.decode([String: PackedSite].self, file.metadata["sites"], "sites", path)
    }

    private static func decode<Value: Decodable>(
        _ type: Value.Type, _ text: String?, _ key: String, _ path: String
    ) throws(CheckpointError) -> Value {
        guard let text else { throw .unusable("\(path) has no metadata “\(key)”") }
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch {
            throw .unusable("\(path): the metadata “\(key)” cannot be understood: \(error)")
        }
    }

    /// Whether the file has a unit, judged by its first parameter; every file has a unit without one.
    func holds(_ description: any ModelUnit) -> Bool {
        description.linears.first.map { sites["\($0.name).weight"] != nil }
            ?? description.vectors.first.map { file.entry($0.name) != nil } ?? true
    }

    func unit(_ description: any ModelUnit, used: inout Set<String>) throws(CheckpointError) -> QuantizedUnit
    {
        var linears: [QuantizedLinear] = []
        for layer in description.linears {
            let name = "\(layer.name).weight"
            let quantizer = try quantizer(
                name, groups: .rows(perGroup: 1), count: layer.outputs, used: &used)
            let elements = layer.outputs * layer.inputs
            let weight: [Float]
            if let bits = quantizer.bits {
                let codes = try codes("\(name).codes", count: elements, bits: bits, used: &used)
                weight =
                    quantizer.dequantize(codes, rows: layer.outputs, columns: layer.inputs)?.elements ?? []
            } else {
                weight = try floats(name, count: elements, used: &used)
            }
            let bias =
                layer.hasBias || file.entry("\(layer.name).bias") != nil
                ? Tensor(
                    shape: [layer.outputs],
                    elements: try floats("\(layer.name).bias", count: layer.outputs, used: &used)) : nil
            linears.append(
                QuantizedLinear(
                    weight: Tensor(shape: layer.weightShape, elements: weight), bias: bias,
                    quantizer: quantizer))
        }
        var vectors: [Tensor] = []
        for vector in description.vectors {
            let count = vector.shape.reduce(1, *)
            vectors.append(
                Tensor(shape: vector.shape, elements: try floats(vector.name, count: count, used: &used)))
        }
        var quantizers: [SiteQuantizer] = []
        for site in description.sites {
            let count = isSingle(site.name) ? 1 : site.groupCount
            quantizers.append(
                try quantizer(
                    site.name, groups: site.groups(count: count) ?? site.groups, count: count, used: &used))
        }
        return QuantizedUnit(linears: linears, vectors: vectors, sites: quantizers)
    }

    /// Whether a site has one group: its parameters are one number each.
    private func isSingle(_ site: String) -> Bool {
        let type = SiteQuantizer.types.first { $0.kinds.contains(sites[site]?.kind ?? "") }
        guard let parameter = type?.parameters.first else { return false }
        return file.entry("\(site).\(parameter.name)")?.shape == [1]
    }

    private func quantizer(
        _ name: String, groups: QuantizationGroups, count: Int, used: inout Set<String>
    ) throws(CheckpointError) -> SiteQuantizer {
        guard let site = sites[name] else {
            throw .unusable("\(path): the metadata “sites” has no “\(name)”")
        }
        guard site.kind != SiteQuantizer.fullPrecisionKind else { return .fullPrecision }
        guard let type = SiteQuantizer.types.first(where: { $0.kinds.contains(site.kind) }) else {
            throw .unusable("\(path): the metadata “sites” gives “\(name)” the unknown kind “\(site.kind)”")
        }
        var values: [[Float]] = []
        for parameter in type.parameters {
            values.append(
                try self.values(of: parameter, "\(name).\(parameter.name)", count: count, used: &used))
        }
        do throws(QuantizationError) {
            return try type.init(
                kind: site.kind, bits: try BitWidth(site.bits ?? 0), values: values, groups: groups
            ).boxed
        } catch {
            throw .unusable("\(path), site “\(name)”: \(error)")
        }
    }

    private func floats(_ name: String, count: Int, used: inout Set<String>) throws(CheckpointError)
        -> [Float]
    {
        try reading(name, used: &used) {
            let values = try file.floats(name)
            try expect(values.count, of: count, in: name)
            if let bad = values.firstIndex(where: { !$0.isFinite }) {
                throw CheckpointError.unusable(
                    "\(path), tensor “\(name)”: element \(bad) is \(values[bad]); every number must be finite"
                )
            }
            return values
        }
    }

    private func values(
        of parameter: QuantizerParameter, _ name: String, count: Int, used: inout Set<String>
    ) throws(CheckpointError) -> [Float] {
        guard parameter.isByte, file.entry(name)?.type == .uint8 else {
            return try floats(name, count: count, used: &used)
        }
        return try reading(name, used: &used) {
            let values = try file.bytes(name)
            try expect(values.count, of: count, in: name)
            return values.map { Float($0) }
        }
    }

    private func codes(
        _ name: String, count: Int, bits: BitWidth, used: inout Set<String>
    ) throws(CheckpointError) -> [UInt8] {
        try reading(name, used: &used) {
            try CodePacking.unpack(try file.bytes(name), count: count, bits: bits)
        }
    }

    private func expect(_ found: Int, of count: Int, in name: String) throws(CheckpointError) {
        guard found == count else {
            throw .unusable("\(path), tensor “\(name)”: \(found) elements; \(count) were expected")
        }
    }

    /// Reads a tensor, and gives every error the file's and the tensor's name.
    private func reading<Value>(
        _ name: String, used: inout Set<String>, _ body: () throws -> Value
    ) throws(CheckpointError) -> Value {
        used.insert(name)
        do {
            return try body()
        } catch let error as SafetensorsError {
            throw .file(error)
        } catch let error as CheckpointError {
            throw error
        } catch {
            throw .unusable("\(path), tensor “\(name)”: \(error)")
        }
    }
}
