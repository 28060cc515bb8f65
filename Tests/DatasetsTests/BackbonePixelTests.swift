import Datasets
import Files
import Foundation
import TensorCore
import Testing
import Vocabulary

/// The folder of the real backbone, which is not part of the repository: MGRQ_BACKBONE names it.
private let backbone = ProcessInfo.processInfo.environment["MGRQ_BACKBONE"]

@Suite("Real backbone")
struct BackbonePixelTests {
    @Test(
        "all pixels of the thousand evaluation images equal Pillow's",
        .enabled(if: backbone != nil, "MGRQ_BACKBONE names no folder of the real backbone"))
    func pixels() throws {
        let folder = try #require(backbone)
        let set = try ImageSet(path: folder + "/evaluation")
        #expect(set.count == 1000)
        // With this normalisation a pixel's number is its byte, but for rounding.
        let pipeline = try PreprocessingPipeline.timm(
            height: 98, width: 98, cropFraction: 1, cropMode: .center, interpolation: .bicubic,
            normalisation: try Normalisation(
                mean: [0, 0, 0], standardDeviation: Array(repeating: 1 / 255, count: 3)))
        var pixels: [UInt8] = []
        try withPool { pool in
            try set.forEachBatch(of: Array(0..<set.count), pipeline: pipeline, pool: pool) { batch in
                pixels += batch.images.elements.map { UInt8($0.rounded()) }
            }
        }
        // Printed by Tests/Reference/backbone_pixels.py.
        #expect(sha256(pixels) == "5d55d76fa136a72c9bf4f4d6be5771fccbc26458f77173f4f75baf7a6f57cef3")
    }
}
