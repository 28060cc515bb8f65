internal import Datasets
internal import Files
internal import Foundation
package import Runs
internal import TensorCore
package import Vocabulary

/// The form of a file of predictions, which its name says.
package enum PredictionFormat: String, CaseIterable, Sendable {
    /// A NumPy archive.
    case npz
    /// Text, one line an image.
    case csv

    /// The form that a file's name asks for; nil for another ending.
    package init?(path: String) {
        guard let dot = path.lastIndex(of: ".") else { return nil }
        self.init(rawValue: path[path.index(after: dot)...].lowercased())
    }
}

/// What `mgrq predict` did.
package struct PredictionSummary: Equatable, Sendable {
    /// The number of images in the file.
    package var images: Int
    /// The logits of an image, or its features without a classifier.
    package var outputs: Int
    /// Whether the outputs are logits.
    package var hasClassifier: Bool
    /// The number of images that were skipped because they cannot be used.
    package var skipped: Int
}

/// Writes a model's logits for every image into a file.
///
/// - Parameters:
///   - path: A full-precision checkpoint, a packed checkpoint, or a run directory.
///   - dataPath: The images.
///   - images: How image files are read.
///   - imageSize: The side of the images that a full-precision checkpoint is to read, in pixels; nil takes its own.
///   - heads: The number of a full-precision ViT's attention heads; nil takes what its files say.
///   - isInteger: Whether a quantized model multiplies codes as integers wherever it can.
///   - checks: Which inputs are compared with those of the plan.
///   - outputPath: The file; an existing one is replaced. It is written at the end, or not at all.
///   - format: Its form.
///   - threads: The number of threads.
///   - warn: Called with one sentence for every skipped image and for every change that is accepted.
/// - Returns: What the file holds.
/// - Throws: `RunFailure` with one sentence.
package func predictModelOrRun(
    path: String, dataPath: String, images: ImageOptions, imageSize: Int? = nil, heads: Int? = nil,
    isInteger: Bool = false,
    checks: InputChecks = InputChecks(), outputPath: String,
    format: PredictionFormat, threads: Int, warn: (String) -> Void = { _ in }
) throws(RunFailure) -> PredictionSummary {
    try reportingFailures {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        // A file that cannot be made is refused before minutes of arithmetic, not after.
        do { _ = try AtomicFile(outputPath) }
        let set = try ImageSet(path: dataPath)
        let model = try EvaluatedModel(
            path: path, imageSize: imageSize, heads: heads, images: images, isInteger: isInteger)
        try model.check(set, images, warn: warn)
        let labels = try model.labels(of: set)
        let digest = checks.data ? try model.plan.map(RunPlan.init(yaml:))?.inputs?.evaluation : nil
        var hashed: [(index: Int, hash: String?)] = []
        let pass = try set.logits(
            of: [model.units], pipeline: model.pipeline, reading: images, isHashed: digest != nil, pool: pool
        ) { _, batch in hashed += batch.hashed }
        let manifest =
            digest == nil
            ? nil : try ImageManifest(all: set, used: hashed, pipeline: model.pipeline, reading: images)
        try checks.check(manifest, against: digest, of: path, warn: warn)
        try model.report(pass.skipped, of: set, warn: warn)
        let predictions = ImagePredictions(
            logits: pass.logits[0], hasClassifier: model.classes > 0, indices: pass.used,
            labels: labels.map { labels in pass.used.map { labels[$0] } },
            paths: pass.used.compactMap { set.path(of: $0) })
        let file = try AtomicFile(outputPath)
        switch format {
        case .npz: try writeNumPyArchive(predictions.arrays, to: file)
        case .csv: try predictions.writeCSV(to: file)
        }
        try file.commit()
        return PredictionSummary(
            images: pass.used.count, outputs: pass.logits[0].columns, hasClassifier: model.classes > 0,
            skipped: pass.skipped.count)
    }
}

/// A model's outputs for some images.
private struct ImagePredictions {
    /// `[images, outputs]`: logits, or features without a classifier.
    let logits: Matrix
    let hasClassifier: Bool
    /// `[images]` places in the set, counted from 0.
    let indices: [Int]
    /// `[images]` true classes; nil where they are not known.
    let labels: [Int]?
    /// `[images]` paths relative to the set's folder; empty for an array.
    let paths: [String]

    private var outputName: String { hasClassifier ? "logits" : "features" }

    /// `[images]` classes with the greatest logit, the first of equal ones; nil without a classifier.
    private var predictions: [Int]? { hasClassifier ? guesses(logits).map(\.label) : nil }

    var arrays: [NumPyArray] {
        var arrays = [
            NumPyArray(outputName, shape: [logits.rows, logits.columns], floats: logits.elements),
            NumPyArray("indices", integers: indices),
        ]
        if let predictions { arrays.append(NumPyArray("predictions", integers: predictions)) }
        if let labels { arrays.append(NumPyArray("labels", integers: labels)) }
        if !paths.isEmpty { arrays.append(NumPyArray("paths", texts: paths)) }
        return arrays
    }

    /// Writes a header and one line for each image; floats have the digits that give the same float32 again.
    func writeCSV(to file: AtomicFile) throws(FileError) {
        let predictions = predictions
        let stem = hasClassifier ? "logit" : "feature"
        let header =
            ["index"] + (paths.isEmpty ? [] : ["path"]) + (labels == nil ? [] : ["label"])
            + (predictions == nil ? [] : ["prediction"]) + (0..<logits.columns).map { "\(stem)_\($0)" }
        try file.write(Array("\(header.joined(separator: ","))\n".utf8))
        for row in 0..<logits.rows {
            var cells = ["\(indices[row])"]
            if !paths.isEmpty { cells.append(Self.quoted(paths[row])) }
            if let labels { cells.append("\(labels[row])") }
            if let predictions { cells.append("\(predictions[row])") }
            cells += (0..<logits.columns).map { "\(logits[row, $0])" }
            try file.write(Array("\(cells.joined(separator: ","))\n".utf8))
        }
    }

    /// A field as RFC 4180 has it.
    private static func quoted(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\""
    }
}
