/// What each model of a finished run says of each evaluation image.
///
/// What a report sums up: with these, runs can be compared image by image.
package struct Predictions: Equatable, Codable, Sendable {
    /// The right classes, in the order of the manifest of images; nil where they are not known.
    package var labels: [Int]?
    /// The most likely classes by the checkpoint.
    package var fullPrecision: [Int]
    /// The most likely classes by the final model.
    package var final: [Int]
    /// KL(full ‖ quantized) of the final model's class distribution, in nats; nil where it was not kept.
    package var kl: [Float]?

    /// Makes predictions; all lists have an element for each image.
    package init(labels: [Int]?, fullPrecision: [Int], final: [Int], kl: [Float]?) {
        self.labels = labels
        self.fullPrecision = fullPrecision
        self.final = final
        self.kl = kl
    }

    /// Whether there is an element for each image in every list.
    var isWhole: Bool {
        let counts = [fullPrecision.count, labels?.count ?? final.count, kl?.count ?? final.count]
        return counts.allSatisfy { $0 == final.count }
    }

    /// Of which images the final model gives the label; nil where labels are not known.
    package var right: [Bool]? { labels.map { zip($0, final).map(==) } }

    /// For which images the final model chooses the class that the checkpoint chooses.
    package var agreeing: [Bool] { zip(fullPrecision, final).map(==) }
}
