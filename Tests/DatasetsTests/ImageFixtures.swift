import Datasets
import Foundation
import Safetensors
import TensorCore
import Testing
import Vocabulary
import TestSupport

/// The folder of the committed data.
let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/"

/// One image file through one pipeline, and the pixels that Pillow and timm make of it;
/// `Tests/Reference/image_fixtures.py` wrote them.
struct ImageCase: Decodable, Sendable, CustomTestStringConvertible {
    /// The arguments of `PreprocessingPipeline.timm`.
    struct Timm: Decodable {
        var height: Int
        var width: Int
        var cropFraction: Double
        var cropMode: CropMode
        var interpolation: Interpolation
    }

    let file: String
    let pipeline: PreprocessingPipeline
    let appliesOrientation: Bool
    let sha256: String

    var testDescription: String { "\(file): \(pipeline)" }

    private enum CodingKeys: String, CodingKey {
        case file, pipeline, timm, appliesOrientation, sha256
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        file = try values.decode(String.self, forKey: .file)
        appliesOrientation = try values.decode(Bool.self, forKey: .appliesOrientation)
        sha256 = try values.decode(String.self, forKey: .sha256)
        if let timm = try values.decodeIfPresent(Timm.self, forKey: .timm) {
            pipeline = try .timm(
                height: timm.height, width: timm.width, cropFraction: timm.cropFraction,
                cropMode: timm.cropMode,
                interpolation: timm.interpolation, normalisation: .imageNet)
        } else {
            pipeline = try values.decode(PreprocessingPipeline.self, forKey: .pipeline)
        }
    }

    static func all() throws -> [ImageCase] {
        let data = try Data(contentsOf: URL(fileURLWithPath: fixtures + "images.json"))
        return try JSONDecoder().decode([ImageCase].self, from: data)
    }
}

extension Normalisation {
    /// The pipeline that most models use.
    static var imageNet: Normalisation {
        get throws(DatasetError) {
            try Normalisation(mean: [0.485, 0.456, 0.406], standardDeviation: [0.229, 0.224, 0.225])
        }
    }
}

/// The image files of the fixtures, by name.
func fixtureFile(_ name: String) throws -> [UInt8] {
    try SafetensorsFile(path: fixtures + "images.safetensors").bytes(name)
}

/// The pixels that a decoder leaves, `[channels, height, width]`.
func planar(_ pixels: Span<UInt8>, channels: Int) -> [UInt8] {
    let size = channels == 1 ? 1 : 4
    return (0..<channels).flatMap { channel in
        (0..<pixels.count / size).map { pixels[$0 * size + channel] }
    }
}

extension TemporaryFolder {
    /// Writes a file of the fixtures.
    func place(_ fixture: String, at name: String) throws { try write(try fixtureFile(fixture), to: name) }
}

/// Runs the body with a pool and shuts the pool down.
func withPool<Result>(threads: Int = 2, _ body: (WorkerPool) throws -> Result) rethrows -> Result {
    let pool = WorkerPool(threads: threads)
    defer { pool.shutDown() }
    return try body(pool)
}
