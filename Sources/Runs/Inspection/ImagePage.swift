/// An image set of a run.
package enum RunImages: String, CaseIterable, Codable, Sendable {
    /// The calibration images.
    case calibration
    /// The evaluation images.
    case evaluation
}

/// A request for a page of images; those that the models classify differently come first.
package struct ImageRequest: Equatable, Codable, Sendable {
    /// The greatest number of images of one page.
    package static let greatestCount = 64

    /// The set.
    package var images: RunImages
    /// The number of images before the page.
    package var offset: Int
    /// The length of the page, 1 through `greatestCount`.
    package var count: Int

    package init(images: RunImages, offset: Int = 0, count: Int = 24) {
        (self.images, self.offset, self.count) = (images, offset, count)
    }
}

/// Images with both models' predictions.
///
/// The quantized model is the run's current one: units without an attempt are in full precision.
package struct ImagePage: Equatable, Codable, Sendable {
    /// The request.
    package var request: ImageRequest
    /// The number of images that were classified: all, or the first of many.
    package var total: Int
    /// The number of images that the models classify differently; they come first, in the order of the set.
    package var differing: Int
    /// The number of units that are quantized.
    package var unitsDone: Int
    /// The images of the page.
    package var images: [ImagePrediction]

    package init(
        request: ImageRequest, total: Int, differing: Int, unitsDone: Int, images: [ImagePrediction]
    ) {
        self.request = request
        self.total = total
        self.differing = differing
        self.unitsDone = unitsDone
        self.images = images
    }
}

/// One image with both models' predictions.
package struct ImagePrediction: Equatable, Codable, Sendable {
    /// The maximum height and width of the thumbnail.
    package static let greatestSide = 32

    /// A class and its probability.
    package struct Guess: Equatable, Codable, Sendable {
        /// The class, from 0.
        package var label: Int
        /// Its probability, 0 through 1.
        package var probability: Double

        package init(label: Int, probability: Double) {
            (self.label, self.probability) = (label, probability)
        }
    }

    /// The image's index in its set, from 0.
    package var index: Int
    /// Its label; nil if unknown.
    package var label: Int?
    /// The height of the thumbnail.
    package var height: Int
    /// The width of the thumbnail.
    package var width: Int
    /// `[height, width, 3]`: red, green and blue, 0 through 255.
    package var pixels: [UInt8]
    /// The full-precision model's prediction.
    package var fullPrecision: Guess
    /// The quantized model's prediction.
    package var quantized: Guess

    package init(
        index: Int, label: Int?, height: Int, width: Int, pixels: [UInt8], fullPrecision: Guess,
        quantized: Guess
    ) {
        self.index = index
        self.label = label
        self.height = height
        self.width = width
        self.pixels = pixels
        self.fullPrecision = fullPrecision
        self.quantized = quantized
    }
}
