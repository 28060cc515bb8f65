import Kernels
import Quantization
import TensorCore
import TensorTestSupport
import Testing
import Vocabulary

@testable import Reconstruction
@testable import VisionTransformers

/// A layer of 6 inputs and 4 outputs that learns to give another layer's outputs on the rows of the unit matrix: its loss
/// is half the squared distance of weights, so the gradient of the weight is the difference itself.
private struct Quadratic {
    static let (rows, columns, maximumCode): (Int, Int, Float) = (4, 6, 7)
    let scales: [Float] = [0.05, 0.1, 0.2, 0.4]
    let start: Matrix
    let target: Matrix
    let bias = seededVector(4, seed: 9)
    let targetBias: [Float]
    let inputs: Matrix
    let learner: LinearLearner

    /// The layer, with targets up to `distance` quantizer steps from its weights.
    init(_ rounding: Rounding, regularizer: Double = 0, distance: Float = 1.5) throws {
        var settings = Hyperparameters()
        (settings.rounding, settings.roundingRegularizer) = (rounding, regularizer)
        let (codes, shifts) = (
            seededMatrix(4, 6, seed: 1), seededMatrix(4, 6, seed: 2, scale: distance)
        )
        start = Matrix(rows: 4, columns: 6)
        target = Matrix(rows: 4, columns: 6)
        inputs = Matrix(rows: 6, columns: 6)
        for row in 0..<4 {
            for column in 0..<6 {
                start[row, column] = scales[row] * (codes[row, column] * 1.5 + 0.1)
                target[row, column] = start[row, column] + scales[row] * shifts[row, column]
                inputs[column, column] = 1
            }
        }
        // AdaRound learns no bias.
        targetBias = bias.elements.map { $0 + (rounding == .ste ? 0.5 : 0) }
        let state = QuantizedLinear(
            weight: Tensor(shape: [4, 6], elements: start.elements),
            bias: Tensor(shape: [4], elements: bias.elements),
            quantizer: .uniform(
                try UniformQuantizer(
                    bits: try BitWidth(3), scales: scales, zeroPoints: [4, 4, 4, 4],
                    groups: .rows(perGroup: 1))))
        learner = LinearLearner(
            state,
            descriptor: LinearDescriptor(
                name: "layer", weightShape: [4, 6], hasBias: true, inputSite: nil, inputSlot: 0,
                transformedSlot: 0, gradientSlot: 0),
            settings: settings)
    }

    /// `[inputs, outputs]`: what the layer gives on the unit matrix, less what it should.
    func difference(hard: Bool = false) -> Matrix {
        learner.refresh(0..<4, hard: hard)
        learner.load()
        let out = Matrix(rows: 6, columns: 4)
        learner.prepared.forward(inputs, into: out)
        for row in 0..<6 {
            for column in 0..<4 {
                out[row, column] -= target[column, row] + targetBias[column]
            }
        }
        return out
    }

    func loss(hard: Bool = false) -> Double { squaredNorm(difference(hard: hard)) / 2 }

    /// The multiplied weight, row by row.
    var effective: [Float] { learner.hardened(shape: [4, 6]).weight.elements }

    func step(_ index: Int, rate: Float, exponent: Double? = nil) {
        let gradient = difference()
        let adam = AdamSettings(learningRate: rate, step: index + 1)
        learner.sumGradient(0..<4, dOutput: gradient, input: inputs)
        learner.sumBiasGradient(dOutput: gradient)
        learner.update(0..<4, adam: adam, exponent: exponent)
        learner.updateBias(adam: adam)
    }
}

@Suite("A linear layer that learns")
struct LinearLearnerTests {
    @Test(
        "a first step moves weights and biases against their gradients, by the rate in quantizer steps")
    func firstStep() throws {
        let layer = try Quadratic(.ste)
        let gradient = layer.difference()
        layer.step(0, rate: 0.25)
        let moved = layer.learner.variables
        let bias = try #require(moved.bias)
        for row in 0..<4 {
            let step = 0.25 * layer.scales[row]
            let sum = (0..<6).reduce(Float(0)) { $0 + gradient[$1, row] }
            #expect(abs(bias[0, row] - layer.bias[row] + (sum > 0 ? step : -step)) < 1e-5)
            for column in 0..<6 {
                let expected = layer.start[row, column] + (gradient[column, row] > 0 ? -step : step)
                #expect(abs(moved.matrix[row, column] - expected) < 1e-5)
            }
        }
    }

    @Test("weights follow Adam, whose momentum outlasts a step")
    func adam() throws {
        let layer = try Quadratic(.ste)
        var (first, second) = (Array(repeating: 0.0, count: 24), Array(repeating: 0.0, count: 24))
        var expected = layer.start.elements.map(Double.init)
        for index in 0..<5 {
            let gradient = layer.difference()
            for element in 0..<24 {
                let slope = Double(gradient[element % 6, element / 6])
                first[element] = 0.9 * first[element] + 0.1 * slope
                second[element] = 0.999 * second[element] + 0.001 * slope * slope
                let mean = first[element] / (1 - [0.9, 0.81, 0.729, 0.6561, 0.59049][index])
                let square =
                    second[element] / (1 - [0.999, 0.998001, 0.997002999, 0.996005996, 0.995009990][index])
                expected[element] -=
                    0.2 * Double(layer.scales[element / 6]) * mean / square.squareRoot()
            }
            layer.step(index, rate: 0.2)
        }
        let error = relativeError(layer.learner.variables.matrix.elements.map(Double.init), expected)
        #expect(error < 1e-4)
    }

    @Test("straight-through weights and biases reach the levels nearest to their targets")
    func learnsWeights() throws {
        let layer = try Quadratic(.ste)
        let before = layer.loss()
        for index in 0..<400 {
            layer.step(index, rate: 0.1 * (1 - Float(index) / 400))
        }
        #expect(layer.loss() < 0.05 * before, "from \(before) to \(layer.loss())")
        #expect(layer.loss() == layer.loss(hard: true))
    }

    @Test(
        "roundings move against their gradients, and bring soft and hard weights nearer to the target")
    func learnsRoundings() throws {
        let layer = try Quadratic(.adaround, distance: 1)
        let before = layer.learner.variables
        let gradient = layer.difference()
        layer.step(0, rate: 0.1)
        let after = layer.learner.variables
        var moved = 0
        for row in 0..<4 {
            for column in 0..<6 where abs(gradient[column, row]) > 1e-3 {
                let step = after.matrix[row, column] - before.matrix[row, column]
                #expect(step == 0 || (step > 0) == (gradient[column, row] < 0))
                moved += step == 0 ? 0 : 1
            }
        }
        #expect(moved > 12)
        #expect(after.bias?.elements == before.bias?.elements, "AdaRound learns no bias")
        for index in 1..<300 {
            layer.step(index, rate: 0.1)
        }
        let untouched = try Quadratic(.adaround, distance: 1)
        #expect(layer.loss() < 0.5 * untouched.loss())
        #expect(layer.loss(hard: true) < untouched.loss(hard: true))
    }

    @Test("the regulariser decides roundings, and only while there is an exponent")
    func regulariser() throws {
        let layer = try Quadratic(.adaround, regularizer: 10, distance: 0.01)
        #expect(layer.learner.penalty(exponent: 2) > 5)
        let before = layer.learner.penalty(exponent: 2)
        layer.step(0, rate: 0)
        #expect(layer.learner.penalty(exponent: 2) == before)
        for index in 0..<50 { layer.step(index, rate: 0.1) }
        #expect(layer.learner.penalty(exponent: 2) > 0.5 * before)
        for index in 0..<300 { layer.step(index, rate: 0.1, exponent: 4) }
        #expect(layer.learner.penalty(exponent: 2) < 0.01 * before)
        #expect(layer.loss() == layer.loss(hard: true))
        #expect(try Quadratic(.ste).learner.penalty(exponent: 2) == 0)
    }

    @Test("soft roundings start at the weights themselves, hard ones at the nearest level")
    func initialRoundings() throws {
        let layer = try Quadratic(.adaround)
        let soft = layer.loss()
        #expect(abs(soft - squaredDistance(layer.start, layer.target) / 2) < 1e-3 * soft)
        for (level, weight) in zip(layer.effective, layer.start.elements.enumerated()) {
            let scale = layer.scales[weight.offset / 6]
            #expect(abs(level - (weight.element / scale).rounded() * scale) < 1e-5)
        }
    }

    @Test("variables that are put back give the same layer again", arguments: [true, false])
    func restore(roundings: Bool) throws {
        let layer = try Quadratic(roundings ? .adaround : .ste)
        for index in 0..<5 { layer.step(index, rate: 0.5) }
        let (kept, state) = (layer.learner.variables, layer.learner.hardened(shape: [4, 6]))
        for index in 5..<60 { layer.step(index, rate: 0.5) }
        #expect(layer.learner.hardened(shape: [4, 6]) != state)
        layer.learner.restore(kept)
        #expect(layer.learner.hardened(shape: [4, 6]) == state)
    }
}
