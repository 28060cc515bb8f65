import Kernels
import Quantization
import TensorCore

/// How an adversarial matrix is distributed.
enum Distribution: CaseIterable, Sendable {
    case uniform, bell, outliers, offset, tiny, huge, mostlyZero, twoPoints

    /// `[rows, columns]` values that follow from the seed.
    func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var generator = SeededGenerator(seed: seed, stream: "\(self)")
        return Matrix(
            rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in value(from: &generator) })
    }

    private func value(from generator: inout SeededGenerator) -> Float {
        let u = 2 * generator.uniform() - 1
        let bell = (0..<6).reduce(Float(0)) { sum, _ in sum + generator.uniform() } - 3
        return switch self {
        case .uniform: u
        case .bell: bell
        case .outliers: generator.uniform() < 0.002 ? 60 * bell : bell
        case .offset: 1000 + u
        case .tiny: 1e-12 * bell
        case .huge: 1e30 * bell
        case .mostlyZero: generator.uniform() < 0.99 ? 0 : u
        case .twoPoints: u < 0 ? -3 : 5
        }
    }
}

/// `[images · heads · tokens, tokens]` rows of a softmax that follow from the seed.
///
/// The sharper, the more of a row's sum lies on few of its elements.
func attentionMap(images: Int, heads: Int, tokens: Int, seed: UInt64, sharpness: Float = 4) -> Matrix {
    let map = Distribution.bell.matrix(images * heads * tokens, tokens, seed: seed)
    let scores = Matrix(rows: map.rows, columns: map.columns, elements: map.elements.map { $0 * sharpness })
    softmaxRows(scores, into: map)
    return map
}

/// The mean squared difference of two matrices.
func meanSquaredError(_ x: Matrix, _ y: Matrix) -> Double {
    squaredDistance(x, y) / Double(x.rows * x.columns)
}

/// What a quantizer makes of values.
func quantized(_ x: Matrix, by quantizer: SiteQuantizer) -> Matrix {
    let out = Matrix(rows: x.rows, columns: x.columns)
    quantizer.fakeQuantize(x, into: out)
    return out
}
