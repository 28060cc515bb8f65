import Checkpoints
import Datasets
import Foundation
import Safetensors
import TensorCore
import Vocabulary

/// A file to start from, or one made of it.
struct Seed: Sendable {
    var bytes: [UInt8]
    /// The content of config.json beside it; nil where nothing reads it.
    var configuration: [UInt8]?
}

/// Feeds one reader with damaged files for a while.
///
///     Fuzz ENTRY SECONDS SEED FOLDER
///
/// ENTRY is one of `entries`, FOLDER a place for the file in work. A finding is a crash, or an input that takes more
/// than twenty seconds; the input is then in FOLDER. Which inputs come in which order follows from SEED.
@main
struct Fuzz {
    /// The readers, by name: what they start from, and what is done with a file.
    static let entries: [String: Entry] = [
        "images": Entry(
            seeds: { try seeds(within: "DatasetsTests/Fixtures/images.safetensors") }, read: readImage),
        "npy": Entry(
            seeds: { try seeds(within: "DatasetsTests/Fixtures/numpy.safetensors") }, read: readArray),
        "pickle": Entry(
            seeds: { [try checkpoint("wrapped.pth", configuration: "vit")] }, read: readCheckpoint),
        "safetensors": Entry(
            seeds: {
                var seeds: [Seed] = []
                for model in ["vit", "swin", "dinov2-registers"] {
                    let seed = try checkpoint("\(model)/model.safetensors", configuration: model)
                    seeds += [seed, Seed(bytes: halved(seed.bytes), configuration: seed.configuration)]
                }
                return seeds
            }, read: readCheckpoint),
    ]

    struct Entry: Sendable {
        /// The files to start from.
        var seeds: @Sendable () throws -> [Seed]
        /// Reads a file; true where it was accepted.
        var read: @Sendable (_ bytes: [UInt8], _ path: String) throws -> Bool
    }

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let entry = entries[arguments[1]], let seconds = Double(arguments[2]),
            let seed = UInt64(arguments[3])
        else {
            let known = entries.keys.sorted().joined(separator: "|")
            FileHandle.standardError.write(Data("usage: Fuzz \(known) SECONDS SEED FOLDER\n".utf8))
            exit(64)
        }
        let path = arguments[4] + "/fuzz-\(arguments[1])-input"
        let configuration = arguments[4] + "/config.json"
        let seeds = try entry.seeds()
        for seed in seeds {
            try write(seed, to: path, configuration: configuration)
            guard try entry.read(seed.bytes, path) || arguments[1] == "images" || arguments[1] == "npy" else {
                FileHandle.standardError.write(Data("a file to start from is refused\n".utf8))
                exit(70)
            }
        }
        var mutator = Mutator(seed: seed, seeds: seeds)
        var (inputs, accepted) = (0, 0)
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            let input = mutator.next()
            try write(input, to: path, configuration: configuration)
            // A signal ends the process where an input does not end by itself.
            alarm(20)
            if try entry.read(input.bytes, path) { accepted += 1 }
            inputs += 1
        }
        alarm(0)
        try FileManager.default.removeItem(atPath: path)
        if seeds.contains(where: { $0.configuration != nil }) {
            try FileManager.default.removeItem(atPath: configuration)
        }
        print("\(arguments[1]): \(inputs) inputs in \(Int(seconds)) s, \(accepted) accepted, no finding")
    }

    private static func write(_ seed: Seed, to path: String, configuration: String) throws {
        try Data(seed.bytes).write(to: URL(fileURLWithPath: path))
        if let text = seed.configuration { try Data(text).write(to: URL(fileURLWithPath: configuration)) }
    }

    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The files that are the tensors of one.
    private static func seeds(within name: String) throws -> [Seed] {
        let file = try SafetensorsFile(path: tests.appendingPathComponent(name).path)
        return try file.names.map { Seed(bytes: try file.bytes($0)) }
    }

    /// A checkpoint and the config.json that goes with it.
    private static func checkpoint(_ name: String, configuration: String) throws -> Seed {
        let goldens = tests.appendingPathComponent("CheckpointsTests/Goldens")
        return Seed(
            bytes: Array(try Data(contentsOf: goldens.appendingPathComponent(name))),
            configuration: Array(
                try Data(contentsOf: goldens.appendingPathComponent(configuration + "/config.json"))))
    }

    /// A safetensors file of 32-bit floats as one of their upper halves, BF16.
    private static func halved(_ bytes: [UInt8]) -> [UInt8] {
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

    @Sendable private static func readImage(_ bytes: [UInt8], _ path: String) throws -> Bool {
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

    @Sendable private static func readCheckpoint(_ bytes: [UInt8], _ path: String) throws -> Bool {
        do {
            let inspection = try inspectCheckpoint(path: path)
            _ = try loadCheckpoint(path: path)
            precondition(inspection.problems.isEmpty, "loaded in spite of \(inspection.problems)")
            return true
        } catch {
            return false
        }
    }

    @Sendable private static func readArray(_ bytes: [UInt8], _ path: String) throws -> Bool {
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
}
