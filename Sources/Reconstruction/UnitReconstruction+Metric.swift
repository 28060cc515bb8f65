internal import Kernels
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// One measurement of the Fisher metric: means over the images of a batch.
struct FisherRow: Sendable {
    /// `[rows, columns]`: the magnitude of the divergence's gradient.
    let gradient: Matrix
    /// `[rows, columns]`: the magnitude of the error.
    let error: Matrix
}

extension UnitReconstruction {
    /// The temperature of the divergence that metrics are made of.
    private static let metricTemperature = 20.0
    /// How many measurements the Fisher metric has at most.
    private static let rank = 5
    /// How many images a metric that is shared by all is averaged over at most.
    private static let sharedImages = 128

    /// Measures how errors of the unit's output count, where that is decided before the first step.
    func prepareMetric() {
        switch settings.blockDistance {
        case .squaredError, .fima: break
        case .brecq: metric = .perImage(squaredGradients())
        case .aphq: metric = .shared(perturbationHessian())
        }
        renewFisher(on: Array(images.learned.prefix(settings.batch)), at: 0)
    }

    /// Adds a measurement to the Fisher metric, five times in all.
    func renewFisher(on batch: [Int], at index: Int) {
        guard settings.blockDistance == .fima, !task.isHead else { return }
        let interval = max(1, settings.steps / Self.rank)
        guard index == 0 && fisherRows.isEmpty || index > 0 && index % interval == 0,
            fisherRows.count < Self.rank
        else { return }
        refreshWeights(hard: false)
        let shape = task.unit.output
        let gradient = shape.matrix(images: 1)
        let error = shape.matrix(images: 1)
        differentiateOutputs(of: batch) { chunk in
            chunk.output
        } each: { chunk, _ in
            average(chunk.globalGradient, over: batch.count, into: gradient)
            let difference = Matrix(rows: chunk.output.rows, columns: chunk.output.columns)
            scaledDifference(chunk.output, chunk.target, factor: 1, into: difference)
            average(difference, over: batch.count, into: error)
        }
        fisherRows.append(FisherRow(gradient: gradient, error: error))
        metric = fisherMetric(on: error)
    }

    private func fisherMetric(on error: Matrix) -> BlockMetric {
        let rows = task.unit.output.rows
        let diagonal = task.unit.output.matrix(images: 1)
        let gradients = Matrix(rows: fisherRows.count * rows, columns: diagonal.columns)
        for (index, row) in fisherRows.enumerated() {
            scale(row.gradient, by: 1 / Float(fisherRows.count), into: diagonal, accumulate: true)
            copy(row.gradient, into: gradients.rows(index * rows..<(index + 1) * rows))
        }
        let zero = task.unit.output.matrix(images: 1)
        let products = fisherRows.map { a in
            fisherRows.map { b in weightedAbsoluteDistance(a.error, zero, weights: b.error) }
        }
        guard let inverse = inverted(products) else { return .shared(diagonal) }
        // Both parts start alike on the error that was just measured.
        let plain = BlockMetric.shared(diagonal)
        let whole = plain.sum(error, zero, weights: nil)
        let part = BlockMetric.LowRank(gradients: gradients, inverse: inverse, scale: 1)
        let unscaled = BlockMetric.shared(diagonal, lowRank: part).sum(error, zero, weights: nil) - whole
        guard unscaled > 0, unscaled.isFinite else { return plain }
        return .shared(
            diagonal,
            lowRank: BlockMetric.LowRank(gradients: gradients, inverse: inverse, scale: whole / unscaled))
    }

    /// `[images · rows, columns]`: the squared gradient of the divergence at the calibrated unit's output.
    private func squaredGradients() -> Matrix {
        let shape = task.unit.output
        let result = shape.matrix(images: task.images)
        refreshWeights(hard: true)
        for start in stride(from: 0, to: task.images, by: settings.batch) {
            let first = max(0, min(start, task.images - settings.batch))
            let batch = Array(first..<first + settings.batch)
            differentiateOutputs(of: batch) { chunk in
                chunk.output
            } each: { chunk, images in
                for (position, image) in images.enumerated() {
                    let rows = position * shape.rows..<(position + 1) * shape.rows
                    let out = result.rows(image * shape.rows..<(image + 1) * shape.rows)
                    scale(out, by: 0, into: out)
                    let gradient = chunk.globalGradient.rows(rows)
                    let zero = Matrix(rows: shape.rows, columns: shape.columns)
                    // g · (g − 0) is the square.
                    _ = weightedDistance(gradient, zero, weights: gradient, gradient: out)
                }
            }
        }
        return result
    }

    /// `[rows, columns]`: by how much a small shift of the full-precision output changes the divergence's gradient.
    private func perturbationHessian() -> Matrix {
        let shape = task.unit.output
        let result = shape.matrix(images: 1)
        let count = min(images.learned.count, max(settings.batch, Self.sharedImages))
        let power = squaredNorm(task.target) / Double(task.target.rows * task.target.columns)
        let shift = Float(max(1e-2 * power.squareRoot(), 1e-6))
        let shifts = [shift, -shift].map { value in
            Vector(Array(repeating: value, count: shape.columns))
        }
        let all = Array(images.learned.prefix(count))
        for start in stride(from: 0, through: count - settings.batch, by: settings.batch) {
            let batch = Array(all[start..<start + settings.batch])
            let up = shape.matrix(images: settings.batch)
            for (index, offset) in shifts.enumerated() {
                differentiateOutputs(of: batch) { chunk in
                    addRowBias(chunk.target, offset, into: chunk.output)
                    return chunk.output
                } each: { chunk, _ in
                    let rows = chunk.images.lowerBound * shape.rows..<chunk.images.upperBound * shape.rows
                    if index == 0 {
                        copy(chunk.globalGradient, into: up.rows(rows))
                    } else {
                        scaledDifference(
                            up.rows(rows), chunk.globalGradient, factor: 1, into: up.rows(rows))
                        average(up.rows(rows), over: count, into: result)
                    }
                }
            }
        }
        return result
    }

    /// Runs the unit on a batch and the units behind on what `output` makes of it, and gives every task's images
    /// with the gradient of their divergence, in order.
    private func differentiateOutputs(
        of batch: [Int], output: (ReconstructionWorkspace.Chunk) -> Matrix,
        each: (ReconstructionWorkspace.Chunk, ArraySlice<Int>) -> Void
    ) {
        pool.run(workspace.chunks.count) { index, worker in
            let chunk = workspace.chunks[index]
            let images = batch[chunk.images]
            gather(images, of: task.prefixInput, task.unit.input.rows, into: chunk.input)
            gather(images, of: task.target, task.unit.output.rows, into: chunk.target)
            task.unit.forward(
                chunk.input, parameters: parameters, transform: chunk.transform, tape: chunk.tape,
                output: chunk.output)
            _ = output(chunk)
            _ = globalTerm(
                chunk, images, worker, target: .logits, temperature: Self.metricTemperature, factor: 1, of: 1)
        }
        for chunk in workspace.chunks {
            each(chunk, batch[chunk.images])
        }
    }

    /// Adds the mean magnitude over images.
    private func average(_ x: Matrix, over count: Int, into sum: Matrix) {
        let rows = task.unit.output.rows
        for image in 0..<x.rows / rows {
            let part = x.rows(image * rows..<(image + 1) * rows)
            for row in 0..<rows {
                for column in 0..<part.columns {
                    sum[row, column] += abs(part[row, column]) / Float(count)
                }
            }
        }
    }
}

/// The inverse of a small symmetric matrix, slightly damped; nil if there is none.
private func inverted(_ matrix: [[Double]]) -> [[Double]]? {
    let n = matrix.count
    var a = matrix
    let trace = (0..<n).reduce(0.0) { $0 + matrix[$1][$1] }
    for index in 0..<n {
        a[index][index] += 1e-4 * trace / Double(n)
    }
    var result = (0..<n).map { row in (0..<n).map { row == $0 ? 1.0 : 0.0 } }
    for pivot in 0..<n {
        let value = a[pivot][pivot]
        guard value > 0, value.isFinite else { return nil }
        for column in 0..<n {
            a[pivot][column] /= value
            result[pivot][column] /= value
        }
        for row in 0..<n where row != pivot {
            let factor = a[row][pivot]
            for column in 0..<n {
                a[row][column] -= factor * a[pivot][column]
                result[row][column] -= factor * result[pivot][column]
            }
        }
    }
    return result
}
