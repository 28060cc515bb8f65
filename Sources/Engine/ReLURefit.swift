internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The most rows of activations that an MLP is refitted on.
private let refitRows = 65_536

/// The number of steps for which a model's MLPs are refitted before it is quantized.
///
/// - Returns: The steps; 0 without a refit, or if MLPs have anything but GELU between their layers.
func refitSteps(_ hyperparameters: Hyperparameters, of configuration: ModelConfiguration) -> Int {
    configuration.hasPlainGELU ? hyperparameters.reluRefitSteps : 0
}

/// The number of available images on which a block's MLP is refitted.
func refittedImages(of block: TransformerBlock, among available: Int) -> Int {
    let wide = block.givingAllTokens
    return min(available, max(1, refitRows / wide.output.rows))
}

/// Refits every MLP of a model with ReLU in place of GELU, each on its full-precision inputs.
///
/// - Parameters:
///   - weights: The model's numbers with GELU.
///   - teacher: The same, ready to run.
///   - images: `[images, channels · height · width]`, normalised.
///   - refit: How to fit.
///   - pool: The threads; the result does not depend on their number.
///   - progress: Called before each block with the number done and the total.
/// - Returns: The numbers with ReLU.
/// - Throws: `QuantizationError` for values that are not finite; what `progress` throws.
func refittedWithReLU(
    _ weights: [UnitWeights], teacher: [PreparedUnit], images: Matrix, refit: MLPRefit, pool: WorkerPool,
    progress: (Int, Int) throws -> Void
) throws -> [UnitWeights] {
    var result = weights
    var input = images
    let blocks = teacher.count { $0.unit.block != nil }
    var done = 0
    for (index, prepared) in teacher.enumerated() {
        if let block = prepared.unit.block {
            try progress(done, blocks)
            // Where a head reads one token only, the MLP is still one of all tokens: a few rows would not decide it.
            let wide = block.givingAllTokens
            let count = refittedImages(of: block, among: input.rows / wide.input.rows)
            let (mlp, rows) = (wide.mlp, wide.output.rows)
            let inputs = Matrix(rows: count * rows, columns: wide.output.columns)
            let targets = Matrix(rows: count * rows, columns: wide.output.columns)
            let pass = ModelPass(
                [
                    PreparedUnit(
                        unit: wide, parameters: prepared.parameters, transform: prepared.transform)
                ], pool: pool)
            pass.run(input.rows(0..<count * wide.input.rows), into: wide.output.matrix(images: count)) {
                range, tapes in
                let place = range.lowerBound * rows..<range.upperBound * rows
                copy(tapes[0][mlp.input], into: inputs.rows(place))
                copy(tapes[0][mlp.output], into: targets.rows(place))
            }
            let fitted = try refit.fitted(
                (weights[index].linears[mlp.fc1], weights[index].linears[mlp.fc2]), inputs: inputs,
                targets: targets, name: block.name, pool: pool)
            result[index].linears[mlp.fc1] = fitted.fc1
            result[index].linears[mlp.fc2] = fitted.fc2
            done += 1
        }
        if done == blocks { break }
        input = outputs(of: [prepared], on: input, pool: pool)
    }
    return result
}
