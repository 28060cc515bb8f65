/// Where the pixels of a crop come from, along one side of an image.
struct CropWindow: Equatable {
    /// The length of the side after the resize.
    var resized: Int
    /// The places of the resized side that the crop shows.
    var shown: Range<Int>
    /// The position of the first of them in the crop; the crop is filled before and after them.
    var offset: Int

    /// Puts a crop in the middle of a side.
    ///
    /// - Parameters:
    ///   - length: The length of the crop.
    ///   - resized: The length of the side, at least 1.
    ///   - rounding: Which way the crop is rounded if it cannot be centred exactly.
    init(of length: Int, from resized: Int, rounding: PreprocessingPipeline.CropRounding) {
        self.resized = resized
        let surplus = resized - length
        let start: Int
        switch rounding {
        case .down:
            // Shifting rounds towards −∞, as Python's `//` does.
            start = surplus >> 1
        case .halfToEven:
            start =
                surplus < 0
                ? -(-surplus >> 1) : Int((Double(surplus) / 2).rounded(.toNearestOrEven))
        }
        shown = max(0, start)..<min(resized, start + length)
        offset = max(0, -start)
    }
}

extension PreprocessingPipeline {
    /// The size that an image gets before the crop; a side of 0 if the rule leaves nothing of it.
    func resizedSize(height: Int, width: Int) -> (height: Int, width: Int) {
        switch resize {
        case .none, .unchanged:
            return (height, width)
        case .shortSide(let side):
            return height <= width
                ? (side, side * width / height) : (side * height / width, side)
        case .exact(let high, let wide):
            return (high, wide)
        case .cover(let high, let wide):
            let ratio = min(Double(height) / Double(high), Double(width) / Double(wide))
            return (Self.scaled(height, by: ratio), Self.scaled(width, by: ratio))
        case .fit(let high, let wide):
            let ratio = max(Double(height) / Double(high), Double(width) / Double(wide))
            return (Self.scaled(height, by: ratio), Self.scaled(width, by: ratio))
        }
    }

    private static func scaled(_ side: Int, by ratio: Double) -> Int {
        Int((Double(side) / ratio).rounded(.toNearestOrEven))
    }

    /// Where the rows and the columns of the crop come from, for an image whose resized sides are at least 1.
    func windows(height: Int, width: Int) -> (rows: CropWindow, columns: CropWindow) {
        let size = resizedSize(height: height, width: width)
        return (
            CropWindow(of: self.height, from: size.height, rounding: cropRounding),
            CropWindow(of: self.width, from: size.width, rounding: cropRounding)
        )
    }
}
