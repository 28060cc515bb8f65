import Checkpoints
import Datasets
import Foundation
import TensorCore
import Vocabulary
import Testing

@testable import Engine

/// The folder of the real backbone, which is not part of the repository: MGRQ_BACKBONE names it.
private let backbone = ProcessInfo.processInfo.environment["MGRQ_BACKBONE"]

/// timm's results for the real backbone's evaluation images.
private struct ReferenceLogits: Decodable {
    struct Image: Decodable {
        /// Below the backbone's folder.
        var path: String
        var label: Int
        var logits: [Float]
    }

    /// In percent.
    var top1: Double
    var images: [Image]
}

@Suite("Real backbone")
struct BackboneTests {
    @Test(
        "every prediction is timm's, and every image's logits within a thousandth of their greatest",
        .enabled(if: backbone != nil, "MGRQ_BACKBONE names no folder of the real backbone"))
    func logits() throws {
        let folder = try #require(backbone)
        let file = URL(fileURLWithPath: folder + "/reference-logits.json")
        let reference = try JSONDecoder().decode(ReferenceLogits.self, from: try Data(contentsOf: file))
        let set = try ImageSet(path: folder + "/evaluation")
        try #require(set.count == reference.images.count)
        let model = try EvaluatedModel(fullPrecision: try loadCheckpoint(path: folder))
        let pool = WorkerPool(threads: ProcessInfo.processInfo.activeProcessorCount)
        defer { pool.shutDown() }
        let logits = try set.logits(
            of: [model.units], pipeline: model.pipeline, reading: ImageOptions(), pool: pool
        ).logits[0]
        var rows: [String: Int] = [:]
        for index in 0..<set.count { rows["evaluation/" + (try #require(set.path(of: index)))] = index }
        let labels = try #require(set.labels)
        var right = 0
        for image in reference.images {
            let row = try #require(rows[image.path], "\(image.path)")
            let found = logits.rows(row..<row + 1).elements
            try #require(found.count == image.logits.count)
            let scale = try #require(image.logits.map(abs).max())
            let furthest = try #require(zip(found, image.logits).map { abs($0 - $1) }.max())
            #expect(furthest <= 1e-3 * scale, "\(image.path)")
            let prediction = found.firstIndex(of: try #require(found.max()))
            #expect(
                prediction == image.logits.firstIndex(of: try #require(image.logits.max())), "\(image.path)")
            #expect(labels[row] == image.label, "\(image.path)")
            if prediction == labels[row] { right += 1 }
        }
        #expect(abs(100 * Double(right) / Double(set.count) - reference.top1) < 1e-9)
    }
}
