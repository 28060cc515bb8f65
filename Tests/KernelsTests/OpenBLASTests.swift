import Kernels
import TensorCore
import TensorTestSupport
import Testing

extension KernelSuite {
    @Suite("Against OpenBLAS") struct AgainstOpenBLAS {
        @Test(
            "products of model size agree with OpenBLAS",
            .enabled(if: OpenBLAS() != nil, "libopenblas.so.0 is not installed"),
            arguments: InstructionLevel.available,
            [
                ProductCase(394, 768, 192, false, true), ProductCase(394, 192, 768),
                ProductCase(192, 768, 394, true, false), ProductCase(65, 65, 32, false, true),
                ProductCase(197, 64, 197, true, false),
            ])
        func products(level: InstructionLevel, shape: ProductCase) throws {
            let library = try #require(OpenBLAS())
            let (a, b) = shape.operands(seed: 30)
            let ours = Matrix(rows: shape.rows, columns: shape.columns)
            let theirs = Matrix(rows: shape.rows, columns: shape.columns)
            at(level) {
                multiply(a, b, into: ours, transposeA: shape.transposeA, transposeB: shape.transposeB)
            }
            library.multiply(
                a, b, into: theirs, transposeA: shape.transposeA, transposeB: shape.transposeB)
            #expect(relativeError(ours, theirs) < 1e-6)
        }
    }
}
