import Kernels
import Quantization
import Reconstruction
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

@Suite("All units together")
struct ModelReconstructionTests {
    /// A reconstruction whose views of images are the images, all of them in every step.
    private func reconstruction(
        _ small: SmallTask, _ model: [QuantizedUnit], change: (inout Hyperparameters) -> Void = { _ in }
    ) -> ModelReconstruction {
        var settings = small.settings(block: 1, global: 0, local: 0)
        settings.jointSteps = 20
        change(&settings)
        let images = small.images
        let task = ModelReconstruction.Task(
            teacher: small.fullPrecision, units: small.model.units, model: model, images: images.rows
        ) { numbers, _ in
            Matrix(
                rows: numbers.count, columns: images.columns,
                elements: numbers.flatMap { images.rows($0..<$0 + 1).elements })
        }
        return ModelReconstruction(
            task, settings: model.map { _ in settings }, seed: 1, pool: small.pool)
    }

    /// What a model has of its loss at the start, when every term is 1.
    private func loss(
        _ small: SmallTask, _ model: [QuantizedUnit], relativeTo start: ModelReconstruction.Measures
    ) -> Double {
        let found = reconstruction(small, model).gradients(on: small.images).measures
        let outputs = zip(found.outputs, start.outputs).map { $0 / $1 }
        return found.logits / start.logits + found.feature / start.feature
            + outputs.reduce(0, +) / Double(outputs.count)
    }

    @Test(
        "with quantizers off, gradients of every unit's weights agree with central differences",
        arguments: [ViTConfiguration.Pooling.classToken, .classTokenAndAverage])
    func gradients(pooling: ViTConfiguration.Pooling) {
        let small = SmallTask(seed: 5, pooling: pooling)
        defer { small.pool.shutDown() }
        let model = small.model.units.indices.map { small.disturbed($0, seed: 5) }
        let (start, weights, _) = reconstruction(small, model).gradients(on: small.images)
        var pick = SeededGenerator(seed: 5, stream: "pick")
        for unit in model.indices {
            for layer in model[unit].linears.indices {
                var (difference, size) = (0.0, 0.0)
                for _ in 0..<12 {
                    let element = pick.index(below: model[unit].linears[layer].weight.count)
                    let step: Float = 4e-3
                    var (up, down) = (model, model)
                    up[unit].linears[layer].weight.elements[element] += step
                    down[unit].linears[layer].weight.elements[element] -= step
                    let numeric =
                        (loss(small, up, relativeTo: start) - loss(small, down, relativeTo: start))
                        / Double(2 * step)
                    let error = numeric - Double(weights[unit][layer][element])
                    difference += error * error
                    size += numeric * numeric
                }
                #expect(
                    difference.squareRoot() <= 2e-2 * size.squareRoot() + 1e-4,
                    "unit \(unit), layer \(layer): off by \(difference.squareRoot()) of \(size.squareRoot())")
            }
        }
    }

    @Test("learning lowers the loss, and gives the same bits for any number of threads", arguments: [1, 3])
    func learning(threads: Int) throws {
        func learned(_ threads: Int) throws -> (first: Double, last: Double, model: [QuantizedUnit]) {
            let small = SmallTask(seed: 8, images: 12, threads: threads)
            defer { small.pool.shutDown() }
            let reconstruction = reconstruction(small, try quantized(small)) {
                ($0.jointSteps, $0.weightLearningRate, $0.scaleLearningRate) = (60, 0.05, 0.01)
            }
            let losses = (0..<60).map { _ in reconstruction.step().loss }
            return (losses[0], losses[59], try reconstruction.finish())
        }
        let (first, last, model) = try learned(threads)
        #expect(abs(first - 3) < 1e-6)
        #expect(last < 0.9 * first, "\(last) after \(first)")
        #expect(try learned(1).model == model)
    }

    @Test("steps go on from the head's own, and name the errors of all units but the head's")
    func samples() throws {
        let small = SmallTask(seed: 8)
        defer { small.pool.shutDown() }
        let reconstruction = reconstruction(small, try quantized(small)) {
            ($0.steps, $0.jointSteps) = (30, 20)
        }
        let sample = reconstruction.step()
        #expect(sample.unit == 3 && sample.step == 31 && sample.steps == 50)
        #expect(sample.operatorLosses?.map(\.name) == ["stem", "blocks.0", "blocks.1"])
        let terms = [sample.terms.block, sample.terms.global, sample.terms.local]
        #expect(terms.allSatisfy { ($0 ?? 0) > 0 })
        #expect(abs((sample.weighted.local ?? 0) - 1) < 1e-6)
    }

    @Test("weights whose roundings were learned stay as they are, the others and all scales learn")
    func learnedRoundings() throws {
        let small = SmallTask(seed: 8)
        defer { small.pool.shutDown() }
        let start = try quantized(small)
        let reconstruction = reconstruction(small, start) {
            ($0.rounding, $0.weightLearningRate, $0.scaleLearningRate) = (.adaround, 0.5, 0.01)
        }
        for _ in 0..<5 { _ = reconstruction.step() }
        let model = try reconstruction.finish()
        #expect(zip(model, start).allSatisfy { $0.linears.map(\.weight) == $1.linears.map(\.weight) })
        #expect(model[1].sites != start[1].sites)
    }

    /// A model with weights of 4 bits and activations of 4 bits, of one scale for each site.
    private func quantized(_ small: SmallTask) throws -> [QuantizedUnit] {
        let bits = try BitWidth(4)
        return try small.model.units.indices.map { index in
            var unit = small.untouched(index)
            for layer in unit.linears.indices {
                let weight = unit.linears[layer].weight.matrix()
                let scales = (0..<weight.rows).map { row in
                    weight.rows(row..<row + 1).elements.map(abs).reduce(0, max) / 7
                }
                let quantizer = try UniformQuantizer(
                    bits: bits, scales: scales, zeroPoints: scales.map { _ in 8 },
                    groups: .rows(perGroup: 1))
                unit.linears[layer].quantizer = .uniform(quantizer)
                unit.linears[layer].weight = Tensor(
                    shape: unit.linears[layer].weight.shape,
                    elements: unit.linears[layer].quantizedWeight().elements)
            }
            for (site, descriptor) in small.model.units[index].sites.enumerated() {
                let columns =
                    descriptor.columns?.count
                    ?? small.model.units[index].tapeShapes[descriptor.slot].columns
                unit.sites[site] = .uniform(
                    try UniformQuantizer(
                        bits: bits, scales: [descriptor.kind == .attention ? 1 / 15 : 0.4],
                        zeroPoints: [descriptor.kind == .attention ? 0 : 8],
                        groups: .columns(width: columns)))
            }
            return unit
        }
    }
}
