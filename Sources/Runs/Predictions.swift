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

    /// Of which images the final model gives the label; nil where labels are not known.
    public var right: [Bool]? { labels.map { zip($0, final).map(==) } }

    /// For which images the final model chooses the class that the checkpoint chooses.
    public var agreeing: [Bool] { zip(fullPrecision, final).map(==) }
}

extension Predictions {
    /// The predictions as JSON.
    ///
    /// - Throws: `RunFailure(.internal)` where that cannot be done.
    package var json: String {
        get throws(RunFailure) {
            do {
                return try JSONValue(encoding: self).page
            } catch {
                throw RunFailure(.internal, "the predictions cannot be written as JSON: \(error)")
            }
        }
    }

    /// Reads what `json` wrote.
    ///
    /// - Throws: `JSONError` that says what is wrong.
    package init(json: [UInt8]) throws(JSONError) {
        self = try JSONValue(parsing: json).decoded(as: Predictions.self)
        guard final.count == fullPrecision.count, labels == nil || labels?.count == final.count else {
            throw JSONError("its lists are not of the same length")
        }
    }
}
