internal import Datasets
internal import Files
internal import Foundation
internal import Runs
internal import TensorCore

/// A model's outputs for some images.
struct ImagePredictions {
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

    /// Writes the file: all of it or nothing.
    ///
    /// - Throws: `DatasetError` for an archive of 4 GiB or more; `FileError` for a file that cannot be written.
    func write(to path: String, as format: PredictionFormat) throws {
        let file = try AtomicFile(path)
        switch format {
        case .npz: try writeNumPyArchive(arrays, to: file)
        case .csv: try writeCSV(to: file)
        }
        try file.commit()
    }

    private var arrays: [NumPyArray] {
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
    private func writeCSV(to file: AtomicFile) throws(FileError) {
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
