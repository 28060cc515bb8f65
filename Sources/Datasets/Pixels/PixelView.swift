internal import CImageCodecs

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
    ///   - orientation: What Exif says of the image.
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
    /// Only what the crop shows is computed; the pixels are those of a whole resize that is cropped afterwards.
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
        let vertical =
            unsafe rows.resized == height
            ? nil
            : ResamplingWeights(
                from: height, to: rows.resized, shown: rows.shown, filter: pipeline.interpolation)
        let needed = vertical?.inputRange ?? rows.shown
        let between = unsafe narrow(to: columns, rows: needed, pipeline.interpolation, narrowed)
        let bytes = unsafe columns.shown.count * size
        for (index, row) in rows.shown.enumerated() {
            let place = unsafe ((rows.offset + index) * pipeline.width + columns.offset) * size
            let target = unsafe output + place
            guard let vertical else {
                unsafe target.update(
                    from: between.base + (row - needed.lowerBound) * between.stride, count: bytes)
                continue
            }
            let first = Int(vertical.starts[index]) - needed.lowerBound
            // Whole vectors are written: what they spill over is written again by the next row, or spare.
            unsafe vertical.weights.withUnsafeBufferPointer { weights in
                guard let start = weights.baseAddress else { return }
                unsafe image_resample_column(
                    between.base + first * between.stride, between.stride, start + index * vertical.taps,
                    vertical.counts[index], target, bytes)
            }
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

    /// The rows that are needed, with the crop's columns.
    private func narrow(
        to columns: CropWindow, rows: Range<Int>, _ filter: Interpolation, _ target: ScratchBytes
    ) -> (base: UnsafeMutablePointer<UInt8>, stride: Int) {
        let start = unsafe base + rows.lowerBound * width * size
        guard unsafe columns.resized != width else {
            return unsafe (start + columns.shown.lowerBound * size, width * size)
        }
        let stride = unsafe columns.shown.count * size
        let output = unsafe target.reserve(rows.count * stride)
        let weights = unsafe ResamplingWeights(
            from: width, to: columns.resized, shown: columns.shown, filter: filter)
        unsafe weights.withWeights { weights in
            for row in 0..<rows.count {
                let input = unsafe start + row * width * size
                if unsafe size == 4 {
                    unsafe image_resample_row_4(input, output + row * stride, weights)
                } else {
                    unsafe image_resample_row_1(input, output + row * stride, weights)
                }
            }
        }
        return unsafe (output, stride)
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

    /// Where the shown places come from; the sum of steps is Pillow's, with its rounding, so some may lie outside.
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
