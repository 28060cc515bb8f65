internal import Quantization

/// Which images closed-form solutions learn from, and which judge.
///
/// A view of an image that others learn from would judge them too kindly: all views of an image do the same.
package struct FittedViews {
    /// How many images there are: the first `originals`, then views of these in the same order, again and again.
    package let count: Int
    /// How many are no views of others.
    package let originals: Int

    /// Makes a choice.
    package init(count: Int, originals: Int) {
        self.count = count
        self.originals = originals
    }

    /// The images in runs of a length at most, none of which both learns and judges.
    ///
    /// - Parameter length: How many images go together.
    /// - Returns: The runs, in order.
    package func parts(of length: Int) -> [(images: Range<Int>, isJudge: Bool)] {
        let period = min(originals, count)
        let learned = FitMoments.learned(of: period)
        var result: [(Range<Int>, Bool)] = []
        for start in stride(from: 0, to: count, by: period) {
            for (run, isJudge) in [(0..<learned, false), (learned..<period, true)] {
                for first in stride(
                    from: start + run.lowerBound, to: min(count, start + run.upperBound), by: length)
                {
                    result.append((first..<min(count, start + run.upperBound, first + length), isJudge))
                }
            }
        }
        return result
    }
}
