internal import Kernels
internal import Quantization
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// A linear layer whose weight is being learned: its variables, gradients and optimiser state.
///
/// `@unchecked Sendable` is not needed: all numbers are in views, and a row is touched by one task at a time.
struct LinearLearner: Sendable {
    let descriptor: LinearDescriptor
    private let quantizer: SiteQuantizer
    private let rounding: Rounding
    /// The factor on AdaRound's regulariser.
    private let regularizer: Double
    /// `[outputs, inputs]`: the float weight.
    private let weight: Matrix
    /// AdaRound's variables; no rows with straight-through estimation.
    private let alpha: Matrix
    /// `[outputs, inputs]`: the quantized weight, which the forward pass multiplies with.
    private let effective: Matrix
    /// `[outputs, inputs]`: the gradient of `effective`, then of the variables.
    let gradient: Matrix
    private let firstMoments: Matrix
    private let secondMoments: Matrix
    private let bias: Matrix?
    private let biasGradient: Matrix
    private let biasMoments: (Matrix, Matrix)
    private let scales: Vector
    private let zeroPoints: Vector
    private let maximumCode: Int
    let prepared: PreparedLinear

    /// Whether there is anything to learn: a weight in full precision stays as it is.
    var learns: Bool { maximumCode > 0 }

    init(_ state: QuantizedLinear, descriptor: LinearDescriptor, settings: Hyperparameters) {
        self.descriptor = descriptor
        rounding = settings.rounding
        regularizer = settings.roundingRegularizer
        quantizer = state.quantizer
        weight = state.weight.matrix()
        if case .uniform(let uniform) = state.quantizer {
            scales = Vector(uniform.scales)
            zeroPoints = Vector(uniform.zeroPoints)
            maximumCode = uniform.bits.maximumCode
        } else {
            scales = Vector(count: 0)
            zeroPoints = Vector(count: 0)
            maximumCode = 0
        }
        let (rows, columns) = (weight.rows, weight.columns)
        if rounding == .adaround, maximumCode > 0 {
            alpha = Matrix(rows: rows, columns: columns)
            adaRoundInitialise(weight, scales: scales, into: alpha)
        } else {
            alpha = Matrix(rows: 0, columns: columns)
        }
        effective = Matrix(rows: rows, columns: columns)
        gradient = Matrix(rows: rows, columns: columns)
        firstMoments = Matrix(rows: rows, columns: columns)
        secondMoments = Matrix(rows: rows, columns: columns)
        bias = state.bias.map { Matrix(rows: 1, columns: $0.count, elements: $0.elements) }
        biasGradient = Matrix(rows: 1, columns: rows)
        biasMoments = (Matrix(rows: 1, columns: rows), Matrix(rows: 1, columns: rows))
        prepared = PreparedLinear(
            inputs: columns, outputs: rows,
            bias: bias.map { Vector(storage: $0.storage, offset: $0.offset, count: $0.columns) },
            backward: true)
    }

    /// The tiles of the weight that tasks work on.
    var tiles: [Range<Int>] {
        stride(from: 0, to: weight.rows, by: 192).map { $0..<min(weight.rows, $0 + 192) }
    }

    /// Quantizes some rows of the weight for the forward pass.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - hard: Whether AdaRound's variables count as decided.
    func refresh(_ rows: Range<Int>, hard: Bool) {
        let (source, out) = (weight.rows(rows), effective.rows(rows))
        guard learns else { return copy(source, into: out) }
        if alpha.rows > 0 {
            adaRound(
                source, alpha: alpha.rows(rows), scales: scales[rows], zeroPoints: zeroPoints[rows],
                maximumCode: maximumCode, hard: hard, into: out)
        } else {
            fakeQuantize(
                source, scales: scales[rows], zeroPoints: zeroPoints[rows], maximumCode: maximumCode,
                groups: .rows(perGroup: 1), into: out)
        }
    }

    /// Packs the refreshed weight for products.
    func load() { prepared.load(effective) }

    /// Computes the gradient of some rows of `effective`: `dOutputᵀ · input` over the whole batch.
    func sumGradient(_ rows: Range<Int>, dOutput: Matrix, input: Matrix) {
        multiply(dOutput.columns(rows), input, into: gradient.rows(rows), transposeA: true)
    }

    /// Computes the gradient of the bias over the whole batch, where it is learned.
    func sumBiasGradient(dOutput: Matrix) {
        guard learnsBias else { return }
        columnSums(
            dOutput, into: Vector(storage: biasGradient.storage, offset: 0, count: biasGradient.columns))
    }

    /// Updates some rows from their gradient.
    ///
    /// Weights move in units of their quantizer's step, whatever their size.
    ///
    /// - Parameters:
    ///   - rows: The rows.
    ///   - adam: The optimiser's settings for this step.
    ///   - exponent: The exponent of AdaRound's regulariser; nil while that is off.
    func update(_ rows: Range<Int>, adam: AdamSettings, exponent: Double?) {
        let tile = gradient.rows(rows)
        let variables: Matrix
        if rounding == .adaround {
            adaRoundBackward(
                tile, w: weight.rows(rows), alpha: alpha.rows(rows), scales: scales[rows],
                zeroPoints: zeroPoints[rows], maximumCode: maximumCode,
                regularizer: exponent == nil ? 0 : Float(regularizer), beta: Float(exponent ?? 2), into: tile)
            variables = alpha.rows(rows)
        } else {
            fakeQuantizeBackward(
                tile, x: weight.rows(rows), scales: scales[rows], zeroPoints: zeroPoints[rows],
                maximumCode: maximumCode, groups: .rows(perGroup: 1), into: tile, scaleGradients: nil)
            variables = weight.rows(rows)
        }
        guard rounding == .ste else {
            return adamStep(
                parameters: variables, gradients: tile, firstMoments: firstMoments.rows(rows),
                secondMoments: secondMoments.rows(rows), settings: adam)
        }
        for row in rows {
            var scaled = adam
            scaled.learningRate *= scales[row]
            adamStep(
                parameters: weight.rows(row..<row + 1), gradients: gradient.rows(row..<row + 1),
                firstMoments: firstMoments.rows(row..<row + 1),
                secondMoments: secondMoments.rows(row..<row + 1), settings: scaled)
        }
    }

    /// Whether the bias is learned: with straight-through estimation, not with AdaRound.
    private var learnsBias: Bool { learns && rounding == .ste && bias != nil }

    /// Updates the bias as if it were the weight of a constant input.
    func updateBias(adam: AdamSettings) {
        guard learnsBias, let bias else { return }
        for row in 0..<bias.columns {
            var scaled = adam
            scaled.learningRate *= scales[row]
            adamStep(
                parameters: bias.columns(row..<row + 1), gradients: biasGradient.columns(row..<row + 1),
                firstMoments: biasMoments.0.columns(row..<row + 1),
                secondMoments: biasMoments.1.columns(row..<row + 1), settings: scaled)
        }
    }

    /// Forgets the optimiser's moments.
    func forgetMoments() {
        for moments in [firstMoments, secondMoments, biasMoments.0, biasMoments.1] {
            let zeros = Matrix(rows: moments.rows, columns: moments.columns)
            copy(zeros, into: moments)
        }
    }

    /// AdaRound's regulariser without its factor; 0 with straight-through estimation.
    func penalty(exponent: Double) -> Double {
        alpha.rows > 0 ? adaRoundPenalty(alpha, beta: Float(exponent)) : 0
    }

    /// Copies of everything that learning moves.
    struct Variables: Sendable {
        let matrix: Matrix
        let bias: Matrix?

        /// The variables a share of the way to others.
        func moved(_ share: Double, towards other: Variables) -> Variables {
            func between(_ own: Matrix, _ other: Matrix) -> Matrix {
                let result = Matrix(rows: own.rows, columns: own.columns)
                copy(own, into: result)
                scaledDifference(other, own, factor: Float(share), into: result, accumulate: true)
                return result
            }
            return Variables(
                matrix: between(matrix, other.matrix),
                bias: bias.flatMap { own in other.bias.map { between(own, $0) } })
        }
    }

    /// A copy of the present state.
    var variables: Variables {
        Variables(
            matrix: copied(learnsRounding ? alpha : weight), bias: bias.map(copied))
    }

    /// Whether roundings are learned rather than weights.
    private var learnsRounding: Bool { alpha.rows > 0 }

    private func copied(_ matrix: Matrix) -> Matrix {
        let result = Matrix(rows: matrix.rows, columns: matrix.columns)
        copy(matrix, into: result)
        return result
    }

    /// Returns to a former state.
    func restore(_ variables: Variables) {
        copy(variables.matrix, into: learnsRounding ? alpha : weight)
        if let bias, let former = variables.bias {
            copy(former, into: bias)
        }
    }

    /// The layer with its roundings decided: its weight holds the quantized values themselves.
    func hardened(shape: [Int]) -> QuantizedLinear {
        refresh(0..<weight.rows, hard: true)
        return QuantizedLinear(
            weight: Tensor(shape: shape, elements: effective.elements),
            bias: bias.map { Tensor(shape: [$0.columns], elements: $0.elements) }, quantizer: quantizer)
    }
}
