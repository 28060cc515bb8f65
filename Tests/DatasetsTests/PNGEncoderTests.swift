import Datasets
import TestSupport
import Testing
import Vocabulary

@Suite("PNG encoder")
struct PNGEncoderTests {
    @Test("an encoded picture decodes to the same pixels", arguments: [(1, 1), (7, 3), (64, 48)])
    func roundTrip(width: Int, height: Int) throws {
        var random = TestGenerator(seed: UInt64(width))
        let pixels = (0..<width * height * 3).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let file = encodedPNG(pixels, width: width, height: height)
        let pipeline = try PreprocessingPipeline(
            resize: .none, interpolation: .bicubic, height: height, width: width, normalisation: .imageNet)
        let found = try ImageDecoder().withPixels(
            of: file, path: "a.png", pipeline: pipeline, appliesOrientation: false
        ) { planar($0, channels: 3) }
        let expected = (0..<3).flatMap { channel in
            stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] }
        }
        #expect(found == expected)
    }
}
