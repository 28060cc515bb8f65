internal import CImageCodecs
internal import Vocabulary

/// Pixels in memory that someone else owns, row by row without gaps.
@unsafe struct PixelView {
    var base: UnsafeMutablePointer<UInt8>
    var height: Int
    var width: Int
    /// Bytes in a pixel, 1 or 4.
    var size: Int

    /// The image as it stands upright.
    ///
    /// - Parameters:
    ///   - orientation: The image's Exif orientation.
    ///   - target: Where the turned image goes.
    /// - Returns: A view of `target`, or this one where nothing is to be done.
    func turned(by orientation: ExifOrientation, into target: ScratchBytes) -> PixelView {
        guard orientation != .upright else { return unsafe self }
        let swaps = orientation.exchangesSides
        let (high, wide) = unsafe swaps ? (width, height) : (height, width)
        let (size, lastRow, lastColumn) = unsafe (size, height - 1, width - 1)
        let output = unsafe target.reserve(high * wide * size)
        for row in 0..<high {
            for column in 0..<wide {
                let (y, x) =
                    switch orientation {
                    case .upright: (row, column)
                    case .mirrored: (row, lastColumn - column)
                    case .upsideDown: (lastRow - row, lastColumn - column)
                    case .flipped: (lastRow - row, column)
                    case .transposed: (column, row)
                    case .turnedLeft: (lastRow - column, row)
                    case .transversed: (lastRow - column, lastColumn - row)
                    case .turnedRight: (column, lastColumn - row)
                    }
                unsafe (output + (row * wide + column) * size).update(
                    from: base + (y * width + x) * size, count: size)
            }
        }
        return unsafe PixelView(base: output, height: high, width: wide, size: size)
    }

    /// Resizes and crops.
    ///
    /// Computes the crop only; its pixels equal those of a whole resize that is cropped afterwards.
    ///
    /// - Parameters:
    ///   - pipeline: The rule, the filter and the crop.
    ///   - narrowed: Memory for rows between the two passes.
    ///   - cropped: Where the crop goes, `[height, width, size]` bytes.
    func resampled(
        _ pipeline: PreprocessingPipeline, through narrowed: ScratchBytes, into cropped: ScratchBytes
    ) {
        let (rows, columns) = unsafe pipeline.windows(height: height, width: width)
        let output = unsafe cropped.reserve(pipeline.height * pipeline.width * size)
        if rows.shown.count < pipeline.height || columns.shown.count < pipeline.width {
            for pixel in 0..<pipeline.height * pipeline.width {
                for channel in 0..<pipeline.channels {
                    unsafe output[pixel * size + channel] = pipeline.fill[channel]
                }
            }
        }
        guard pipeline.interpolation != .nearest else {
            return unsafe pickNearest(rows, columns, stride: pipeline.width, output)
        }
        let place = unsafe (rows.offset * pipeline.width + columns.offset) * size
        let target = unsafe PixelView(
            base: output + place, height: rows.shown.count, width: columns.shown.count, size: size)
        let stride = unsafe pipeline.width * size
        if unsafe goesVerticallyFirst(to: rows.resized, columns.resized) {
            unsafe shrinkRows(rows, columns, pipeline.interpolation, through: narrowed, into: target, stride)
        } else {
            unsafe narrowRows(rows, columns, pipeline.interpolation, through: narrowed, into: target, stride)
        }
        unsafe fillBehind(rows, columns, pipeline, output)
    }

    /// Puts the fill back where a row of a padded crop spilled over.
    private func fillBehind(
        _ rows: CropWindow, _ columns: CropWindow, _ pipeline: PreprocessingPipeline,
        _ output: UnsafeMutablePointer<UInt8>
    ) {
        let end = columns.offset + columns.shown.count
        guard rows.shown.count < pipeline.height || columns.shown.count < pipeline.width else { return }
        for row in 0..<pipeline.height {
            let isCovered = row >= rows.offset && row < rows.offset + rows.shown.count
            for column in 0..<pipeline.width where !isCovered || column < columns.offset || column >= end {
                for channel in 0..<pipeline.channels {
                    unsafe output[(row * pipeline.width + column) * size + channel] = pipeline.fill[channel]
                }
            }
        }
    }

    /// Whether Pillow makes the vertical pass first, which rounds otherwise: where the height shrinks much more than the
    /// width does.
    ///
    /// Pillow 13 does so; before, the horizontal pass always came first.
    private func goesVerticallyFirst(to rows: Int, _ columns: Int) -> Bool {
        unsafe rows < height && height - rows > 2 * (width - columns)
    }

    /// The horizontal pass over the rows that are needed, then the vertical one.
    private func narrowRows(
        _ rows: CropWindow, _ columns: CropWindow, _ filter: Interpolation, through narrowed: ScratchBytes,
        into target: PixelView, _ stride: Int
    ) {
        let vertical = unsafe verticalWeights(rows, filter)
        let needed = vertical?.inputRange ?? rows.shown
        let start = unsafe base + needed.lowerBound * width * size
        guard unsafe columns.resized != width else {
            let source = unsafe start + columns.shown.lowerBound * size
            return unsafe Self.mixRows(
                source, width * size, from: needed.lowerBound, vertical, rows, target, stride)
        }
        let between = unsafe target.width * size
        let middle = unsafe narrowed.reserve(needed.count * between)
        let weights = unsafe ResamplingWeights(
            from: width, to: columns.resized, shown: columns.shown, filter: filter)
        unsafe mixColumns(start, width * size, weights, count: needed.count, middle, between)
        unsafe Self.mixRows(middle, between, from: needed.lowerBound, vertical, rows, target, stride)
    }

    /// The vertical pass over the columns that are needed, then the horizontal one.
    private func shrinkRows(
        _ rows: CropWindow, _ columns: CropWindow, _ filter: Interpolation, through narrowed: ScratchBytes,
        into target: PixelView, _ stride: Int
    ) {
        let vertical = unsafe verticalWeights(rows, filter)
        guard unsafe columns.resized != width else {
            return unsafe narrowRows(rows, columns, filter, through: narrowed, into: target, stride)
        }
        let weights = unsafe ResamplingWeights(
            from: width, to: columns.resized, shown: columns.shown, filter: filter)
        // Whole rows, since weights count their starts from the first column.
        let middle = unsafe PixelView(
            base: narrowed.reserve(target.height * width * size), height: target.height, width: width,
            size: size)
        unsafe Self.mixRows(base, width * size, from: 0, vertical, rows, middle, width * size)
        unsafe mixColumns(middle.base, width * size, weights, count: target.height, target.base, stride)
    }

    private func verticalWeights(_ rows: CropWindow, _ filter: Interpolation) -> ResamplingWeights? {
        guard unsafe rows.resized != height else { return nil }
        return unsafe ResamplingWeights(from: height, to: rows.resized, shown: rows.shown, filter: filter)
    }

    /// The vertical pass: each row of `target` from rows of `source`, whose first is row `first` of the image.
    ///
    /// Writes whole vectors; what they write past a row is overwritten by the next row, filled again, or spare.
    private static func mixRows(
        _ source: UnsafeMutablePointer<UInt8>, _ sourceStride: Int, from first: Int,
        _ vertical: ResamplingWeights?,
        _ rows: CropWindow, _ target: PixelView, _ stride: Int
    ) {
        let bytes = unsafe target.width * target.size
        for (index, row) in rows.shown.enumerated() {
            let output = unsafe target.base + index * stride
            guard let vertical else {
                unsafe output.update(from: source + (row - first) * sourceStride, count: bytes)
                continue
            }
            let start = Int(vertical.starts[index]) - first
            unsafe vertical.weights.withUnsafeBufferPointer { weights in
                guard let base = weights.baseAddress else { return }
                unsafe image_resample_column(
                    source + start * sourceStride, sourceStride, base + index * vertical.taps,
                    vertical.counts[index], output, bytes)
            }
        }
    }

    /// The horizontal pass over some rows.
    private func mixColumns(
        _ source: UnsafeMutablePointer<UInt8>, _ sourceStride: Int, _ weights: ResamplingWeights, count: Int,
        _ target: UnsafeMutablePointer<UInt8>, _ stride: Int
    ) {
        let isGray = unsafe size == 1
        unsafe weights.withWeights { weights in
            for row in 0..<count {
                let (input, output) = unsafe (source + row * sourceStride, target + row * stride)
                if isGray {
                    unsafe image_resample_row_1(input, output, weights)
                } else {
                    unsafe image_resample_row_4(input, output, weights)
                }
            }
        }
    }

    /// Takes the pixel at each place, as Pillow's `ImagingScaleAffine` does.
    private func pickNearest(
        _ rows: CropWindow, _ columns: CropWindow, stride: Int, _ output: UnsafeMutablePointer<UInt8>
    ) {
        let ys = unsafe Self.nearestPlaces(from: height, to: rows.resized, shown: rows.shown)
        let xs = unsafe Self.nearestPlaces(from: width, to: columns.resized, shown: columns.shown)
        for (row, y) in ys.enumerated() {
            for (column, x) in xs.enumerated() {
                let target = unsafe ((rows.offset + row) * stride + columns.offset + column) * size
                if let y, let x {
                    unsafe (output + target).update(from: base + (y * width + x) * size, count: size)
                } else {
                    unsafe (output + target).update(repeating: 0, count: size)
                }
            }
        }
    }

    /// The source of each place; steps are summed and rounded as in Pillow, so some may be outside the image.
    private static func nearestPlaces(from length: Int, to resized: Int, shown: Range<Int>) -> [Int?] {
        guard length != resized else { return shown.map { $0 } }
        let step = Double(length) / Double(resized)
        var place = step * 0.5
        var result: [Int?] = []
        for index in 0..<shown.upperBound {
            if index >= shown.lowerBound { result.append(Int(place) < length ? Int(place) : nil) }
            place += step
        }
        return result
    }
}
