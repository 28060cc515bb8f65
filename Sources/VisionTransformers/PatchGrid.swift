/// How an image is cut into patches.
package struct PatchGrid: Equatable, Sendable {
    /// The height of an image in pixels; a multiple of `patchHeight`.
    package let imageHeight: Int
    /// The width of an image in pixels; a multiple of `patchWidth`.
    package let imageWidth: Int
    /// The height of a patch in pixels.
    package let patchHeight: Int
    /// The width of a patch in pixels.
    package let patchWidth: Int
    /// The number of colour channels.
    package let channels: Int

    package init(imageHeight: Int, imageWidth: Int, patchHeight: Int, patchWidth: Int, channels: Int) {
        self.imageHeight = imageHeight
        self.imageWidth = imageWidth
        self.patchHeight = patchHeight
        self.patchWidth = patchWidth
        self.channels = channels
    }

    /// The number of rows of patches.
    package var rows: Int { imageHeight / patchHeight }
    /// The number of columns of patches.
    package var columns: Int { imageWidth / patchWidth }
    /// The number of patches.
    package var patches: Int { rows * columns }
    /// The number of values in an image.
    package var imageElements: Int { channels * imageHeight * imageWidth }
    /// The number of values in a patch.
    package var patchElements: Int { channels * patchHeight * patchWidth }

    /// The grid in a few words, for people.
    package var summary: String {
        "\(imageHeight) × \(imageWidth) pixels in \(patchHeight) × \(patchWidth) patches"
    }

    /// Whether every number is one that a model can have.
    var isPossible: Bool {
        [imageHeight, imageWidth, patchHeight, patchWidth, channels].allSatisfy { (1...4096).contains($0) }
            && imageHeight.isMultiple(of: patchHeight) && imageWidth.isMultiple(of: patchWidth)
    }
}
