internal import Kernels
package import Quantization
package import TensorCore
package import VisionTransformers
package import Vocabulary

/// Learns all units of a quantized model together, from what the whole model gives.
///
/// Units that were reconstructed one by one imitate their own outputs; none of them knows how the errors of all meet in the
/// logits. A step takes new views of images through the teacher and through the whole quantized model and back, and lets
/// Adam move every unit's weights, biases and activation scales:
///
///     let reconstruction = ModelReconstruction(task, settings: settings, seed: plan.seed, pool: pool)
///     for _ in 0..<steps { record(reconstruction.step()) }
///     let model = try reconstruction.finish()
///
/// The model is supervised like a unit whose operators are its units: the block term is the divergence of logits, the global
/// term the squared error of the feature before the classifier, the local term the mean of the squared errors of all units'
/// outputs. Each is divided by what it is at the start. The same task and settings give the same bits for any number of
/// threads.
package final class ModelReconstruction {
    /// What is learned, and from what.
    package struct Task: Sendable {
        /// Gives new views of images: `[numbers, channels · height · width]`, normalised.
        package typealias Views = @Sendable (_ numbers: [Int], _ generator: inout SeededGenerator) -> Matrix

        let teacher: [PreparedUnit]
        let units: [any ModelUnit]
        let model: [QuantizedUnit]
        let images: Int
        let views: Views

        /// Puts a task together.
        ///
        /// - Parameters:
        ///   - teacher: The units in full precision, the head last.
        ///   - units: The units of the model that learns; they may have another activation than the teacher's.
        ///   - model: Their quantized states, from which learning starts.
        ///   - images: The number of images.
        ///   - views: Gives new views of them.
        package init(
            teacher: [PreparedUnit], units: [any ModelUnit], model: [QuantizedUnit], images: Int,
            views: @escaping Views
        ) {
            (self.teacher, self.units, self.model) = (teacher, units, model)
            (self.images, self.views) = (images, views)
        }
    }

    /// One unit's part.
    private struct Part: Sendable {
        let unit: any ModelUnit
        let start: QuantizedUnit
        let learned: LearnedUnit
        let settings: Hyperparameters
        let tape: Tape
        let output: Matrix
        /// Of `output`.
        let gradient: Matrix
        /// Its quantizers, which collect the gradients of scales, for each of a step's tasks.
        let transforms: [QuantizingTransform]

        /// The rows of some images of the output or its gradient.
        func rows(of matrix: Matrix, _ images: Range<Int>) -> Matrix {
            matrix.rows(images.lowerBound * unit.output.rows..<images.upperBound * unit.output.rows)
        }

        /// The values of the outputs of so many images.
        func outputElements(of images: Int) -> Double {
            Double(images * unit.output.rows * unit.output.columns)
        }
    }

    /// The memory of one worker.
    private struct Worker: Sendable {
        let scratch: [Tape]
        /// The teacher's activations and outputs.
        let tapes: [Tape]
        let outputs: [Matrix]
    }

    /// What is measured on a step's images.
    package struct Measures: Equatable, Sendable {
        /// The divergence of logits, in nats.
        package var logits: Double
        /// The mean squared error of the feature before the classifier.
        package var feature: Double
        /// The mean squared error of each unit's output but the head's.
        package var outputs: [Double]

        fileprivate static func + (a: Measures, b: Measures) -> Measures {
            Measures(
                logits: a.logits + b.logits, feature: a.feature + b.feature,
                outputs: zip(a.outputs, b.outputs).map { $0 + $1 })
        }
    }

    private let task: Task
    private let settings: Hyperparameters
    private let label: (unit: Int, attempt: Int)
    private let pool: WorkerPool
    private let batch: Int
    private let parts: [Part]
    private let workers: [Worker]
    /// Which of a step's images each task takes.
    private let chunks: [Range<Int>]
    private var optimizers: [StepOptimizer]
    private var batches: ShuffledBatches
    private var order: SeededGenerator
    private var completed = 0
    private var divisors: Measures

    /// Makes room, and measures what the terms are divided by.
    ///
    /// - Parameters:
    ///   - task: The model and its images.
    ///   - attempt: The head's attempt, which samples carry.
    ///   - settings: One for each unit, for its rates; the head's decide steps and batch.
    ///   - seed: Decides the order and the views of images.
    ///   - pool: The threads.
    package init(
        _ task: Task, attempt: Int = 1, settings: [Hyperparameters], seed: UInt64, pool: WorkerPool
    ) {
        let last = task.units.count - 1
        let batch = min(settings[last].batch, task.images)
        let perTask = ModelPass.imagesPerTask(
            learning: task.units.map(\.rows).max() ?? 1, batch: batch)
        let chunks = stride(from: 0, to: batch, by: perTask).map { $0..<min(batch, $0 + perTask) }
        (self.task, self.settings, self.pool) = (task, settings[last], pool)
        (self.batch, self.chunks, label) = (batch, chunks, (last, attempt))
        parts = task.units.indices.map { index in
            let (unit, own) = (task.units[index], settings[index])
            let learned = LearnedUnit(
                task.model[index], linears: unit.linears, settings: own.straightThrough)
            return Part(
                unit: unit, start: task.model[index], learned: learned, settings: own,
                tape: Tape(shapes: unit.tapeShapes, images: batch),
                output: unit.output.matrix(images: batch), gradient: unit.output.matrix(images: batch),
                transforms: chunks.map { _ in learned.transform.collectingScaleGradients() })
        }
        workers = (0..<pool.threads).map { _ in
            Worker(
                scratch: task.units.map { Tape(shapes: $0.scratchShapes, images: perTask) },
                tapes: task.teacher.map { Tape(shapes: $0.unit.tapeShapes, images: perTask) },
                outputs: task.teacher.map { $0.unit.output.matrix(images: perTask) })
        }
        optimizers = parts.map { StepOptimizer($0.learned) }
        batches = ShuffledBatches(Array(0..<task.images))
        order = SeededGenerator(seed: seed, stream: "images of all units")
        divisors = Measures(logits: 1, feature: 1, outputs: Array(repeating: 1, count: last))
        var draw = SeededGenerator(seed: seed, stream: "divisors of all units")
        let count = min(4, (task.images + batch - 1) / batch)
        refresh()
        let start = (0..<count).map { _ in
            let numbers = Array(draw.permutation(of: task.images).prefix(batch))
            return run(task.views(numbers, &draw), backward: false)
        }
        let sum = start.dropFirst().reduce(start[0], +)
        func divisor(_ sum: Double) -> Double { max(1e-12, sum / Double(count)) }
        divisors = Measures(
            logits: divisor(sum.logits), feature: divisor(sum.feature), outputs: sum.outputs.map(divisor))
    }

    private func refresh() {
        for part in parts { part.learned.refresh(hard: false, pool: pool) }
    }
}

extension Hyperparameters {
    /// The same with weights that learn through their quantizer.
    fileprivate var straightThrough: Hyperparameters {
        var result = self
        result.rounding = .ste
        return result
    }

    /// The rate of a unit's weights among all units; learned roundings stay as they are.
    fileprivate var jointWeightRate: Double { rounding == .ste ? weightLearningRate : 0 }
}

// MARK: - Steps

extension ModelReconstruction {
    /// Carries out one step.
    ///
    /// - Returns: What it measured before its update: the divergence of logits in nats as the block term, which is the head's
    ///   own, the mean squared error of the feature as the global one, and the mean of the relative errors of units as the
    ///   local one.
    package func step() -> StepSample {
        let progress = Double(completed) / Double(settings.jointSteps)
        let numbers = batches.next(batch, generator: &order)
        let (measures, terms, weighted) = differentiate(task.views(numbers, &order))
        completed += 1
        for (index, part) in parts.enumerated() {
            let factor = part.settings.learningRateFactor(at: progress)
            optimizers[index].updateLinears(
                step: completed, rate: part.settings.jointWeightRate * factor, exponent: nil, pool: pool)
            guard part.settings.scaleLearningRate > 0 else { continue }
            optimizers[index].updateScales(
                step: completed, rate: part.settings.scaleLearningRate * factor,
                gradients: part.learned.scaleGradients(of: part.transforms))
        }
        var sample = StepSample(
            unit: label.unit, attempt: label.attempt, step: settings.steps + completed,
            steps: settings.steps + settings.jointSteps, loss: weighted.sum, terms: terms, weighted: weighted)
        sample.operatorLosses = parts.indices.dropLast().map {
            OperatorLoss(name: parts[$0].unit.name, loss: measures.outputs[$0] / divisors.outputs[$0])
        }
        return sample
    }

    /// The gradients of the loss on given images; nothing is updated.
    ///
    /// - Parameter images: `[batch, channels · height · width]`, normalised.
    /// - Returns: The measures; of every unit the gradient of each linear layer's multiplied weight (`[outputs, inputs]`, row
    ///   by row) and of each site's learned scales.
    package func gradients(on images: Matrix) -> (
        measures: Measures, weights: [[[Float]]], scales: [[[Float]]]
    ) {
        (
            differentiate(images).measures, parts.map { $0.learned.linears.map(\.gradient.elements) },
            parts.map { $0.learned.scaleGradients(of: $0.transforms) }
        )
    }

    /// Ends learning.
    ///
    /// - Returns: The units, weights on their levels and scales as learned.
    /// - Throws: A scale that is no longer positive and finite: the optimisation diverged.
    package func finish() throws(QuantizationError) -> [QuantizedUnit] {
        try parts.map { part throws(QuantizationError) in try part.learned.quantized(part.start) }
    }

    /// Leaves the gradients of the loss in the units.
    private func differentiate(_ images: Matrix) -> (measures: Measures, terms: Terms, weighted: Terms) {
        refresh()
        let measures = run(images, backward: true)
        for part in parts { part.learned.sumGradients(of: part.unit, in: part.tape, pool: pool) }
        let relative = zip(measures.outputs, divisors.outputs).map { $0 / $1 }
        let local = relative.reduce(0, +) / Double(relative.count)
        return (
            measures, Terms(block: measures.logits, global: measures.feature, local: local),
            Terms(
                block: measures.logits / divisors.logits, global: measures.feature / divisors.feature,
                local: local)
        )
    }

    /// Runs images through the teacher and the model, and back if that is wanted.
    private func run(_ images: Matrix, backward: Bool) -> Measures {
        let none = Measures(logits: 0, feature: 0, outputs: divisors.outputs.map { _ in 0 })
        let results = TaskResults(count: chunks.count, repeating: none)
        pool.run(chunks.count) { chunk, worker in
            let input = images.rows(chunks[chunk])
            runTeacher(input, workers[worker])
            let measures = forward(input, chunk, workers[worker])
            results[chunk] = measures
            if backward { self.backward(input, chunk, workers[worker]) }
        }
        return results.values.reduce(none, +)
    }

    private func runTeacher(_ input: Matrix, _ worker: Worker) {
        var current = input
        for (index, unit) in task.teacher.enumerated() {
            let output = worker.outputs[index].rows(0..<input.rows * unit.unit.output.rows)
            unit.forward(current, tape: worker.tapes[index].images(0..<input.rows), output: output)
            current = output
        }
    }

    /// Runs the model on one task's images.
    ///
    /// - Returns: The task's part of every measure; the gradient of logits is left in the head.
    private func forward(_ input: Matrix, _ chunk: Int, _ worker: Worker) -> Measures {
        let images = chunks[chunk]
        var current = input
        var outputs: [Double] = []
        for (index, part) in parts.enumerated() {
            let output = part.rows(of: part.output, images)
            part.unit.forward(
                current, parameters: part.learned.parameters, transform: part.transforms[chunk],
                tape: part.tape.images(images), output: output, before: nil)
            current = output
            guard index < label.unit else { break }
            let wanted = worker.outputs[index].rows(0..<output.rows)
            outputs.append(squaredDistance(output, wanted) / part.outputElements(of: batch))
        }
        let head = parts[label.unit]
        let logits = kullbackLeibler(
            target: worker.outputs[label.unit].rows(0..<current.rows), student: current,
            gradient: head.rows(of: head.gradient, images),
            gradientFactor: Float(1 / (divisors.logits * Double(batch))))
        let (feature, reference) = features(chunk, worker)
        return Measures(
            logits: logits / Double(batch),
            feature: squaredDistance(feature, reference) / Double(batch * feature.columns), outputs: outputs)
    }

    /// Carries the gradients back through the model, from what `forward` left.
    private func backward(_ input: Matrix, _ chunk: Int, _ worker: Worker) {
        let images = chunks[chunk]
        let (feature, _) = features(chunk, worker)
        let factor = Float(2 / (divisors.feature * Double(batch * feature.columns)))
        for (index, part) in parts.enumerated().reversed() {
            part.transforms[chunk].clearScaleGradients()
            let before = index > 0 ? parts[index - 1] : nil
            let reference = worker.tapes[index].images(0..<images.count)
            part.unit.backward(
                part.rows(of: part.gradient, images),
                input: before.map { $0.rows(of: $0.output, images) } ?? input,
                parameters: part.learned.parameters, transform: part.transforms[chunk],
                tape: part.tape.images(images), scratch: worker.scratch[index].images(0..<images.count),
                local: index == label.unit ? .differences(from: reference, factors: [factor]) : nil,
                dInput: before.map { $0.rows(of: $0.gradient, images) })
            guard let before else { continue }
            let output = before.rows(of: before.output, images)
            let share = 2 / (divisors.outputs[index - 1] * Double(divisors.outputs.count))
            scaledDifference(
                output, worker.outputs[index - 1].rows(0..<output.rows),
                factor: Float(share / before.outputElements(of: batch)),
                into: before.rows(of: before.gradient, images), accumulate: true)
        }
    }

    /// The features before the classifier of one task's images: the model's, and the teacher's.
    private func features(_ chunk: Int, _ worker: Worker) -> (Matrix, Matrix) {
        let (head, images) = (parts[label.unit], chunks[chunk])
        let slot = head.unit.operators[0].slot
        return (head.tape.images(images)[slot], worker.tapes[label.unit].images(0..<images.count)[slot])
    }
}
