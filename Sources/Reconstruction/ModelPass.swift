package import TensorCore
package import VisionTransformers

/// Runs a sequence of units over many images, some at a time on every worker.
///
/// How images are grouped depends on shapes alone, never on the number of threads.
package final class ModelPass: Sendable {
    /// The units, the output of one being the input of the next.
    package let units: [PreparedUnit]
    /// How many images one task takes through all units.
    package let imagesPerTask: Int
    private let workers: [Worker]
    private let pool: WorkerPool

    /// The memory of one worker.
    private struct Worker {
        let tapes: [Tape]
        let boundaries: [Matrix]
    }

    /// Makes room for a pass.
    ///
    /// - Parameters:
    ///   - units: The units, at least one.
    ///   - pool: The threads.
    package init(_ units: [PreparedUnit], pool: WorkerPool) {
        precondition(!units.isEmpty, "a pass needs a unit")
        self.units = units
        self.pool = pool
        let images = ModelPass.imagesPerTask(rows: units.map { $0.unit.rows }.max() ?? 1)
        imagesPerTask = images
        workers = (0..<pool.threads).map { _ in
            var tapesByShape: [(shapes: [RowShape], tape: Tape)] = []
            let tapes = units.map { prepared in
                let shapes = prepared.unit.tapeShapes
                if let tape = tapesByShape.first(where: { $0.shapes == shapes })?.tape { return tape }
                let tape = Tape(shapes: shapes, images: images)
                tapesByShape.append((shapes, tape))
                return tape
            }
            return Worker(tapes: tapes, boundaries: units.map { $0.unit.output.matrix(images: images) })
        }
    }

    /// The number of images of one task: enough rows for efficient products, few enough to stay in cache.
    ///
    /// - Parameter rows: The rows of one image.
    /// - Returns: 1 through 8.
    package static func imagesPerTask(rows: Int) -> Int { max(1, min(8, 800 / max(1, rows))) }

    /// The number of a step's images that one task takes through a unit that learns.
    ///
    /// It is small: where the global term sees a share of the images, its tasks also run the suffix and take many times
    /// as long as the others, so every thread needs some of them.
    package static func imagesPerTask(learning rows: Int, batch: Int) -> Int {
        min(batch, max(1, min(4, 100 / max(1, rows))))
    }

    /// Runs all units.
    ///
    /// - Parameters:
    ///   - input: `[images · rows, columns]`, the first unit's input.
    ///   - output: `[images · rows, columns]`, the last unit's output; overwritten; nil if it is not needed.
    ///   - layer: The last unit's linear layer before which the pass ends, without any output; nil for the whole pass.
    ///   - observe: Called for every task, concurrently, with its images and the tape of each unit.
    package func run(
        _ input: Matrix, into output: Matrix?, before layer: Int? = nil,
        observe: ((Range<Int>, [Tape]) -> Void)? = nil
    ) {
        guard let first = units.first?.unit, let last = units.last?.unit else { return }
        let images = input.rows / first.input.rows
        precondition(
            output.map { $0.rows == images * last.output.rows } ?? true,
            "\(output?.rows ?? 0) rows of output for \(images) images")
        pool.run((images + imagesPerTask - 1) / imagesPerTask) { task, worker in
            let range = task * imagesPerTask..<min(images, (task + 1) * imagesPerTask)
            let tapes = workers[worker].tapes.map { $0.images(0..<range.count) }
            var current = input.rows(
                range.lowerBound * first.input.rows..<range.upperBound * first.input.rows)
            for (index, prepared) in units.enumerated() {
                let shape = prepared.unit.output
                let isLast = index == units.count - 1
                let scratch = workers[worker].boundaries[index].rows(0..<range.count * shape.rows)
                let target =
                    isLast
                    ? output?.rows(range.lowerBound * shape.rows..<range.upperBound * shape.rows) ?? scratch
                    : scratch
                prepared.forward(current, tape: tapes[index], output: target, before: isLast ? layer : nil)
                current = target
            }
            observe?(range, tapes)
        }
    }
}
