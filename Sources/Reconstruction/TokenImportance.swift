internal import Kernels
package import TensorCore
internal import VisionTransformers

/// How strongly an error in a layer's output changes the feature before the classifier, token by token.
///
/// A token's importance is the squared gradient of the feature in a random direction of ±1, which estimates the squared
/// norm of the feature's Jacobian (Hutchinson). Where a classifier reads one token, errors of that token may weigh many
/// times as much as those of others.
///
/// Source: importance of tokens in second-order closed forms as in RSQ (arXiv 2503.01820); gradients that guide them as
/// in GuidedQuant (arXiv 2505.07004).
package struct TokenImportance: Equatable, Sendable {
    /// The importance of one unit's tokens.
    package struct Unit: Equatable, Sendable {
        /// `[layers][images · rows]`: the weight of each row of a layer's output, with mean 1; empty for the classifier.
        package let layers: [[Float]]
        /// The number of measured images.
        package let images: Int

        /// The weights of a layer's rows for a number of images; rows of images that were not measured get the mean
        /// weight of their position.
        ///
        /// - Parameters:
        ///   - layer: The layer's index in the unit.
        ///   - count: The number of images, of which the first are the measured ones.
        /// - Returns: `[images · rows]`; nil for the classifier.
        package func weights(of layer: Int, images count: Int) -> [Float]? {
            let known = layers[layer]
            guard !known.isEmpty else { return nil }
            let rows = known.count / images
            guard count > images else { return Array(known[..<(count * rows)]) }
            let means = (0..<rows).map { row in
                stride(from: row, to: known.count, by: rows).reduce(0) { $0 + known[$1] } / Float(images)
            }
            return known + (images..<count).flatMap { _ in means }
        }
    }

    /// Every unit of the model, in order.
    package let units: [Unit]

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
            var squares = units.map { unit in unit.linears.map { _ in [Double]() } }
            pass.backward(
                input, images: range.count,
                local: .gradients(gradients), dInput: nil
            ) { index, tape in
                guard index < last else { return }
                for (layer, linear) in units[index].linears.enumerated() {
                    let gradient = tape[linear.gradientSlot]
                    squares[index][layer] = (0..<gradient.rows).map {
                        squaredNorm(gradient.rows($0..<$0 + 1))
                    }
                }
            }
            parts[task] = squares
        }
        self.units = units.indices.map { index in
            Unit(
                layers: units[index].linears.indices.map { layer in
                    normalized(parts.values.flatMap { $0[index][layer] })
                }, images: images.rows)
        }
    }
}

/// The same proportions with a mean of 1; ones where there are none.
private func normalized(_ values: [Double]) -> [Float] {
    guard !values.isEmpty else { return [] }
    let mean = values.reduce(0, +) / Double(values.count)
    guard mean > 0, mean.isFinite else { return Array(repeating: 1, count: values.count) }
    return values.map { Float($0 / mean) }
}
