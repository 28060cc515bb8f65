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
        var generator = SeededGenerator(seed: seed, stream: "views")
        let views = (images.rows..<result.rows).map { place in
            view(of: place % images.rows, for: shape, flipped: place / images.rows % 2 == 1, &generator)
        }
        pool.run(views.count) { place, _ in
            views[place].write(images, into: result, row: images.rows + place)
        }
        return result
    }

    /// New views of some images, each flipped by chance.
    ///
    /// - Parameters:
    ///   - numbers: Which images; one may come more than once.
    ///   - images: `[images, channels · height · width]`, normalised.
    ///   - shape: The model that reads them.
    ///   - generator: Decides the views.
    ///   - pool: The threads; the result does not depend on their number.
    /// - Returns: `[numbers, channels · height · width]`.
    func newViews(
        of numbers: [Int], among images: Matrix, for shape: ModelConfiguration,
        generator: inout SeededGenerator, pool: WorkerPool
    ) -> Matrix {
        let result = Matrix(rows: numbers.count, columns: images.columns)
        let views = numbers.map { number in
            view(of: number, for: shape, flipped: generator.index(below: 2) == 1, &generator)
        }
        pool.run(views.count) { place, _ in views[place].write(images, into: result, row: place) }
        return result
    }

    /// A view of an image, shifted by chance.
    private func view(
        of image: Int, for shape: ModelConfiguration, flipped: Bool, _ generator: inout SeededGenerator
    ) -> ImageView {
        let (height, width) = (shape.imageHeight, shape.imageWidth)
        let (rows, columns) = (reach(of: height), reach(of: width))
        let down = generator.index(below: 2 * rows + 1) - rows
        let right = generator.index(below: 2 * columns + 1) - columns
        return ImageView(
            image: image, height: height, width: width, down: down, right: right,
            isFlipped: flips && flipped)
    }

    /// The most pixels that an image is shifted by along a side.
    private func reach(of side: Int) -> Int { Int((shift * Double(side)).rounded()) }
}

/// A view of an image: shifted, and flipped from left to right.
private struct ImageView: Sendable {
    let image: Int
    let height, width: Int
    /// By how many pixels it is shifted.
    let down, right: Int
    let isFlipped: Bool

    /// Writes the view of an image of `images` to a row of `result`.
    func write(_ images: Matrix, into result: Matrix, row: Int) {
        for plane in 0..<images.columns / (height * width) {
            for y in 0..<height {
                // Pixels beyond an edge are those on it.
                let line = (plane * height + min(max(y - down, 0), height - 1)) * width
                let out = (plane * height + y) * width
                for x in 0..<width {
                    let column = min(max(x - right, 0), width - 1)
                    result[row, out + x] = images[image, line + (isFlipped ? width - 1 - column : column)]
                }
            }
        }
    }
}
