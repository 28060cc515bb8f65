/// The predictions of both models of a finished run for every evaluation image, by which runs are paired.
package struct Predictions: Equatable, Codable, Sendable {
    /// The labels, in the order of the image manifest; nil if unknown.
    package var labels: [Int]?
    /// The checkpoint's most likely classes.
    package var fullPrecision: [Int]
    /// The final model's most likely classes.
    package var final: [Int]
    /// KL(full ‖ quantized) of the final model's class distribution, in nats; nil if it was not kept.
    package var kl: [Float]?

    /// Makes predictions; every list has one element per image.
    package init(labels: [Int]?, fullPrecision: [Int], final: [Int], kl: [Float]?) {
        self.labels = labels
        self.fullPrecision = fullPrecision
        self.final = final
        self.kl = kl
    }

    /// Whether every list has one element per image.
    var isWhole: Bool {
        let counts = [fullPrecision.count, labels?.count ?? final.count, kl?.count ?? final.count]
        return counts.allSatisfy { $0 == final.count }
    }

    /// Whether these are of the same images in the same order, by the labels and what the checkpoint predicts.
    package func isPaired(with other: Predictions) -> Bool {
        labels == other.labels && fullPrecision == other.fullPrecision
    }

    /// Whether the final model predicts the label, per image; nil if labels are unknown.
    package var right: [Bool]? { labels.map { zip($0, final).map(==) } }

    /// By how many points the final model's top-1 differs from the checkpoint's, with the interval over the images, which
    /// both have seen; nil if labels are unknown.
    package var accuracyChange: PairedDifference? {
        guard let labels, let right else { return nil }
        return PairedDifference(shares: [right], [zip(labels, fullPrecision).map(==)])
    }

    /// Whether the final model chooses the checkpoint's class, per image.
    package var agreeing: [Bool] { zip(fullPrecision, final).map(==) }
}
