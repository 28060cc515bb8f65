internal import Foundation
internal import Runs
internal import TensorCore

/// The least disturbance of images: every pixel by about the last bit of a float.
enum PixelNoise {
    /// The relative deviation of a pixel.
    static let deviation = 1e-7
    /// How many times images are disturbed.
    static let draws = 2

    /// Multiplies every pixel by 1 + `deviation` · n, n from the standard normal distribution.
    ///
    /// - Parameters:
    ///   - pixels: `[images, values]`.
    ///   - firstImage: The place of the first image, so that parts of a set get the same noise as the whole set.
    ///   - draw: Which of the draws.
    /// - Returns: `[images, values]`.
    static func disturbed(_ pixels: Matrix, firstImage: Int, draw: Int) -> Matrix {
        let result = Matrix(rows: pixels.rows, columns: pixels.columns)
        for image in 0..<pixels.rows {
            var generator = SeededGenerator(
                seed: UInt64(firstImage + image), stream: "noise on pixels, draw \(draw)")
            for column in 0..<pixels.columns {
                // Box and Muller, Annals of Mathematical Statistics 29 (1958).
                let radius = (-2 * log(1 - Double(generator.uniform()))).squareRoot()
                let normal = radius * cos(2 * .pi * Double(generator.uniform()))
                result.storage[image * pixels.columns + column] =
                    Float(Double(pixels[image, column]) * (1 + deviation * normal))
            }
        }
        return result
    }
}

/// How far logits move with their images.
///
/// - Parameters:
///   - logits: `[images, classes]`.
///   - disturbed: The same of disturbed images, for each draw.
/// - Returns: The greatest distance.
func noiseFloor(of logits: Matrix, disturbed: [Matrix]) -> NoiseFloor {
    let distances = disturbed.map { evaluation(of: $0, against: logits, labels: nil) }
    return NoiseFloor(
        kl: distances.map(\.kl).max() ?? 0, changed: 100 - (distances.map(\.agreement).min() ?? 100))
}
