/// What turns bytes of pixels into the numbers that a model was trained on: (x / 255 − mean) / deviation.
public struct Preprocessing: Hashable, Sendable {
    /// The mean of each channel, for pixels from 0 to 1.
    public let mean: [Float]
    /// The standard deviation of each channel, for pixels from 0 to 1.
    public let standardDeviation: [Float]

    /// Makes a preprocessing after a check of its numbers.
    ///
    /// - Parameters:
    ///   - mean: The mean of each channel, finite.
    ///   - standardDeviation: As many numbers, positive and finite.
    /// - Throws: `DatasetError` if there is no channel, the counts differ or a number is impossible.
    public init(mean: [Float], standardDeviation: [Float]) throws(DatasetError) {
        guard !mean.isEmpty, mean.count == standardDeviation.count else {
            throw DatasetError(
                .badPreprocessing, file: nil,
                detail:
                    "\(mean.count) means and \(standardDeviation.count) standard deviations do not normalise "
                    + "images; each channel needs one of both")
        }
        guard mean.allSatisfy(\.isFinite), standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw DatasetError(
                .badPreprocessing, file: nil,
                detail:
                    "the means \(mean) must be finite and the standard deviations \(standardDeviation) positive "
                    + "and finite")
        }
        self.mean = mean
        self.standardDeviation = standardDeviation
    }

    /// What each of the 256 bytes becomes in one channel.
    ///
    /// Two divisions and a subtraction in 32-bit floats, each rounded by itself, as in PyTorch's
    /// `(x.float() / 255 - mean) / std`.
    ///
    /// - Parameter channel: In `0 ..< mean.count`.
    /// - Returns: 256 numbers, by byte.
    public func table(channel: Int) -> [Float] {
        (0...255).map { (Float($0) / 255 - mean[channel]) / standardDeviation[channel] }
    }
}
