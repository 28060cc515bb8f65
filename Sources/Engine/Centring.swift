internal import Kernels
internal import Quantization
internal import Reconstruction
internal import TensorCore
internal import VisionTransformers

/// On how many images means are taken at most.
let centringImages = 128

/// The weights of the same model with keys, values and features whose every channel has mean 0 over images and tokens.
///
/// They often lie far from 0, channel by channel, and a quantizer that channels share would spend its levels on the
/// distances between them. Softmax does not see a constant of keys; one of values and of the feature goes into the
/// bias after it. Only biases and the last norm's shift change. Keys with rotary positions or a fixed length, and values
/// before a norm, stay as they are.
///
/// - Parameters:
///   - weights: The model's weights.
///   - units: Its units.
///   - images: `[images, channels · height · width]`, normalised.
///   - pool: The threads; the result does not depend on their number.
/// - Returns: The weights.
func centringActivations(
    _ weights: [UnitWeights], of units: [any ModelUnit], images: Matrix, pool: WorkerPool
) -> [UnitWeights] {
    var result = weights
    let last = units.count - 1
    func watched(_ index: Int) -> [WatchedBuffer] {
        let unit = units[index]
        guard index < last else { return [(unit.operators[0].slot, nil)] }
        return [unit.shiftableKeys, unit.shiftableValues].compactMap { site in
            site.map { ($0.slot, $0.columns) }
        }
    }
    walk(units, weights, on: images, atMost: centringImages, pool: pool, watching: watched) { index, seen in
        let unit = units[index]
        let means = seen.map { columnMeans(of: $0, pool: pool) }
        if index == last {
            // Without a classifier, the model gives the feature; without a norm, nothing can take the constant away.
            guard !unit.linears.isEmpty, !unit.vectors.isEmpty else { return }
            let parts = means[0].count / unit.input.columns
            result[index].subtractFromFeature(mean(of: means[0], parts: parts))
        } else {
            let hasKeys = unit.shiftableKeys != nil
            if hasKeys { result[index].subtractFromKeys(of: unit, means[0]) }
            if unit.shiftableValues != nil {
                result[index].subtractFromValues(of: unit, means[hasKeys ? 1 : 0])
            }
        }
    }
    return result
}

/// The mean of equal parts of a row, which share one norm.
private func mean(of row: [Float], parts: Int) -> [Float] {
    let width = row.count / parts
    return (0..<width).map { channel in
        (0..<parts).reduce(Float(0)) { $0 + row[$1 * width + channel] } / Float(parts)
    }
}
