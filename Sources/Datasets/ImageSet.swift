/// Images of one size, with or without labels, as bytes.
///
/// A value; copies are independent. As a file, a set is safetensors with a tensor `images` (U8, `[n, h, w]` or `[n, c, h, w]`) and, where
/// the classes are known, a tensor `labels` of whole numbers, `[n]`. Other tensors are of no concern.
public struct ImageSet: Hashable, Sendable {
    /// The longest side that an image may have, in pixels.
    public static let maximumSide = 4096
    /// The most channels that an image may have.
    public static let maximumChannels = 4

    /// The path that the images came from, for errors; nil if they were made in memory.
    public let file: String?
    /// The number of images, at least 1.
    public let count: Int
    /// The number of channels of each image: 1 for gray, 3 for red, green and blue.
    public let channels: Int
    /// The number of rows of pixels.
    public let height: Int
    /// The number of pixels in a row.
    public let width: Int
    /// All values, `[count, channels, height, width]`, 0 for none of the channel's light.
    public let pixels: [UInt8]
    /// The class of each image, counted from 0; nil if it is not known.
    public let labels: [Int]?

    /// Makes a set of given images.
    ///
    /// - Parameters:
    ///   - channels: The number of channels, 1 to `maximumChannels`.
    ///   - height: The number of rows, 1 to `maximumSide`.
    ///   - width: The number of columns, 1 to `maximumSide`.
    ///   - pixels: `[count, channels, height, width]` values.
    ///   - labels: `[count]` classes, counted from 0.
    ///   - file: The path that the images came from, for errors.
    /// - Throws: `DatasetError` if there are no images or the numbers do not fit together.
    public init(
        channels: Int, height: Int, width: Int, pixels: [UInt8], labels: [Int]? = nil, file: String? = nil
    ) throws(DatasetError) {
        guard 1...Self.maximumChannels ~= channels else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail: "the images have \(channels) channels; 1 to \(Self.maximumChannels) are accepted, "
                    + "and the channels come before height and width")
        }
        guard 1...Self.maximumSide ~= height, 1...Self.maximumSide ~= width else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail:
                    "the images have \(height) × \(width) pixels; each side must be 1 to \(Self.maximumSide)")
        }
        let size = channels * height * width
        guard pixels.count % size == 0 else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail: "\(pixels.count) values do not make images of \(channels) × \(height) × \(width)")
        }
        guard !pixels.isEmpty else {
            throw DatasetError(
                .empty, file: file, tensor: "images", detail: "there are no images; one is the least")
        }
        count = pixels.count / size
        if let labels {
            guard labels.count == count else {
                throw DatasetError(
                    .wrongShape, file: file, tensor: "labels",
                    detail: "there are \(labels.count) labels for \(count) images; each image needs one")
            }
            if let place = labels.firstIndex(where: { $0 < 0 }) {
                throw DatasetError(
                    .badLabel, file: file, tensor: "labels",
                    detail: "the label of image \(place) is \(labels[place]); classes count from 0")
            }
        }
        self.channels = channels
        self.height = height
        self.width = width
        self.pixels = pixels
        self.labels = labels
        self.file = file
    }
}
