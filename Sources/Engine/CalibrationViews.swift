internal import Kernels
internal import TensorCore
internal import VisionTransformers

/// The views that a run calibrates on: every calibration image as it is, and the same again flipped and shifted.
///
/// The full-precision model treats each view as a new image, so that more of them cost neither
/// labels nor data. What is lost to rounding looks alike in all images; what a fit to few images memorises does not.
struct CalibrationViews {
    /// How many views there are of an image, the image itself included.
    let count: Int
    /// Whether every other view is flipped from left to right.
    let flips: Bool
    /// By which share of its sides an image is shifted at most.
    let shift: Double

    /// Makes the views.
    ///
    /// - Parameters:
    ///   - images: `[images, channels · height · width]`, normalised.
    ///   - shape: The model that reads them.
    ///   - seed: Decides the shifts.
    ///   - pool: The threads; the result does not depend on their number.
    /// - Returns: `[count · images, channels · height · width]`: the images, then all of their second views, and so on.
    func views(
        of images: Matrix, for shape: ModelConfiguration, seed: UInt64, pool: WorkerPool
    ) -> Matrix {
        guard count > 1 else { return images }
        let result = Matrix(rows: count * images.rows, columns: images.columns)
        copy(images, into: result.rows(0..<images.rows))
        let (height, width) = (shape.imageHeight, shape.imageWidth)
        let (rows, columns) = (reach(of: height), reach(of: width))
        var generator = SeededGenerator(seed: seed, stream: "views")
        let offsets = (images.rows..<result.rows).map { _ in
            (
                generator.index(below: 2 * rows + 1) - rows,
                generator.index(below: 2 * columns + 1) - columns
            )
        }
        pool.run(offsets.count) { place, _ in
            let (source, view) = (place % images.rows, 1 + place / images.rows)
            let (down, right) = offsets[place]
            let flipped = flips && view % 2 == 1
            for plane in 0..<images.columns / (height * width) {
                for y in 0..<height {
                    // Pixels beyond an edge are those on it.
                    let line = (plane * height + min(max(y - down, 0), height - 1)) * width
                    let out = (plane * height + y) * width
                    for x in 0..<width {
                        let column = min(max(x - right, 0), width - 1)
                        result[images.rows + place, out + x] =
                            images[source, line + (flipped ? width - 1 - column : column)]
                    }
                }
            }
        }
        return result
    }

    /// The most pixels that an image is shifted by along a side.
    private func reach(of side: Int) -> Int { Int((shift * Double(side)).rounded()) }
}
