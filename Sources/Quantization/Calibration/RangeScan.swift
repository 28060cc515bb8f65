/// The smallest and the largest of values that come in runs, and whether all are finite.
struct RangeScan {
    private var lowest = SIMD16<Float>(repeating: .infinity)
    private var highest = SIMD16<Float>(repeating: -.infinity)
    private var isFinite = true

    /// The bounds of the values so far; nil if there are none, or some are infinite or not numbers.
    var range: ClosedRange<Float>? {
        let (low, high) = (lowest.min(), highest.max())
        return isFinite && low <= high ? low...high : nil
    }

    /// Takes a run of values into account.
    @unsafe mutating func take(_ values: UnsafeBufferPointer<Float>) {
        var index = 0
        if values.count >= 16, let base = values.baseAddress {
            let raw = unsafe UnsafeRawPointer(base)
            var (low, high) = (lowest, highest)
            var defects = SIMD16<Float>.zero
            while index + 16 <= values.count {
                // SAFETY: sixteen floats from `index` on lie within `values`.
                let vector = unsafe raw.loadUnaligned(
                    fromByteOffset: index * MemoryLayout<Float>.size, as: SIMD16<Float>.self)
                low.replace(with: vector, where: vector .< low)
                high.replace(with: vector, where: vector .> high)
                // 0 for numbers, NaN for others, which stays.
                defects += vector - vector
                index += 16
            }
            (lowest, highest) = (low, high)
            isFinite = isFinite && defects == .zero
        }
        while index < values.count {
            let value = unsafe values[index]
            lowest[0] = min(lowest[0], value)
            highest[0] = max(highest[0], value)
            isFinite = isFinite && value.isFinite
            index += 1
        }
    }
}
