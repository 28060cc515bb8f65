/// The class that each model of a finished run takes each evaluation image for.
///
/// What a report sums up: with these, runs can be compared image by image.
public struct Predictions: Equatable, Codable, Sendable {
    /// The right classes, in the order of the manifest of images; nil where they are not known.
    public var labels: [Int]?
    /// The most likely classes by the checkpoint.
    public var fullPrecision: [Int]
    /// The most likely classes by the final model.
    public var final: [Int]

    /// Makes predictions; all lists have an element for each image.
    public init(labels: [Int]?, fullPrecision: [Int], final: [Int]) {
        self.labels = labels
        self.fullPrecision = fullPrecision
        self.final = final
    }

    /// Whether there is an element for each image in every list.
    var isWhole: Bool { fullPrecision.count == final.count && (labels ?? final).count == final.count }

    /// Of which images the final model gives the label; nil where labels are not known.
    public var right: [Bool]? { labels.map { zip($0, final).map(==) } }

    /// For which images the final model chooses the class that the checkpoint chooses.
    public var agreeing: [Bool] { zip(fullPrecision, final).map(==) }
}
