import Kernels
import TensorCore
import TestSupport
import Testing

@Suite("Products")
struct ProductTests {
    @Test("a product is that of the definition", arguments: InstructionLevel.available)
    func definition(level: InstructionLevel) {
        InstructionLevel.force(level)
        let a = seededMatrix(17, 500, seed: 1, padding: 3)
        let b = seededMatrix(500, 53, seed: 2, padding: 2)
        let c = Matrix(rows: 17, columns: 53)
        multiply(a, b, into: c)
        for row in 0..<17 {
            for column in 0..<53 {
                let expected = (0..<500).reduce(0.0) { $0 + Double(a[row, $1]) * Double(b[$1, column]) }
                #expect(abs(Double(c[row, column]) - expected) < 1e-4)
            }
        }
    }
}
