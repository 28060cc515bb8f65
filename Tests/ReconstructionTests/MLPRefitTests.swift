import Kernels
import Quantization
import Reconstruction
import TensorCore
import TensorTestSupport
import Testing
import VisionTransformers

private func add(_ bias: Tensor?, to rows: Matrix) {
    guard let bias else { return }
    addRowBias(rows, bias.vector(), into: rows)
}

/// An MLP with GELU, its inputs and its outputs.
private struct SmallMLP {
    let fc1, fc2: LinearWeights
    let inputs, targets: Matrix

    init(rows: Int = 600, width: Int = 12, hidden: Int = 32) {
        func layer(_ outputs: Int, _ inputs: Int, seed: UInt64) -> LinearWeights {
            let spread = 1.5 / Float(inputs).squareRoot()
            return LinearWeights(
                weight: Tensor(
                    shape: [outputs, inputs],
                    elements: seededMatrix(outputs, inputs, seed: seed).elements.map { $0 * 2 * spread }),
                bias: Tensor(
                    shape: [outputs], elements: seededVector(outputs, seed: seed + 1, in: -0.3...0.3).elements
                ))
        }
        fc1 = layer(hidden, width, seed: 1)
        fc2 = layer(width, hidden, seed: 3)
        inputs = seededMatrix(rows, width, seed: 5)
        let middle = Matrix(rows: rows, columns: hidden)
        multiply(inputs, fc1.weight.matrix(), into: middle, transposeB: true)
        add(fc1.bias, to: middle)
        gelu(middle, into: middle)
        targets = Matrix(rows: rows, columns: width)
        multiply(middle, fc2.weight.matrix(), into: targets, transposeB: true)
        add(fc2.bias, to: targets)
    }

    func fitted(
        steps: Int, cutWeight: Float = 2, threads: Int = 2
    ) throws -> (fc1: LinearWeights, fc2: LinearWeights, error: Double) {
        let pool = WorkerPool(threads: threads)
        defer { pool.shutDown() }
        var refit = MLPRefit(steps: steps, seed: 7)
        refit.rows = 96
        refit.learningRate = 5e-3
        refit.cutWeight = cutWeight
        refit.quantile = 0.9
        return try refit.fitted((fc1, fc2), inputs: inputs, targets: targets, name: "blocks.0", pool: pool)
    }

    /// The squared error of an MLP with ReLU relative to the targets' square, on all rows; activations are clipped at a
    /// quantile of the positive ones.
    func error(_ fc1: LinearWeights, _ fc2: LinearWeights, quantile: Double = 1) -> Double {
        let middle = Matrix(rows: inputs.rows, columns: fc1.weight.shape[0])
        multiply(inputs, fc1.weight.matrix(), into: middle, transposeB: true)
        add(fc1.bias, to: middle)
        let positive = middle.elements.filter { $0 > 0 }.sorted()
        relu(middle, limit: positive[Int(quantile * Double(positive.count - 1))], into: middle)
        let out = Matrix(rows: inputs.rows, columns: targets.columns)
        multiply(middle, fc2.weight.matrix(), into: out, transposeB: true)
        add(fc2.bias, to: out)
        return squaredDistance(out, targets) / squaredNorm(targets)
    }
}

@Suite("Refits with ReLU")
struct MLPRefitTests {
    @Test("the closed form has a smaller error than new activations alone, and learning a smaller one still")
    func errors() throws {
        let small = SmallMLP()
        let untouched = small.error(small.fc1, small.fc2)
        let solved = try small.fitted(steps: 0)
        let learned = try small.fitted(steps: 1000, cutWeight: 0)
        #expect(small.error(solved.fc1, solved.fc2) < 0.5 * untouched)
        #expect(small.error(learned.fc1, learned.fc2) < 0.9 * small.error(solved.fc1, solved.fc2))
        #expect(solved.fc1 == small.fc1)
        // The error that it reports, on held-out rows, is near that on all rows.
        for result in [solved, learned] {
            let actual = small.error(result.fc1, result.fc2)
            #expect(result.error > 0.5 * actual && result.error < 2 * actual)
        }
    }

    @Test("learning with clipped activations lowers the error where they are clipped")
    func cut() throws {
        let small = SmallMLP()
        let plain = try small.fitted(steps: 1000, cutWeight: 0)
        let cut = try small.fitted(steps: 1000)
        #expect(
            small.error(cut.fc1, cut.fc2, quantile: 0.9)
                < 0.7 * small.error(plain.fc1, plain.fc2, quantile: 0.9))
    }

    @Test("the result has the same bits for any number of threads")
    func threads() throws {
        let small = SmallMLP()
        let single = try small.fitted(steps: 20, threads: 1)
        let several = try small.fitted(steps: 20, threads: 3)
        #expect(single.fc1 == several.fc1 && single.fc2 == several.fc2 && single.error == several.error)
    }

    @Test("NaN inputs are refused, in held-out rows too", arguments: 0..<40)
    func notANumber(row: Int) throws {
        let small = SmallMLP()
        small.inputs[row, 3] = .nan
        #expect(throws: QuantizationError.self) { try small.fitted(steps: 10) }
    }
}
