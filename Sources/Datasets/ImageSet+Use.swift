import TensorCore

extension ImageSet {
    /// Checks that a model can read the images.
    ///
    /// - Parameters:
    ///   - channels: The channels that the model reads.
    ///   - height: The rows that it reads.
    ///   - width: The columns that it reads.
    /// - Throws: `DatasetError` with both sizes if they differ.
    public func require(channels: Int, height: Int, width: Int) throws(DatasetError) {
        guard self.channels == channels, self.height == height, self.width == width else {
            throw DatasetError(
                .wrongModel, file: file, tensor: "images",
                detail:
                    "the images have \(self.channels) × \(self.height) × \(self.width) values (channels, height, "
                    + "width), but the model reads \(channels) × \(height) × \(width)")
        }
    }

    /// The class of each image, after a check that the model has all of them.
    ///
    /// - Parameter classes: The number of classes that the model tells apart.
    /// - Returns: `[count]` classes, each in `0 ..< classes`.
    /// - Throws: `DatasetError` if there are no labels or one of them is beyond the classes.
    public func labels(below classes: Int) throws(DatasetError) -> [Int] {
        guard let labels else {
            throw DatasetError(
                .noLabels, file: file,
                detail: "the images have no labels; a tensor 'labels' of shape [\(count)] "
                    + "is needed")
        }
        if let place = labels.firstIndex(where: { $0 >= classes }) {
            throw DatasetError(
                .badLabel, file: file, tensor: "labels",
                detail: "the label of image \(place) is \(labels[place]), but the model has the classes 0 to "
                    + "\(classes - 1)")
        }
        return labels
    }

    /// The images at the given places, in that order.
    ///
    /// - Parameter indices: Places in `0 ..< count`, at least one.
    /// - Returns: A set of as many images, with their labels.
    /// - Throws: `DatasetError` if `indices` is empty.
    public func images(at indices: [Int]) throws(DatasetError) -> ImageSet {
        let size = channels * height * width
        var chosen: [UInt8] = []
        chosen.reserveCapacity(indices.count * size)
        for index in indices { chosen.append(contentsOf: pixels[index * size..<(index + 1) * size]) }
        return try ImageSet(
            channels: channels, height: height, width: width, pixels: chosen,
            labels: labels.map { labels in indices.map { labels[$0] } }, file: file)
    }

    /// Where `wanted` images lie that are chosen at random, in rising order.
    ///
    /// The choice follows from the seed and the number of images alone. Of two choices with one seed, the larger
    /// holds the smaller; all images are one of the choices.
    ///
    /// - Parameters:
    ///   - wanted: How many, 1 to `count`.
    ///   - seed: The run's seed.
    /// - Returns: Their places.
    /// - Throws: `DatasetError` if there are not as many images.
    public func selection(of wanted: Int, seed: UInt64) throws(DatasetError) -> [Int] {
        guard 1...count ~= wanted else {
            throw DatasetError(
                wanted < 1 ? .empty : .tooFew, file: file, tensor: "images",
                detail: "\(wanted) images are asked for; the set has \(count), so 1 to \(count) can be had")
        }
        var generator = SeededGenerator(seed: seed, stream: "choice of images")
        let lots = (0..<count).map { (lot: generator.next(), index: $0) }
        return lots.sorted { ($0.lot, $0.index) < ($1.lot, $1.index) }.prefix(wanted).map(\.index).sorted()
    }

    /// A random choice of images; `selection(of:seed:)` says which.
    ///
    /// - Parameters:
    ///   - wanted: How many, 1 to `count`.
    ///   - seed: The run's seed.
    /// - Returns: A set of those images, with their labels.
    /// - Throws: `DatasetError` if there are not as many images.
    public func select(_ wanted: Int, seed: UInt64) throws(DatasetError) -> ImageSet {
        try images(at: try selection(of: wanted, seed: seed))
    }

    /// A fingerprint of extents, pixels and labels as 16 hexadecimal digits.
    ///
    /// Two sets of different content have different fingerprints but for one chance in 2⁶⁴; it does not guard
    /// against someone who wants two to be alike. Source: FNV-1a, 64 bits (Fowler, Noll, Vo).
    public func contentHash() -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        func add(_ number: Int) {
            for shift in 0..<8 { add(UInt8(truncatingIfNeeded: number >> (8 * shift))) }
        }
        for extent in [count, channels, height, width, labels?.count ?? -1] { add(extent) }
        for byte in pixels { add(byte) }
        for label in labels ?? [] { add(label) }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
