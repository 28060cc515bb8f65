import Checkpoints
import Datasets
import Foundation
import Safetensors
import TensorCore
import Vocabulary

/// The readers of images, arrays and checkpoints.
let binaryEntries: [String: Entry] = [
    "images": Entry(
        acceptsSeeds: false,
        seeds: { _ in try seeds(within: "DatasetsTests/Fixtures/images.safetensors") }, read: readImage),
    "npy": Entry(
        acceptsSeeds: false,
        seeds: { _ in try seeds(within: "DatasetsTests/Fixtures/numpy.safetensors") }, read: readArray),
    "pickle": Entry(
        seeds: { _ in [try checkpoint("wrapped.pth", configuration: "vit")] }, read: readCheckpoint),
    "safetensors": Entry(
        seeds: { _ in
            var seeds: [Seed] = []
            for model in ["vit", "swin", "dinov2-registers", "layouts/huggingface-siglip"] {
                let seed = try checkpoint("\(model)/model.safetensors", configuration: model)
                seeds += [seed, Seed(bytes: halved(seed.bytes), configuration: seed.configuration)]
            }
            return seeds
        }, read: readCheckpoint),
]

let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()

/// The files that are the tensors of one.
private func seeds(within name: String) throws -> [Seed] {
    let file = try SafetensorsFile(path: tests.appendingPathComponent(name).path)
    return try file.names.map { Seed(bytes: try file.bytes($0)) }
}

/// A checkpoint and the config.json that goes with it.
func checkpoint(_ name: String, configuration: String) throws -> Seed {
    let goldens = tests.appendingPathComponent("CheckpointsTests/Goldens")
    return Seed(
        bytes: Array(try Data(contentsOf: goldens.appendingPathComponent(name))),
        configuration: Array(
            try Data(contentsOf: goldens.appendingPathComponent(configuration + "/config.json"))))
}

/// A safetensors file of 32-bit floats as one of their upper halves, BF16.
private func halved(_ bytes: [UInt8]) -> [UInt8] {
    guard var file = HeaderAndData(bytes) else { return bytes }
    file.data = file.data.indices.filter { $0 % 4 > 1 }.map { file.data[$0] }
    let parts = String(decoding: file.header, as: UTF8.self).replacingOccurrences(
        of: "\"F32\"", with: "\"BF16\""
    )
    .components(separatedBy: "\"data_offsets\":[")
    let halves = parts.dropFirst().map { part -> String in
        let pieces = part.split(separator: "]", maxSplits: 1)
        let offsets = pieces[0].split(separator: ",").compactMap { Int($0) }.map { String($0 / 2) }
        return offsets.joined(separator: ",") + "]" + pieces[1]
    }
    file.header = Array(([parts[0]] + halves).joined(separator: "\"data_offsets\":[").utf8)
    return file.bytes
}

@Sendable private func readImage(_ bytes: [UInt8], _ path: String) throws -> Bool {
    let normalisation = try Normalisation(
        mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5])
    let gray = try Normalisation(mean: [0.5], standardDeviation: [0.5])
    let pipeline = try PreprocessingPipeline.timm(
        height: 20, width: 24, cropFraction: 0.9, cropMode: .center, interpolation: .bicubic,
        normalisation: bytes.count % 2 == 0 ? normalisation : gray)
    do {
        try ImageDecoder().withPixels(
            of: bytes, path: path, pipeline: pipeline, appliesOrientation: true
        ) { _ in }
        return true
    } catch {
        return false
    }
}

@Sendable private func readCheckpoint(_ bytes: [UInt8], _ path: String) throws -> Bool {
    do {
        let inspection = try inspectCheckpoint(path: path)
        _ = try loadCheckpoint(path: path)
        precondition(inspection.problems.isEmpty, "loaded in spite of \(inspection.problems)")
        return true
    } catch {
        return false
    }
}

@Sendable private func readArray(_ bytes: [UInt8], _ path: String) throws -> Bool {
    let pipeline = try PreprocessingPipeline(
        resize: .none, interpolation: .bicubic, height: 5, width: 6,
        normalisation: try Normalisation(mean: [0, 0], standardDeviation: [1, 1]))
    do {
        let set = try ImageSet(path: path)
        let pool = WorkerPool(threads: 1)
        defer { pool.shutDown() }
        try set.forEachBatch(
            of: Array(0..<min(4, set.count)), pipeline: pipeline,
            reading: ImageOptions(onBadImage: .skip),
            pool: pool
        ) { _ in }
        return true
    } catch is DatasetError {
        return false
    }
}
