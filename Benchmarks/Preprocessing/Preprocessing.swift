import Datasets
import Foundation
import TensorCore
import Vocabulary

/// Prints how many seconds it takes to bring every image of a folder to a model's numbers.
///
///     preprocessing FOLDER THREADS
///
/// The pipeline is timm's for a ViT at 224: shorter side to 248 bicubic, crop, normalise. Peer of preprocessing.py.
@main
struct Preprocessing {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 3, let threads = Int(arguments[2]), threads > 0 else {
            FileHandle.standardError.write(Data("usage: preprocessing FOLDER THREADS\n".utf8))
            exit(64)
        }
        let pipeline = try PreprocessingPipeline.timm(
            height: 224, width: 224, cropFraction: 0.9, cropMode: .center, interpolation: .bicubic,
            normalisation: try Normalisation(mean: [0.5, 0.5, 0.5], standardDeviation: [0.5, 0.5, 0.5]))
        let pool = WorkerPool(threads: threads, niceness: 0)
        defer { pool.shutDown() }
        let began = ContinuousClock.now
        let set = try ImageSet(path: arguments[1])
        var sum: Float = 0
        try set.forEachBatch(of: Array(0..<set.count), pipeline: pipeline, pool: pool) { batch in
            sum += batch.images[0, 0]
        }
        let elapsed = (ContinuousClock.now - began).components
        print(Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
        guard sum.isFinite else { exit(70) }
    }
}
