import Kernels
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers

@Suite("The stem")
struct StemTests {
    @Test(
        "gradients of the projection agree with central differences, with a norm before the blocks and without",
        arguments: [true, false])
    func gradient(hasPreNorm: Bool) {
        var shape = ViTConfiguration(
            imageHeight: 4, imageWidth: 6, patchHeight: 2, patchWidth: 2, channels: 1, width: 5, depth: 1,
            heads: 1,
            hiddenWidth: 4, classes: 2)
        shape.hasPreNorm = hasPreNorm
        let unit = PatchEmbedding(configuration: shape)
        #expect(unit.linears[0].hasBias != hasPreNorm)
        var weights = UnitWeights(
            linears: unit.linears.map {
                LinearWeights(
                    weight: Tensor(
                        shape: $0.weightShape, elements: seededMatrix($0.outputs, $0.inputs, seed: 1).elements
                    ),
                    bias: $0.hasBias ? Tensor(shape: [5], elements: seededVector(5, seed: 2).elements) : nil)
            },
            vectors: unit.vectors.enumerated().map { index, vector in
                let count = vector.shape.reduce(1, *)
                return Tensor(
                    shape: vector.shape, elements: seededVector(count, seed: UInt64(3 + index)).elements)
            })
        let images = seededMatrix(2, 24, seed: 9)
        let dOutput = seededMatrix(2 * unit.output.rows, 5, seed: 10)
        let tape = Tape(shapes: unit.tapeShapes, images: 2)
        let output = unit.output.matrix(images: 2)
        func forward() {
            unit.forward(
                images, parameters: UnitParameters(weights, backward: false), transform: FullPrecision(),
                tape: tape,
                output: output)
        }
        forward()
        unit.backward(
            dOutput, input: images, parameters: UnitParameters(weights, backward: true),
            transform: FullPrecision(),
            tape: tape, scratch: Tape(shapes: unit.scratchShapes, images: 2), local: nil, dInput: nil)
        let analytic = Matrix(rows: 5, columns: 4)
        multiply(
            tape[unit.linears[0].gradientSlot],
            unit.operand(of: unit.linears[0], in: tape, transform: FullPrecision()), into: analytic,
            transposeA: true)
        let weight = weights.linears[0].weight.matrix()
        let check = checkGradient(of: weight, analytic: analytic) {
            weights.linears[0].weight = Tensor(shape: unit.linears[0].weightShape, elements: weight.elements)
            forward()
            return weightedSum(output, dOutput)
        }
        #expect(check.relativeError < 1e-3, "\(check)")
    }
}
