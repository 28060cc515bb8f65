import Foundation
import Kernels
import TensorCore
import TensorTestSupport
import Testing

/// A product of a model's reconstruction, and what share of the peak it should reach at least.
///
/// The floors leave room for a machine that others use too: their work empties the caches. On a quiet one the
/// large products reach 80 to 95 %.
struct SpeedCase: Sendable, CustomTestStringConvertible {
    let name: String
    let shape: ProductCase
    /// How many of them make a batch; with more than one, `multiplyBatch` runs them.
    var batch = 1
    /// Whether the right operand is packed beforehand.
    var packed = false
    let floor: Double

    var testDescription: String { name }

    static let all = [
        SpeedCase(
            name: "DeiT-S fc1, 8 images", shape: ProductCase(1576, 1536, 384, false, true), packed: true,
            floor: 0.5),
        SpeedCase(
            name: "DeiT-S fc2, 8 images", shape: ProductCase(1576, 384, 1536, false, true), packed: true,
            floor: 0.5),
        SpeedCase(name: "DeiT-S fc1 to its input", shape: ProductCase(1576, 384, 1536), floor: 0.5),
        SpeedCase(
            name: "DeiT-S fc1 to its weight", shape: ProductCase(1536, 384, 1576, true, false), floor: 0.45),
        SpeedCase(
            name: "DeiT-T projection, 4 images", shape: ProductCase(788, 192, 192, false, true), packed: true,
            floor: 0.5),
        SpeedCase(
            name: "small ViT fc1, 32 images of 17 tokens", shape: ProductCase(544, 256, 64, false, true),
            packed: true, floor: 0.45),
        SpeedCase(
            name: "scores, 197 tokens", shape: ProductCase(197, 197, 64, false, true), batch: 24, floor: 0.3),
        SpeedCase(name: "context, 197 tokens", shape: ProductCase(197, 64, 197), batch: 24, floor: 0.45),
        SpeedCase(
            name: "values' gradient, 197 tokens", shape: ProductCase(197, 64, 197, true, false), batch: 24,
            floor: 0.45),
        SpeedCase(name: "context, 17 tokens", shape: ProductCase(17, 32, 17), batch: 128, floor: 0.25),
    ]

    /// Operations of one run, a multiply-add counting as two.
    var operations: Double {
        2 * Double(shape.rows) * Double(shape.columns) * Double(shape.inner) * Double(batch)
    }

    /// Makes operands and returns what runs the product once.
    func prepare() -> () -> Void {
        let (a, b) = shape.operands(seed: 1, padding: 0)
        guard batch > 1 else {
            let c = Matrix(rows: shape.rows, columns: shape.columns)
            if packed {
                let operand = PackedMatrix(b, transposed: shape.transposeB)
                return { multiply(a, operand, into: c) }
            }
            return { [shape] in
                multiply(a, b, into: c, transposeA: shape.transposeA, transposeB: shape.transposeB)
            }
        }
        func grid(_ x: Matrix) -> MatrixBatch {
            let all = seededMatrix(x.rows * batch, x.columns, seed: 2)
            return MatrixBatch(stacking: all, outerCount: batch, innerCount: 1)
        }
        let left = grid(a)
        let right = grid(b)
        let result = grid(Matrix(rows: shape.rows, columns: shape.columns))
        return { [shape] in
            multiplyBatch(
                left, right, into: result, transposeA: shape.transposeA, transposeB: shape.transposeB)
        }
    }
}

extension KernelSuite {
    @Suite("Speed") struct Speed {
        @Test(
            "products come near what one thread can do at most",
            .enabled(
                if: ProcessInfo.processInfo.environment["MGRQ_MEASURE_SPEED"] != nil,
                "takes seconds; MGRQ_MEASURE_SPEED=1 runs it"),
            arguments: InstructionLevel.available.filter { $0 != .baseline }, SpeedCase.all)
        func products(level: InstructionLevel, test: SpeedCase) {
            at(level) {
                let run = test.prepare()
                let repetitions = max(1, Int(2e8 / test.operations))
                var shares: [Double] = []
                for _ in 0..<15 {
                    let before = peakProbe(rounds: 100_000)
                    let start = threadTime()
                    for _ in 0..<repetitions {
                        run()
                    }
                    let seconds = (threadTime() - start) / Double(repetitions)
                    let peak = (before + peakProbe(rounds: 100_000)) / 2
                    shares.append(test.operations / seconds * 1e-9 / peak)
                }
                let median = shares.sorted()[7]
                let percent = String(format: "%5.1f %% of peak", 100 * median)
                print("\(percent)  \(level)  \(test.name)  \(test.shape.testDescription)")
                #expect(median >= test.floor)
            }
        }
    }
}
