internal import Kernels
package import TensorCore
internal import VisionTransformers

/// How much an error of a layer's output counts for the feature before the classifier, token by token.
///
/// A token's importance is the mean over images of the squared gradient of the feature in a random direction of ±1,
/// which is the squared norm of the feature's Jacobian (Hutchinson's estimate). Where a classifier reads one token,
/// that token's errors may count many times as much as those of others.
///
/// Source: importance of tokens in second-order closed forms as in RSQ (arXiv 2503.01820); gradients that guide them as
/// in GuidedQuant (arXiv 2505.07004).
package struct TokenImportance: Equatable, Sendable {
    /// `[units][layers][rows]`: the importance of every row of the layer's output that an image has, of mean 1.
    package let weights: [[[Float]]]

    /// Measures a model.
    ///
    /// - Parameters:
    ///   - model: All units in full precision, with backward products.
    ///   - images: `[images, channels · height · width]`, normalised.
    ///   - seed: Decides the directions.
    ///   - pool: The threads; the result does not depend on their number.
    package init(of model: [PreparedUnit], images: Matrix, seed: UInt64, pool: WorkerPool) {
        let units = model.map(\.unit)
        let (head, last) = (units[units.count - 1], units.count - 1)
        let perTask = ModelPass.imagesPerTask(rows: units.map(\.rows).max() ?? 1)
        let passes = (0..<pool.threads).map { _ in TwoWayPass(model, images: perTask) }
        let feature = head.operators[0].slot
        let directions = head.tapeShapes[feature].matrix(images: images.rows)
        var generator = SeededGenerator(seed: seed, stream: "directions of the feature")
        for row in 0..<directions.rows {
            for column in 0..<directions.columns {
                directions[row, column] = generator.next() & 1 == 0 ? 1 : -1
            }
        }
        let tasks = stride(from: 0, to: images.rows, by: perTask).map {
            $0..<min(images.rows, $0 + perTask)
        }
        let parts = TaskResults(count: tasks.count, repeating: [[[Double]]]())
        pool.run(tasks.count) { task, worker in
            let (range, pass) = (tasks[task], passes[worker])
            let input = images.rows(range)
            _ = pass.forward(input, images: range.count)
            let gradients = Tape(shapes: head.tapeShapes, images: range.count)
            let perImage = directions.rows / images.rows
            copy(
                directions.rows(range.lowerBound * perImage..<range.upperBound * perImage),
                into: gradients[feature])
            let dLogits = pass.outputGradient(images: range.count)
            scale(dLogits, by: 0, into: dLogits)
            var sums = units.map { unit in
                unit.linears.map { Array(repeating: 0.0, count: unit.tapeShapes[$0.gradientSlot].rows) }
            }
            pass.backward(
                input, images: range.count,
                local: LocalGradients(gradients: gradients, operators: head.operators.count), dInput: nil
            ) { index, tape in
                guard index < last else { return }
                for (layer, linear) in units[index].linears.enumerated() {
                    let gradient = tape[linear.gradientSlot]
                    let rows = sums[index][layer].count
                    for row in 0..<gradient.rows {
                        sums[index][layer][row % rows] += squaredNorm(gradient.rows(row..<row + 1))
                    }
                }
            }
            parts[task] = sums
        }
        weights = units.indices.map { index in
            units[index].linears.indices.map { layer in
                let first = parts.values[0][index][layer]
                return normalized(
                    first.indices.map { row in
                        parts.values.reduce(0) { $0 + $1[index][layer][row] }
                    })
            }
        }
    }
}

/// The same proportions with a mean of 1; ones where there are none.
private func normalized(_ values: [Double]) -> [Float] {
    let mean = values.reduce(0, +) / Double(values.count)
    guard mean > 0, mean.isFinite else { return Array(repeating: 1, count: values.count) }
    return values.map { Float($0 / mean) }
}
