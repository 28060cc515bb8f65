internal import Safetensors
package import Vocabulary

extension ImageSet {
    /// An image's path relative to the set's folder; nil in an array.
    package func path(of index: Int) -> String? {
        guard case .files(_, let paths) = content else { return nil }
        return paths[index]
    }

    /// Whether the images are an array of the model's size, which is not resized.
    package var isArray: Bool { if case .array = content { true } else { false } }

    /// Whether the images are floats that are used as they are.
    package var isNormalised: Bool {
        guard case .array(let array) = content else { return false }
        return array.element != .uint8
    }

    /// Which options have no effect on the images, in one sentence; none where all have one.
    package func notes(on reading: ImageOptions) -> [String] {
        let normalisation = [("--mean", reading.mean != nil), ("--std", reading.standardDeviation != nil)]
        let resize = [
            ("--interpolation", reading.interpolation != nil), ("--crop-pct", reading.cropFraction != nil),
            ("--exif-orientation", reading.appliesExifOrientation),
        ]
        let check = [("--normalised", reading.floatsAreNormalised)]
        let (kind, flags) =
            isNormalised
            ? ("an array of floats, which are used as they are", normalisation + resize)
            : isArray
                ? ("an array of bytes of the model's size", resize + check)
                : ("files, whose pixels are bytes", check)
        let needless = flags.filter(\.1).map(\.0)
        guard let last = needless.last else { return [] }
        let list = needless.count == 1 ? last : needless.dropLast().joined(separator: ", ") + " and " + last
        return [
            "\(file.map { printable($0) } ?? "the set"): the images are \(kind), so that \(list) "
                + "\(needless.count == 1 ? "has" : "have") no effect"
        ]
    }

    /// Checks that a model can read the images.
    ///
    /// Files are brought to any size; arrays must have the model's.
    ///
    /// - Parameter pipeline: The model's input.
    /// - Throws: `DatasetError` with both sizes if they differ.
    package func require(_ pipeline: PreprocessingPipeline) throws(DatasetError) {
        switch content {
        case .files:
            guard pipeline.channels == 1 || pipeline.channels == 3 else {
                throw DatasetError(
                    .wrongModel, file: file,
                    detail:
                        "the model reads \(pipeline.channels) channels, but image files become 1 (gray) or 3 (red, "
                        + "green, blue); give an array")
            }
        case .array(let array):
            guard array.channels == pipeline.channels, array.height == pipeline.height,
                array.width == pipeline.width
            else {
                throw DatasetError(
                    .wrongModel, file: file, tensor: "images",
                    detail:
                        "the images have \(array.channels) × \(array.height) × \(array.width) values (channels, height, "
                        + "width), but the model reads \(pipeline.channels) × \(pipeline.height) × \(pipeline.width)"
                )
            }
        }
    }

    /// Checks that floats are normalised, by the values of at most 64 images spread over the set.
    ///
    /// - Parameters:
    ///   - pipeline: The model's input; values that its normalisation gives are accepted.
    ///   - reading: Whether the caller says that they are normalised.
    /// - Throws: `DatasetError` for floats in 0 … 1, perhaps a little beyond, or in 0 … 255, and what reading the array throws.
    package func requireNormalised(
        _ pipeline: PreprocessingPipeline, _ reading: ImageOptions
    ) throws(DatasetError) {
        guard case .array(let array) = content, array.element != .uint8, !reading.floatsAreNormalised else {
            return
        }
        let sample = min(count, 64)
        let values = UnsafeMutablePointer<Float>.allocate(
            capacity: array.channels * array.height * array.width)
        defer { unsafe values.deallocate() }
        var (least, greatest) = (Float.infinity, -Float.infinity)
        for place in 0..<sample {
            do throws(DatasetError) {
                unsafe try array.write(place * count / sample, tables: [], file: file, to: values)
            } catch {
                // Reading decides what becomes of it, if it is chosen.
                guard error.code == .badFloat else { throw error }
                continue
            }
            for index in 0..<array.channels * array.height * array.width {
                unsafe (least, greatest) = (min(least, values[index]), max(greatest, values[index]))
            }
        }
        guard least <= greatest else { return }
        let normalisation = pipeline.normalisation
        let bounds = normalisation.mean.indices.flatMap { channel in
            [0, 1].map { ($0 - normalisation.mean[channel]) / normalisation.standardDeviation[channel] }
        }
        let (low, high) = (bounds.min() ?? 0, bounds.max() ?? 0)
        let looksLikePixels: String? =
            if least >= 0, greatest <= 1, low < 0 {
                "0 … 1"
            } else if least >= -0.1, greatest <= 1.2, greatest > 0.5, low < -0.2 {
                "0 … 1, up to the overshoot of a resize"
            } else if greatest > max(100, high)
                || least >= 0 && greatest > max(16, high)
            { "0 … 255" } else { nil }
        guard let looksLikePixels else { return }
        throw DatasetError(
            .badPreprocessing, file: file, tensor: "images",
            detail:
                "the floats are \(least) to \(greatest), which looks like pixels in \(looksLikePixels); floats must "
                + "be normalised, \(normalisation); give uint8 pixels, or --normalised if they are")
    }
}
