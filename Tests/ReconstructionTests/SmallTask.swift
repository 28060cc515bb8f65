import Quantization
import Reconstruction
import TensorCore
import TensorTestSupport
import VisionTransformers
import Vocabulary

/// A small random model with caches, ready for the reconstruction of one of its blocks.
struct SmallTask {
    let model: VisionTransformer
    let fullPrecision: [PreparedUnit]
    let images: Matrix
    let logits: Matrix
    let features: Matrix
    let pool: WorkerPool

    init(
        seed: UInt64, depth: Int = 2, images count: Int = 6, threads: Int = 1,
        pooling: ViTConfiguration.Pooling = .classToken, classes: Int = 5,
        change: (inout ViTConfiguration) -> Void = { _ in }
    ) {
        var shape = ViTConfiguration(
            imageHeight: 8, imageWidth: 8, patchHeight: 4, patchWidth: 4, channels: 1, width: 12,
            depth: depth, heads: 2,
            hiddenWidth: 20, classes: classes)
        shape.hasLayerScale = true
        shape.pooling = pooling
        change(&shape)
        self.init(.vit(shape), seed: seed, images: count, threads: threads)
    }

    /// A model of any shape that reads 8 × 8 pixels of one channel.
    init(_ shape: ModelConfiguration, seed: UInt64, images count: Int = 6, threads: Int = 1) {
        var generator = SeededGenerator(seed: seed, stream: "model")
        func tensor(_ name: String, _ shape: [Int]) -> Tensor {
            let count = shape.reduce(1, *)
            let isGain =
                name.contains("norm") && name.hasSuffix("weight") || name.hasSuffix("gamma")
                || name.hasSuffix("logit_scale")
            let spread = shape.count >= 2 ? 1.5 / Float(count / shape[0]).squareRoot() : 0.3
            return Tensor(
                shape: shape,
                elements: (0..<count).map { _ in
                    (isGain ? 1 : 0) + spread * 2 * (generator.uniform() - 0.5) * (isGain ? 0.5 : 1.7)
                })
        }
        model = VisionTransformer(configuration: shape) { tensor($0, $1) }
        pool = WorkerPool(threads: threads)
        fullPrecision = zip(model.units, model.weights).map {
            PreparedUnit(fullPrecision: $0, weights: $1, backward: true)
        }
        var pixels = SeededGenerator(seed: seed, stream: "pixels")
        images = Matrix(
            rows: count, columns: 64, elements: (0..<count * 64).map { _ in 4 * pixels.uniform() - 2 })
        let logits = Matrix(rows: count, columns: shape.outputs)
        let head = model.units[model.units.count - 1]
        let slot = head.operators[0].slot
        let features = Matrix(rows: count, columns: head.tapeShapes[slot].columns)
        ModelPass(fullPrecision, pool: pool).run(images, into: logits) { range, tapes in
            for (position, image) in range.enumerated() {
                for column in 0..<features.columns {
                    features[image, column] = tapes[tapes.count - 1][slot][position, column]
                }
            }
        }
        self.logits = logits
        self.features = features
    }

    /// The unit as the checkpoint has it, nothing quantized.
    func untouched(_ index: Int) -> QuantizedUnit {
        QuantizedUnit(
            linears: model.weights[index].linears.map {
                QuantizedLinear(weight: $0.weight, bias: $0.bias, quantizer: .fullPrecision)
            },
            vectors: model.weights[index].vectors,
            sites: Array(repeating: .fullPrecision, count: model.units[index].sites.count))
    }

    /// The unit with noise on every weight, so that its outputs differ from the target's.
    func disturbed(_ index: Int, seed: UInt64, by size: Float = 0.1) -> QuantizedUnit {
        var unit = untouched(index)
        var noise = SeededGenerator(seed: seed, stream: "noise")
        for layer in unit.linears.indices {
            for element in unit.linears[layer].weight.elements.indices {
                unit.linears[layer].weight.elements[element] += size * (noise.uniform() - 0.5)
            }
        }
        return unit
    }

    /// What precedes the unit, run in full precision.
    func input(of index: Int) -> Matrix {
        guard index > 0 else { return images }
        let output = model.units[index].input.matrix(images: images.rows)
        ModelPass(Array(fullPrecision[..<index]), pool: pool).run(images, into: output)
        return output
    }

    /// What a quantized prefix gives instead: the full-precision input with noise on it.
    func prefixInput(of index: Int, noise size: Float = 0.2) -> Matrix {
        let input = input(of: index)
        let noise = seededMatrix(input.rows, input.columns, seed: 77, scale: size)
        return Matrix(
            rows: input.rows, columns: input.columns, elements: zip(input.elements, noise.elements).map(+)
        )
    }

    /// The reconstruction of a unit after a quantized prefix, whose outputs are not those of full precision.
    func task(_ index: Int, state: QuantizedUnit, views: Int = 1, originals: Int? = nil) -> ReconstructionTask
    {
        let input = input(of: index)
        let target = model.units[index].output.matrix(images: images.rows)
        ModelPass([fullPrecision[index]], pool: pool).run(input, into: target)
        return ReconstructionTask(
            unit: model.units[index], state: state, fullPrecision: fullPrecision[index],
            prefixInput: prefixInput(of: index), fullPrecisionInput: input, target: target,
            suffix: Array(fullPrecision[(index + 1)...]), logits: logits, features: features,
            originals: originals ?? images.rows / views)
    }

    /// The reconstruction of a task, ready for its first step.
    func reconstruction(_ task: ReconstructionTask, _ settings: Hyperparameters) -> UnitReconstruction {
        UnitReconstruction(task, settings: settings, seed: 1, pool: pool)
    }

    func settings(block: Double, global: Double, local: Double) -> Hyperparameters {
        var settings = Hyperparameters()
        settings.steps = 30
        settings.batch = images.rows
        settings.weightLearningRate = 1e-3
        settings.scaleLearningRate = 1e-3
        settings.warmUp = 0
        settings.backoffs = 0
        settings.leastRows = 0
        settings.blockWeight = block
        settings.globalWeight = global
        settings.globalShare = 1
        settings.globalTarget = .logits
        settings.localWeight = local
        settings.fusion = .fixed
        return settings
    }
}

extension CalibrationSettings {
    /// The same bits for every weight and site of a unit, weights rounded to the nearest code and uniform inputs of fc2.
    static func nearest(_ unit: any ModelUnit, bits: Int) -> CalibrationSettings {
        var values = Hyperparameters()
        values.weightSolver = .nearest
        values.geluLevels = .uniform
        return CalibrationSettings(
            values, weightBits: unit.linears.map { _ in bits },
            activationBits: unit.sites.map { _ in bits })
    }
}

extension SmallTask {
    /// A unit calibrated after a quantized prefix.
    func calibrated(_ index: Int, bits: Int) throws -> QuantizedUnit {
        let unit = model.units[index]
        return try calibrate(
            unit, weights: model.weights[index], fullPrecision: fullPrecision[index],
            input: prefixInput(of: index), fullPrecisionInput: input(of: index), originals: images.rows,
            settings: .nearest(unit, bits: bits),
            pool: pool
        ).unit
    }
}
