import Kernels
import Quantization
import Reconstruction
import TensorCore
import Testing
import VisionTransformers
import Vocabulary

/// Which terms a test switches on.
enum TermChoice: String, CaseIterable, CustomTestStringConvertible {
    case block, global, features, local, all

    var testDescription: String { rawValue }

    func settings(for small: SmallTask) -> Hyperparameters {
        var settings = small.settings(
            block: self == .block || self == .all ? 2 : 0,
            global: self == .global || self == .features || self == .all ? 0.7 : 0,
            local: self == .local || self == .all ? 0.5 : 0)
        if self == .features {
            settings.globalTarget = .features
        }
        return settings
    }
}

@Suite("Gradients of a whole unit")
struct UnitGradientTests {
    /// The weighted loss of a state over all images.
    private func loss(_ small: SmallTask, _ index: Int, _ state: QuantizedUnit, _ terms: TermChoice)
        -> Double
    {
        let reconstruction = small.reconstruction(
            small.task(index, state: state), terms.settings(for: small))
        return reconstruction.gradients(on: Array(0..<small.images.rows)).loss
    }

    @Test(
        "with quantizers off, weight gradients agree with central differences for every term",
        arguments: TermChoice.allCases, [1, 2])
    func weights(terms: TermChoice, seed: UInt64) {
        check(SmallTask(seed: seed), terms: terms, seed: seed, noise: 0.1, rounding: 1e-6)
    }

    @Test(
        "so they do before a head that reads two features, and before one without a classifier",
        arguments: TermChoice.allCases, [ViTConfiguration.Pooling.classTokenAndAverage, .average])
    func heads(terms: TermChoice, pooling: ViTConfiguration.Pooling) {
        check(
            SmallTask(seed: 7, pooling: pooling, classes: pooling == .average ? 0 : 5), terms: terms,
            seed: 7,
            // What a mean of tokens passes on is small, and must be more than the rounding of the loss.
            noise: 1, rounding: 2e-5)
    }

    @Test(
        "so they do with rotary positions, gated MLPs and norms inside a block",
        arguments: TermChoice.allCases, [RotaryPositions.Pairing.neighbours, .halves])
    func rotaryAndGated(terms: TermChoice, pairing: RotaryPositions.Pairing) {
        let small = SmallTask(seed: 9) { shape in
            (shape.heads, shape.registerTokens, shape.hasPositions) = (3, 2, false)
            (shape.gatesMLP, shape.activation) = (true, .silu)
            (shape.normalizesMLP, shape.normalizesAttention) = (pairing == .halves, pairing == .halves)
            shape.rotary = RotaryPositions(
                coordinate: pairing == .halves ? .centre : .index, pairing: pairing, temperature: 20)
        }
        check(small, terms: terms, seed: 9, noise: 0.3, rounding: 5e-6)
    }

    @Test(
        "so they do of pooling by attention and of the block before it, with and without tokens before the patches",
        arguments: TermChoice.allCases, [(unit: 3, prefix: false), (3, true), (2, false)])
    func attentionPooling(terms: TermChoice, place: (unit: Int, prefix: Bool)) {
        let small = SmallTask(seed: 13, pooling: .attention) { shape in
            shape.attentionPooling = AttentionPoolingShape(heads: 3, hiddenWidth: 16, activation: .geluTanh)
            (shape.hasClassToken, shape.registerTokens) = (place.prefix, place.prefix ? 2 : 0)
        }
        check(small, terms: terms, seed: 13, noise: 0.3, rounding: 5e-6, unit: place.unit)
    }

    @Test(
        "so they do with cosine attention and norms after attention, MLP and merging",
        arguments: TermChoice.allCases, [1, 2, 3])
    func secondSwin(terms: TermChoice, index: Int) {
        var shape = SwinConfiguration(
            imageHeight: 8, imageWidth: 8, patchHeight: 2, patchWidth: 2, channels: 1, width: 8,
            stages: [.init(depth: 2, heads: 2, hiddenWidth: 12), .init(depth: 1, heads: 4, hiddenWidth: 16)],
            window: 3, classes: 5)
        shape.isSecondVersion = true
        // A merging has no operators to supervise.
        guard terms != .local || index < 3 else { return }
        check(
            SmallTask(.swin(shape), seed: 11), terms: terms, seed: 11, noise: 0.5, rounding: 2e-5, unit: index
        )
    }

    private func check(
        _ small: SmallTask, terms: TermChoice, seed: UInt64, noise: Float, rounding: Double, unit: Int = 1
    ) {
        defer { small.pool.shutDown() }
        let state = small.disturbed(unit, seed: seed, by: noise)
        let reconstruction = small.reconstruction(
            small.task(unit, state: state), terms.settings(for: small))
        let analytic = reconstruction.gradients(on: Array(0..<small.images.rows)).weights
        var pick = SeededGenerator(seed: seed, stream: "pick")
        for layer in state.linears.indices {
            let count = state.linears[layer].weight.count
            var (difference, size) = (0.0, 0.0)
            for _ in 0..<12 {
                let element = pick.index(below: count)
                let step: Float = 4e-3
                var (up, down) = (state, state)
                up.linears[layer].weight.elements[element] += step
                down.linears[layer].weight.elements[element] -= step
                let numeric =
                    (loss(small, unit, up, terms) - loss(small, unit, down, terms)) / Double(2 * step)
                difference +=
                    (numeric - Double(analytic[layer][element]))
                    * (numeric - Double(analytic[layer][element]))
                size += numeric * numeric
            }
            #expect(
                difference.squareRoot() <= 1e-2 * size.squareRoot() + rounding,
                "layer \(layer): off by \(difference.squareRoot()) of \(size.squareRoot())")
        }
    }

    @Test(
        "the stem's and the head's weight gradients agree with central differences", arguments: [0, 3],
        [ViTConfiguration.Pooling.classToken, .classTokenAndAverage])
    func ends(index: Int, pooling: ViTConfiguration.Pooling) {
        let small = SmallTask(seed: 5, pooling: pooling)
        defer { small.pool.shutDown() }
        let state = small.disturbed(index, seed: 5)
        let reconstruction = small.reconstruction(
            small.task(index, state: state), TermChoice.all.settings(for: small))
        let analytic = reconstruction.gradients(on: Array(0..<small.images.rows)).weights[0]
        for element in stride(from: 0, to: analytic.count, by: 7) {
            let step: Float = 4e-3
            var (up, down) = (state, state)
            up.linears[0].weight.elements[element] += step
            down.linears[0].weight.elements[element] -= step
            let numeric =
                (loss(small, index, up, .all) - loss(small, index, down, .all)) / Double(2 * step)
            #expect(abs(numeric - Double(analytic[element])) <= 2e-2 * abs(numeric) + 2e-4)
        }
    }

    @Test("a learned scale's gradient is LSQ's closed form", arguments: [2, 4, 8])
    func scales(bits: Int) throws {
        let small = SmallTask(seed: 3)
        defer { small.pool.shutDown() }
        var state = small.disturbed(1, seed: 3)
        let site = 7
        let maximum = Float((1 << bits) - 1)
        let (scale, zero): (Float, Float) = (1.1 / maximum, 1)
        state.sites[site] = .uniform(
            try UniformQuantizer(
                bits: try BitWidth(bits), scales: [scale], zeroPoints: [zero], groups: .columns(width: 20)))
        let task = small.task(1, state: state)
        let reconstruction = small.reconstruction(task, small.settings(block: 1, global: 0, local: 0))
        let analytic = reconstruction.gradients(on: Array(0..<small.images.rows)).scales[site][0]

        // The fc2 input and the gradient it gets, computed here from the unit's own pieces.
        let unit = small.model.units[1]
        let tape = Tape(shapes: unit.tapeShapes, images: small.images.rows)
        let output = unit.output.matrix(images: small.images.rows)
        let prepared = state.prepared(for: unit)
        prepared.forward(task.prefixInput, tape: tape, output: output)
        let values = unit.sites[site].values(in: tape)
        let weight = state.linears[3].weight.matrix()
        let gain = state.vectors[5].elements
        var expected = 0.0
        for row in 0..<values.rows {
            for column in 0..<values.columns {
                var gradient = 0.0
                for feature in 0..<output.columns {
                    let error = Double(output[row, feature] - task.target[row, feature])
                    gradient +=
                        2 * error / Double(output.rows * output.columns) * Double(gain[feature])
                        * Double(weight[feature, column])
                }
                let x = values[row, column] / scale
                let code = x.rounded(.toNearestOrEven) + zero
                let slope =
                    code < 0 ? -zero : code > maximum ? maximum - zero : x.rounded(.toNearestOrEven) - x
                expected += gradient * Double(slope)
            }
        }
        #expect(abs(Double(analytic) - expected) <= 1e-3 * abs(expected) + 1e-7)
    }

    @Test("through the quantizer, a weight's gradient is that of the quantized weight")
    func straightThrough() throws {
        let small = SmallTask(seed: 4)
        defer { small.pool.shutDown() }
        var state = small.untouched(1)
        let rows = state.linears[2].weight.shape[0]
        let scale: Float = 0.11
        state.linears[2].quantizer = .uniform(
            try UniformQuantizer(
                bits: try BitWidth(4), scales: Array(repeating: scale, count: rows),
                zeroPoints: Array(repeating: 8, count: rows), groups: .rows(perGroup: 1)))
        let images = Array(0..<small.images.rows)
        let settings = TermChoice.all.settings(for: small)
        let quantized = small.reconstruction(small.task(1, state: state), settings)
            .gradients(on: images)
        var plain = state
        plain.linears[2] = QuantizedLinear(
            weight: Tensor(
                shape: state.linears[2].weight.shape, elements: state.linears[2].quantizedWeight().elements),
            bias: state.linears[2].bias, quantizer: .fullPrecision)
        let direct = small.reconstruction(small.task(1, state: plain), settings)
            .gradients(on: images)
        #expect(quantized.loss == direct.loss)
        #expect(quantized.weights == direct.weights)
    }

    @Test("losses and gradients are the same bits for any number of threads", arguments: [2, 3, 7])
    func threads(count: Int) {
        let one = SmallTask(seed: 6, images: 40)
        let many = SmallTask(seed: 6, images: 40, threads: count)
        defer {
            one.pool.shutDown()
            many.pool.shutDown()
        }
        func run(_ small: SmallTask) -> (loss: Double, weights: [[Float]], scales: [[Float]]) {
            small.reconstruction(
                small.task(1, state: small.disturbed(1, seed: 6)), TermChoice.all.settings(for: small)
            ).gradients(on: Array(0..<40))
        }
        let (a, b) = (run(one), run(many))
        #expect(a.loss == b.loss)
        #expect(a.weights == b.weights)
    }
}
