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
    var input = images.rows(0..<min(images.rows, centringImages))
    for (index, unit) in units.enumerated() {
        let count = input.rows / unit.input.rows
        let prepared = PreparedUnit(fullPrecision: unit, weights: weights[index], backward: false)
        let output = unit.output.matrix(images: count)
        let (keys, values) = (unit.shiftableKeys, unit.shiftableValues)
        var watched: [(slot: Int, columns: Range<Int>?)] = [keys, values].compactMap { site in
            site.map { ($0.slot, $0.columns) }
        }
        let isHead = index == units.count - 1
        if isHead { watched = [(unit.operators[0].slot, nil)] }
        let seen = watched.map { place in
            let shape = unit.tapeShapes[place.slot]
            return Matrix(rows: count * shape.rows, columns: place.columns?.count ?? shape.columns)
        }
        ModelPass([prepared], pool: pool).run(input, into: output) { range, tapes in
            for (place, matrix) in zip(watched, seen) {
                let (buffer, rows) = (tapes[0][place.slot], matrix.rows / count)
                copy(
                    place.columns.map { buffer.columns($0) } ?? buffer,
                    into: matrix.rows(range.lowerBound * rows..<range.upperBound * rows))
            }
        }
        let means = seen.map { columnMeans(of: $0, pool: pool) }
        if isHead {
            // Without a classifier, the model gives the feature; without a norm, nothing can take the constant away.
            guard !unit.linears.isEmpty, !unit.vectors.isEmpty else { continue }
            let parts = means[0].count / unit.input.columns
            result[index].subtractFromFeature(mean(of: means[0], parts: parts))
        } else {
            if keys != nil { result[index].subtractFromKeys(of: unit, means[0]) }
            if values != nil { result[index].subtractFromValues(of: unit, means[keys == nil ? 0 : 1]) }
        }
        input = output
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
