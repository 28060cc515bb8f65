import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@testable import Engine

@Suite("Views of calibration images")
struct CalibrationViewsTests {
    /// Images of one channel, 4 × 6 pixels, whose pixels are all different.
    private let images = Matrix(rows: 2, columns: 24, elements: (0..<48).map(Float.init))
    private let shape = ModelConfiguration.vit(
        ViTConfiguration(
            imageHeight: 4, imageWidth: 6, patchHeight: 2, patchWidth: 2, channels: 1, width: 8, depth: 1,
            heads: 2, hiddenWidth: 16, classes: 3))

    private func views(_ count: Int, flips: Bool, shift: Double, threads: Int = 2, seed: UInt64 = 1) -> Matrix
    {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        return CalibrationViews(count: count, flips: flips, shift: shift)
            .views(of: images, for: shape, seed: seed, pool: pool)
    }

    @Test(
        "unless it is said, there are as many views as make 2,048 images, 1 to 4",
        arguments: [
            (0, 1, 4), (0, 512, 4), (0, 600, 3), (0, 1024, 2), (0, 1025, 1), (0, 9000, 1), (1, 512, 1),
            (8, 9000, 8),
        ])
    func perImage(views: Int, images: Int, expected: Int) {
        var hyperparameters = Hyperparameters()
        hyperparameters.views = views
        #expect(hyperparameters.viewsPerImage(of: images) == expected)
    }

    @Test("one view is the image itself")
    func one() {
        #expect(views(1, flips: true, shift: 0.5).elements == images.elements)
    }

    @Test("the images come first, then every other view is flipped, rows staying together")
    func flipped() {
        let result = views(3, flips: true, shift: 0)
        #expect(result.rows == 6)
        #expect(result.rows(0..<2).elements == images.elements)
        #expect(result.rows(4..<6).elements == images.elements)
        for image in 0..<2 {
            for y in 0..<4 {
                for x in 0..<6 {
                    #expect(result[2 + image, 6 * y + x] == images[image, 6 * y + 5 - x])
                }
            }
        }
    }

    @Test("shifts stay within their reach, differ, and repeat what is at the edge")
    func shifted() {
        let result = views(16, flips: false, shift: 0.25)
        var seen: Set<[Int]> = []
        for row in 2..<result.rows {
            let source = row % 2
            // The reach is 1 pixel down and 1.5, rounded to 2, to the right.
            let found = (-1...1).flatMap { down in (-2...2).map { [down, $0] } }.filter { offset in
                (0..<24).allSatisfy { pixel in
                    let y = min(max(pixel / 6 - offset[0], 0), 3)
                    let x = min(max(pixel % 6 - offset[1], 0), 5)
                    return result[row, pixel] == images[source, 6 * y + x]
                }
            }
            #expect(found.count == 1)
            seen.formUnion(found)
        }
        #expect(seen.count > 5)
    }

    @Test("the seed decides, not the number of threads")
    func determinism() {
        let first = views(4, flips: true, shift: 0.25, threads: 1)
        #expect(first.elements == views(4, flips: true, shift: 0.25, threads: 3).elements)
        #expect(first.elements != views(4, flips: true, shift: 0.25, seed: 2).elements)
    }
}
