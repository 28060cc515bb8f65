internal import Safetensors

/// Images with or without labels: files in a folder, decoded when they are asked for, or one array.
///
/// A set is opened by its path, whatever it is:
///
/// - a folder of image files: in one folder for each class, all in one, or with a file of labels;
/// - safetensors or npz with an array `images` and perhaps `labels`, or a single npy array.
///
/// Arrays are `[n, h, w]`, `[n, c, h, w]` or `[n, h, w, c]` of the model's size: bytes, 0 to 255, or floats that are
/// normalised already and used as they are. Arrays stay in their file until they are read.
package struct ImageSet: Sendable {
    /// The longest side of the images that a model reads, and of those in arrays, in pixels.
    package static let maximumSide = 4096
    /// The longest side that an image file may have, in pixels.
    package static let greatestImageSide = 16_384
    /// The most channels that an image may have.
    package static let maximumChannels = 4
    /// The longest image file that is read, in bytes.
    static let greatestFile = 512 << 20

    /// Where the images are.
    enum Content: Sendable {
        case array(PixelArray)
        /// Paths below a folder.
        case files(folder: String, paths: [String])
    }

    /// The path that the images came from; nil if they were made in memory.
    package let file: String?
    /// The number of images, at least 1.
    package let count: Int
    /// The class of each image, counted from 0; nil if it is not known.
    package let labels: [Int]?
    /// The names that the labels number: those of the class folders, sorted; nil where there are numbers only.
    package let classNames: [String]?
    /// What a person should know of how the set was read, one sentence each.
    package let notes: [String]
    let content: Content

    /// Opens a set.
    ///
    /// - Parameter path: A folder or a file.
    /// - Throws: `DatasetError` if there is none, or it does not hold a set of images.
    package init(path: String) throws(DatasetError) {
        switch try SourceKind(path: path) {
        case .folder:
            let listing = try FolderListing(root: path)
            try self.init(
                .files(folder: path, paths: listing.paths), count: listing.paths.count,
                labels: listing.labels,
                classNames: listing.classNames, file: path, notes: listing.notes)
        case .numpy:
            let file = try NumPyFile(path: path)
            let images = try file.images()
            try self.init(
                .array(images), count: images.count, labels: try file.labels(count: images.count), file: path)
        case .safetensors:
            let file: SafetensorsFile
            do {
                file = try SafetensorsFile(path: path)
            } catch {
                throw DatasetError(error)
            }
            let images = try PixelArray(of: file)
            try self.init(
                .array(images), count: images.count, labels: try file.labels(count: images.count), file: path)
        }
    }

    /// Makes a set of given images.
    ///
    /// - Parameters:
    ///   - channels: The number of channels, 1 to `maximumChannels`.
    ///   - height: The number of rows, 1 to `maximumSide`.
    ///   - width: The number of columns, 1 to `maximumSide`.
    ///   - pixels: `[count, channels, height, width]` values.
    ///   - labels: `[count]` classes, counted from 0.
    ///   - file: The path that the images came from, for errors.
    /// - Throws: `DatasetError` if there are no images or the counts do not match.
    package init(
        channels: Int, height: Int, width: Int, pixels: [UInt8], labels: [Int]? = nil, file: String? = nil
    ) throws(DatasetError) {
        let size = channels * height * width
        guard size > 0, pixels.count % size == 0 else {
            throw DatasetError(
                .wrongShape, file: file, tensor: "images",
                detail: "\(pixels.count) values do not make images of \(channels) × \(height) × \(width)")
        }
        let array = try PixelArray(
            shape: [pixels.count / size, channels, height, width], isFortran: false, element: .uint8,
            source: .memory(pixels, 0..<pixels.count), file: file)
        try self.init(.array(array), count: array.count, labels: labels, file: file)
    }

    private init(
        _ content: Content, count: Int, labels: [Int]?, classNames: [String]? = nil, file: String?,
        notes: [String] = []
    ) throws(DatasetError) {
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
        self.content = content
        self.notes = notes
        self.count = count
        self.labels = labels
        self.classNames = classNames
        self.file = file
    }
}
