internal import Checkpoints
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// Makes small pictures of images as a model reads them.
struct ThumbnailMaker {
    private let (channels, height, width): (Int, Int, Int)
    private let mean: [Float]
    private let deviation: [Float]

    init(_ checkpoint: Checkpoint) {
        let shape = checkpoint.model.configuration
        (channels, height, width) = (shape.channels, shape.imageHeight, shape.imageWidth)
        mean = checkpoint.mean
        deviation = checkpoint.standardDeviation
    }

    /// A picture of at most `ImagePrediction.greatestSide` pixels a side; each is the mean of those that it covers.
    ///
    /// - Parameter image: `[1, channels · height · width]`, normalised; of more than three channels the first three
    ///   are shown, of fewer the first as grey.
    /// - Returns: `[height, width, 3]` bytes.
    func picture(of image: Matrix) -> (height: Int, width: Int, pixels: [UInt8]) {
        let limit = ImagePrediction.greatestSide
        let cell = max(1, (max(height, width) + limit - 1) / limit)
        let (rows, columns) = ((height + cell - 1) / cell, (width + cell - 1) / cell)
        var pixels: [UInt8] = []
        pixels.reserveCapacity(rows * columns * 3)
        for row in 0..<rows {
            for column in 0..<columns {
                for color in 0..<3 {
                    let channel = channels >= 3 ? color : 0
                    let value = average(
                        of: image, channel: channel, rows: row * cell..<min(height, (row + 1) * cell),
                        columns: column * cell..<min(width, (column + 1) * cell))
                    pixels.append(UInt8(min(max((value * 255).rounded(), 0), 255)))
                }
            }
        }
        return (rows, columns, pixels)
    }

    /// Images with what both models take them for.
    ///
    /// - Parameters:
    ///   - indices: Their places in their set.
    ///   - images: `[indices, channels · height · width]`, normalised.
    ///   - labels: The right classes of the whole set; nil if they are not known.
    ///   - fullPrecision: The full-precision model's guesses, one for each index.
    ///   - quantized: Those of the quantized model.
    /// - Returns: One prediction for each index.
    func predictions(
        _ indices: [Int], images: Matrix, labels: [Int]?, fullPrecision: [ImagePrediction.Guess],
        quantized: [ImagePrediction.Guess]
    ) -> [ImagePrediction] {
        indices.enumerated().map { row, index in
            let picture = picture(of: images.rows(row..<row + 1))
            return ImagePrediction(
                index: index, label: labels?[index], height: picture.height, width: picture.width,
                pixels: picture.pixels, fullPrecision: fullPrecision[row], quantized: quantized[row])
        }
    }

    private func average(of image: Matrix, channel: Int, rows: Range<Int>, columns: Range<Int>) -> Float {
        var sum: Float = 0
        for row in rows {
            for column in columns {
                sum += image[0, (channel * height + row) * width + column]
            }
        }
        return sum / Float(rows.count * columns.count) * deviation[channel] + mean[channel]
    }
}
