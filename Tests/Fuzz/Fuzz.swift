import Checkpoints
import Datasets
import Foundation
import Safetensors
import TensorCore

/// Feeds one reader with damaged files for a while.
///
///     Fuzz ENTRY SECONDS SEED FOLDER
///
/// ENTRY is one of `entries`, FOLDER a place for the file in work. A finding is a crash, or an input that takes more
/// than twenty seconds; the input then lies in FOLDER. Which inputs come in which order follows from SEED.
@main
struct Fuzz {
    /// The readers, by name: what they start from, and what is done with a file.
    static let entries: [String: Entry] = [
        "images": Entry(seeds: "DatasetsTests/Fixtures/images.safetensors", read: readImage),
        "npy": Entry(seeds: "DatasetsTests/Fixtures/numpy.safetensors", read: readArray),
        "pickle": Entry(seeds: "CheckpointsTests/Goldens/wrapped.pth", isOneFile: true, read: readCheckpoint),
        "safetensors": Entry(
            seeds: "CheckpointsTests/Goldens/vit/model.safetensors", isOneFile: true, read: readCheckpoint),
    ]

    struct Entry: Sendable {
        /// The file below Tests that holds the files to start from.
        var seeds: String
        /// Whether that file itself is the one to start from.
        var isOneFile = false
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
        let seeds = try seeds(of: entry)
        let path = arguments[4] + "/fuzz-\(arguments[1])-input"
        var mutator = Mutator(seed: seed, seeds: seeds)
        var (inputs, accepted) = (0, 0)
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            let bytes = mutator.next()
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            // A signal ends the process where an input does not end by itself.
            alarm(20)
            if try entry.read(bytes, path) { accepted += 1 }
            inputs += 1
        }
        alarm(0)
        try FileManager.default.removeItem(atPath: path)
        print("\(arguments[1]): \(inputs) inputs in \(Int(seconds)) s, \(accepted) accepted, no finding")
    }

    private static func seeds(of entry: Entry) throws -> [[UInt8]] {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent(entry.seeds)
        if entry.isOneFile { return [Array(try Data(contentsOf: fixtures))] }
        let file = try SafetensorsFile(path: fixtures.path)
        return try file.names.map { try file.bytes($0) }
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
            _ = try loadCheckpoint(path: path)
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
                of: Array(0..<min(4, set.count)), pipeline: pipeline, reading: ImageReading(badImages: .skip),
                pool: pool
            ) { _ in }
            return true
        } catch is DatasetError {
            return false
        }
    }
}
