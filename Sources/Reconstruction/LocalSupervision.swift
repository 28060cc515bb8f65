internal import Kernels
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The local terms of one task's images: distances of operators' outputs from full precision.
struct LocalSupervision {
    let unit: any ModelUnit
    let distance: LocalDistance
    /// The mean square of each operator's output in full precision.
    let power: [Double]
    /// The number of images in a batch; terms are means over them.
    let batch: Int

    private func rows(of index: Int) -> Int { unit.tapeShapes[unit.operators[index].slot].rows }
    private func columns(of index: Int) -> Int { unit.tapeShapes[unit.operators[index].slot].columns }

    /// Each operator's part of its term over the batch.
    func losses(_ tape: Tape, _ reference: Tape) -> [Double] {
        unit.operators.indices.map { index in
            let slot = unit.operators[index].slot
            return measure(index, tape[slot], reference[slot], gradient: nil, factor: 0)
        }
    }

    /// The gradients of the mean over operators, which the backward pass adds at operators' outputs.
    ///
    /// - Parameters:
    ///   - factor: The factor on the local term.
    ///   - tape: The quantized unit's activations.
    ///   - reference: The full-precision activations; overwritten with gradients unless the distance is `relative`.
    /// - Returns: The gradients.
    func gradients(factor: Double, _ tape: Tape, _ reference: Tape) -> LocalGradients {
        let share = factor / Double(unit.operators.count)
        if distance == .relative {
            return .differences(
                from: reference,
                factors: unit.operators.indices.map { index in
                    let elements = Double(batch * rows(of: index) * columns(of: index))
                    return Float(2 * share / elements / power[index])
                })
        }
        for (index, operation) in unit.operators.enumerated() {
            let target = reference[operation.slot]
            let copied = Matrix(rows: target.rows, columns: target.columns)
            copy(target, into: copied)
            _ = measure(index, tape[operation.slot], copied, gradient: target, factor: share)
        }
        return .gradients(reference)
    }

    /// One operator's part of its term, and `factor` times its gradient, overwritten.
    private func measure(
        _ index: Int, _ student: Matrix, _ target: Matrix, gradient: Matrix?, factor: Double
    ) -> Double {
        let rowCount = Double(batch * rows(of: index))
        switch distance {
        case .relative:
            return squaredDistance(student, target) / (rowCount * Double(student.columns)) / power[index]
        case .channelDivergence:
            return kullbackLeibler(
                target: target, student: student, temperature: Float(power[index].squareRoot()),
                gradient: gradient, gradientFactor: Float(factor / rowCount)) / rowCount
        case .moments:
            return moments(index, student, target, gradient: gradient, factor: factor)
        }
    }

    /// The moments of a task's images; a batch's value is the mean over tasks, by their images.
    private func moments(
        _ index: Int, _ student: Matrix, _ target: Matrix, gradient: Matrix?, factor: Double
    ) -> Double {
        let rows = Double(student.rows)
        let share = rows / Double(batch * self.rows(of: index)) / Double(student.columns) / power[index]
        var loss = 0.0
        for column in 0..<student.columns {
            var sums = SIMD4<Double>.zero
            for row in 0..<student.rows {
                let (x, y) = (Double(student[row, column]), Double(target[row, column]))
                sums += SIMD4(x, x * x, y, y * y)
            }
            sums /= rows
            let deviation = max(sums[1] - sums[0] * sums[0], 1e-12).squareRoot()
            let targetDeviation = max(sums[3] - sums[2] * sums[2], 1e-12).squareRoot()
            let (shift, spread) = (sums[0] - sums[2], deviation - targetDeviation)
            loss += shift * shift + spread * spread
            guard let gradient else { continue }
            for row in 0..<student.rows {
                let centred = Double(student[row, column]) - sums[0]
                gradient[row, column] = Float(
                    2 * factor * share / rows * (shift + spread * centred / deviation))
            }
        }
        return loss * share
    }
}
