internal import Foundation
internal import Runs
internal import TensorCore

/// Compares a quantized model's logits with the full-precision model's.
///
/// - Parameters:
///   - logits: `[images, classes]` of the quantized model.
///   - reference: `[images, classes]` of the full-precision model.
///   - labels: The true classes, if they are known.
/// - Returns: Top-1 and top-5 in percent, agreement in percent, KL(full ‖ quantized) in nats, SQNR in dB.
func evaluation(of logits: Matrix, against reference: Matrix, labels: [Int]?) -> Evaluation {
    fidelity(of: logits, to: reference, labels: labels).evaluation
}

/// Compares a quantized model's logits with the full-precision model's, as `evaluation` does, and at every image.
///
/// - Returns: The evaluation; KL(full ‖ quantized) at every image in nats, with the digits that are kept.
func fidelity(
    of logits: Matrix, to reference: Matrix, labels: [Int]?
) -> (evaluation: Evaluation, divergences: [Float]) {
    let divergences = divergences(of: logits, from: reference)
    var (top1, top5, agreeing) = (0, 0, 0)
    var (signal, noise) = (0.0, 0.0)
    for image in 0..<logits.rows {
        let student = (0..<logits.columns).map { Double(logits[image, $0]) }
        let teacher = (0..<logits.columns).map { Double(reference[image, $0]) }
        let chosen = firstMaximum(student)
        agreeing += chosen == firstMaximum(teacher) ? 1 : 0
        if let label = labels?[image] {
            top1 += chosen == label ? 1 : 0
            let better = student.enumerated().count {
                $0.element > student[label] || ($0.element == student[label] && $0.offset < label)
            }
            top5 += better < 5 ? 1 : 0
        }
        for (a, b) in zip(teacher, student) {
            signal += a * a
            noise += (a - b) * (a - b)
        }
    }
    let images = max(1, logits.rows)
    func percent(_ count: Int) -> Double { 100 * Double(count) / Double(images) }
    let evaluation = Evaluation(
        images: logits.rows, top1: labels == nil ? nil : percent(top1),
        top5: labels == nil ? nil : percent(top5),
        agreement: percent(agreeing), kl: mean(divergences),
        sqnrDb: noise > 0 ? 10 * log10(signal / noise) : nil)
    return (evaluation, divergences.map { Float($0) })
}

/// KL(full ‖ quantized) in nats, mean over images.
func divergence(of logits: Matrix, from reference: Matrix) -> Double {
    mean(divergences(of: logits, from: reference))
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(1, values.count)) }

/// KL(full ‖ quantized) in nats at every image, 0 at least; NaN if logits are NaN.
func divergences(of logits: Matrix, from reference: Matrix) -> [Double] {
    (0..<logits.rows).map { image in
        let p = logSoftmax((0..<reference.columns).map { Double(reference[image, $0]) })
        let q = logSoftmax((0..<logits.columns).map { Double(logits[image, $0]) })
        let divergence = zip(p, q).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        // `max` would turn NaN into 0.
        return divergence < 0 ? 0 : divergence
    }
}

private func firstMaximum(_ values: [Double]) -> Int {
    var best = 0
    for (index, value) in values.enumerated() where value > values[best] {
        best = index
    }
    return best
}

private func logSoftmax(_ values: [Double]) -> [Double] {
    let top = values.max() ?? 0
    let sum = values.reduce(0) { $0 + exp($1 - top) }
    return values.map { $0 - top - log(sum) }
}

/// The most likely class of each image and its probability.
///
/// - Parameter logits: `[images, classes]`.
/// - Returns: A class and its probability for each image.
func guesses(_ logits: Matrix) -> [ImagePrediction.Guess] {
    (0..<logits.rows).map { image in
        let values = (0..<logits.columns).map { Double(logits[image, $0]) }
        let best = firstMaximum(values)
        return ImagePrediction.Guess(label: best, probability: exp(logSoftmax(values)[best]))
    }
}
