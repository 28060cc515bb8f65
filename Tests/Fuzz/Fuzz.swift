import Foundation
import TensorCore

/// A file to start from, or one made of it.
struct Seed: Sendable {
    var bytes: [UInt8]
    /// The content of config.json beside it; nil where nothing reads it.
    var configuration: [UInt8]?
}

/// A reader to feed.
struct Entry: Sendable {
    /// The name of the file in work; nil for one that says which entry it is of.
    var fileName: String?
    /// Whether every file to start from is accepted.
    var acceptsSeeds = true
    /// The files to start from; may put what never changes into the folder.
    var seeds: @Sendable (_ folder: String) throws -> [Seed]
    /// Reads a file; true where it was accepted.
    var read: @Sendable (_ bytes: [UInt8], _ path: String) throws -> Bool
}

/// Feeds one reader with damaged files for a while.
///
///     Fuzz ENTRY SECONDS SEED FOLDER
///
/// ENTRY is one of `entries`, FOLDER a place for the file in work. A finding is a crash, or an input that takes more
/// than twenty seconds; the input is then in FOLDER. Which inputs come in which order follows from SEED.
@main
struct Fuzz {
    /// The readers, by name.
    static let entries = binaryEntries.merging(textEntries) { first, _ in first }

    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let entry = entries[arguments[1]], let seconds = Double(arguments[2]),
            let seed = UInt64(arguments[3])
        else {
            let known = entries.keys.sorted().joined(separator: "|")
            FileHandle.standardError.write(Data("usage: Fuzz \(known) SECONDS SEED FOLDER\n".utf8))
            exit(64)
        }
        let folder = arguments[4]
        let before = try FileManager.default.contentsOfDirectory(atPath: folder)
        let path = folder + "/" + (entry.fileName ?? "fuzz-\(arguments[1])-input")
        let configuration = folder + "/config.json"
        let seeds = try entry.seeds(folder)
        for seed in seeds {
            try write(seed, to: path, configuration: configuration)
            guard try entry.read(seed.bytes, path) || !entry.acceptsSeeds else {
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
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !before.contains(name) {
            try FileManager.default.removeItem(atPath: folder + "/" + name)
        }
        print("\(arguments[1]): \(inputs) inputs in \(Int(seconds)) s, \(accepted) accepted, no finding")
    }

    private static func write(_ seed: Seed, to path: String, configuration: String) throws {
        try Data(seed.bytes).write(to: URL(fileURLWithPath: path))
        if let text = seed.configuration { try Data(text).write(to: URL(fileURLWithPath: configuration)) }
    }
}
