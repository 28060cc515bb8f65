/// What turns bytes of pixels into the numbers that a model was trained on: (x / 255 − mean) / deviation.
package struct Normalisation: Hashable, Sendable, Codable {
    /// The mean of each channel, for pixels from 0 to 1.
    package let mean: [Float]
    /// The standard deviation of each channel, for pixels from 0 to 1.
    package let standardDeviation: [Float]

    /// Makes a normalisation after a check of its numbers.
    ///
    /// - Parameters:
    ///   - mean: The mean of each channel, finite.
    ///   - standardDeviation: As many numbers, positive and finite.
    /// - Throws: `DatasetError` if there are no channels, the counts differ or a number is out of range.
    package init(mean: [Float], standardDeviation: [Float]) throws(DatasetError) {
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
    package func table(channel: Int) -> [Float] {
        (0...255).map { (Float($0) / 255 - mean[channel]) / standardDeviation[channel] }
    }
}

extension Normalisation: CustomStringConvertible {
    /// The formula, such as “(pixel / 255 − 0.5) / 0.5”; one number stands for channels that all have it.
    package var description: String {
        func text(_ numbers: [Float]) -> String {
            Set(numbers).count == 1 ? "\(numbers[0])" : "\(numbers)"
        }
        return "(pixel / 255 − \(text(mean))) / \(text(standardDeviation))"
    }
}

extension Normalisation {
    private enum CodingKeys: String, CodingKey {
        case mean, standardDeviation
    }

    /// Reads a normalisation that was encoded, with the checks that every other one goes through.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            mean: try values.decode([Float].self, forKey: .mean),
            standardDeviation: try values.decode([Float].self, forKey: .standardDeviation))
    }
}
