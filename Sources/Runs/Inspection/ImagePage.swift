/// Which of a run's images.
package enum RunImages: String, CaseIterable, Codable, Sendable {
    /// Those that the run calibrates with.
    case calibration
    /// Those that it is evaluated on.
    case evaluation
}

/// A page of images, those first of which the models say different things.
package struct ImageRequest: Equatable, Codable, Sendable {
    /// The greatest number of images of one page.
    package static let greatestCount = 64

    /// Which images.
    package var images: RunImages
    /// The number of images before the page.
    package var offset: Int
    /// The length of the page, 1 through `greatestCount`.
    package var count: Int

    /// Makes a request.
    package init(images: RunImages, offset: Int = 0, count: Int = 24) {
        self.images = images
        self.offset = offset
        self.count = count
    }
}

/// Images and what the models say of them.
///
/// The quantized model is the run's as it is now: units without an attempt are in full precision.
package struct ImagePage: Equatable, Codable, Sendable {
    /// What was asked for.
    package var request: ImageRequest
    /// How many images were looked at: all, or the first of many.
    package var total: Int
    /// Of how many of them the models choose different classes; these come first, in the order of the set.
    package var differing: Int
    /// The number of units that are quantized.
    package var unitsDone: Int
    /// The page.
    package var images: [ImagePrediction]

    /// Makes a page.
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

/// One image and what both models say of it.
package struct ImagePrediction: Equatable, Codable, Sendable {
    /// The greatest height and width of the small image.
    package static let greatestSide = 32

    /// A class and how likely the model takes it to be.
    package struct Guess: Equatable, Codable, Sendable {
        /// The class, from 0.
        package var label: Int
        /// Its probability, 0 through 1.
        package var probability: Double

        /// Makes a guess.
        package init(label: Int, probability: Double) {
            self.label = label
            self.probability = probability
        }
    }

    /// The image's place in its set, from 0.
    package var index: Int
    /// Its right class, if that is known.
    package var label: Int?
    /// The rows of the small image.
    package var height: Int
    /// The columns of the small image.
    package var width: Int
    /// `[height, width, 3]`: red, green and blue, 0 through 255.
    package var pixels: [UInt8]
    /// What the full-precision model says.
    package var fullPrecision: Guess
    /// What the quantized model says.
    package var quantized: Guess

    /// Makes a prediction.
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
