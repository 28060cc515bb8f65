internal import Checkpoints
internal import Datasets
internal import Kernels
internal import Reconstruction
package import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// Says what a run will probably take, from the shapes of its model and a short measurement.
///
/// Files are read and passes timed once; every plan for the same files is then answered at once.
package final class RunEstimator: Sendable {
    private let units: [UnitCost]
    private let names: [String]
    private let calibrationImages: Int
    private let evaluationImages: Int
    private let heldOutLimit: Int
    private let threads: Int
    private let pixels: Int
    private let configuration: ModelConfiguration
    /// Images per second that the full-precision model is run on.
    private let rate: Double

    /// Reads a plan's files and times the full-precision model.
    ///
    /// - Parameters:
    ///   - resources: Where the plan's references lead.
    ///   - imageSize: The sides of the images that the model is to read, in pixels; nil takes the checkpoint's.
    ///   - heads: The number of a ViT's attention heads; nil takes what config.json or its architecture says.
    ///   - threads: The number of threads that will work.
    ///   - heldOutImages: On how many images attempts will be compared.
    /// - Throws: `RunFailure` with one sentence where a file cannot be used.
    package init(
        resources: RunResources, imageSize: Int?, heads: Int? = nil, threads: Int,
        heldOutImages: Int = EngineOptions.defaultHeldOutImages
    ) throws(RunFailure) {
        do {
            let checkpoint = try loadCheckpoint(
                path: resources.modelPath, imageSize: imageSize.map { ($0, $0) }, heads: heads)
            let model = checkpoint.model
            let shape = model.configuration
            let pipeline = try PreprocessingPipeline(checkpoint.preparation)
            func count(_ path: String) throws -> Int {
                let set = try ImageSet(path: path)
                try set.require(pipeline)
                return set.count
            }
            calibrationImages = try count(resources.calibrationPath)
            evaluationImages = try resources.evaluationPath.map(count) ?? 0
            units = zip(model.units, model.weights).map { UnitCost($0, weights: $1) }
            names = model.units.map(\.name)
            heldOutLimit = heldOutImages
            self.threads = threads
            configuration = shape
            pixels = shape.channels * shape.imageHeight * shape.imageWidth
            rate = RunEstimator.measuredRate(of: model, threads: threads, pixels: pixels)
        } catch {
            throw failure(of: error)
        }
    }

    /// Times passes of the full-precision model on images of noise, for a few tenths of a second.
    private static func measuredRate(of model: VisionTransformer, threads: Int, pixels: Int) -> Double {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        let prepared = zip(model.units, model.weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: false)
        }
        let pass = ModelPass(prepared, pool: pool)
        let images = noiseImages(threads * pass.imagesPerTask, values: pixels, stream: "images to time")
        let logits = Matrix(rows: images.rows, columns: model.configuration.outputs)
        // The first pass touches memory for the first time.
        pass.run(images, into: logits)
        let clock = ContinuousClock()
        let began = clock.now
        var passes = 0
        while passes < 2 || clock.now - began < .milliseconds(200) && passes < 1000 {
            pass.run(images, into: logits)
            passes += 1
        }
        return Double(passes * images.rows) / ((clock.now - began) / .seconds(1))
    }

    /// The estimate for a plan.
    ///
    /// - Throws: `RunFailure(.badData)` for overrides that are wrong.
    package func estimate(_ plan: RunPlan) throws(RunFailure) -> RunEstimate {
        var hyperparameters: [Hyperparameters] = []
        do throws(PlanError) {
            for name in names {
                hyperparameters.append(try plan.hyperparameters(of: name))
            }
        } catch {
            throw RunFailure(.badData, "\(error)")
        }
        let images = min(plan.calibrationImages, calibrationImages)
        let heldOut = HeldOutSource.choice(
            heldOutLimit, unused: calibrationImages - images, evaluation: evaluationImages)
        let left = heldOut.source == .evaluation ? heldOut.count : 0
        let work = RunWork(
            units: units, originals: images, images: images * plan.hyperparameters.viewsPerImage(of: images),
            evaluated: evaluationImages > 0 ? evaluationImages - left : images,
            heldOut: heldOut.count, isEvaluated: evaluationImages > 0,
            refitSteps: refitSteps(plan.hyperparameters, of: configuration))
        let total = units.reduce(0) { $0 + $1.operations }
        let operationsPerSecond = rate * total
        let perOperation = 1 / operationsPerSecond
        let perValue = RunWork.secondsPerSearchedValue / Double(threads)
        func seconds(_ amount: RunWork.Amount) -> Double {
            amount.operations * perOperation + amount.searched * perValue
        }
        return RunEstimate(
            preparationSeconds: seconds((work.preparation(hyperparameters), 0)),
            units: units.indices.map { unit in
                let parts = work.unit(unit, hyperparameters)
                return RunEstimate.UnitParts(
                    calibration: seconds(parts.calibration), steps: seconds((parts.steps, 0)),
                    judgement: seconds((parts.judgement, 0)))
            },
            baselineSeconds: seconds(work.baselines(hyperparameters)),
            evaluationSeconds: work.evaluation * perOperation,
            operationsPerSecond: operationsPerSecond,
            memory: work.memory(
                hyperparameters, threads: threads, pixels: pixels, classes: configuration.outputs))
    }
}
