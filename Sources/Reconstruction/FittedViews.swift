internal import Quantization

/// Splits images into those that closed-form solutions learn from and those that validate them.
///
/// All views of an image are on the same side: validating on a view of a learned image would be too optimistic.
package struct FittedViews {
    /// The number of images: the first `originals`, then views of these in the same order, again and again.
    package let count: Int
    /// The number of originals.
    package let originals: Int

    package init(count: Int, originals: Int) {
        (self.count, self.originals) = (count, originals)
    }

    /// The images in runs, each of which is on one side of the split.
    ///
    /// - Parameter length: The greatest length of a run.
    /// - Returns: The runs, in order.
    package func parts(of length: Int) -> [(images: Range<Int>, isValidation: Bool)] {
        let period = min(originals, count)
        let learned = FitMoments.learned(of: period)
        var result: [(Range<Int>, Bool)] = []
        for start in stride(from: 0, to: count, by: period) {
            for (run, isValidation) in [(0..<learned, false), (learned..<period, true)] {
                for first in stride(
                    from: start + run.lowerBound, to: min(count, start + run.upperBound), by: length)
                {
                    result.append((first..<min(count, start + run.upperBound, first + length), isValidation))
                }
            }
        }
        return result
    }
}
