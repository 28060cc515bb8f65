import Kernels
import TensorCore
import Testing

/// Everything that forces an instruction level, which is one for the whole process: one test at a time.
@Suite("Kernels", .serialized) struct KernelSuite {}

/// Runs `body` with every kernel at `level`.
func at<Result>(_ level: InstructionLevel, _ body: () -> Result) -> Result {
    let usual = InstructionLevel.current
    InstructionLevel.force(level)
    defer { InstructionLevel.force(usual) }
    return body()
}

/// Levels whose bits are promised to be the same, of those that this machine has.
let fusedLevels = InstructionLevel.available.filter { $0 != .baseline }

/// Why bits cannot be compared between levels here, if they cannot.
let oneFusedLevel: Comment = "this machine has only one level with fused multiply-add"

/// A matrix from a function of row and column, in double precision.
func reference(_ rows: Int, _ columns: Int, _ element: (Int, Int) -> Double) -> Matrix {
    let result = Matrix(rows: rows, columns: columns)
    for row in 0..<rows {
        for column in 0..<columns {
            result[row, column] = Float(element(row, column))
        }
    }
    return result
}

/// A copy with its own storage.
func clone(_ x: Matrix) -> Matrix {
    Matrix(rows: x.rows, columns: x.columns, elements: x.elements)
}

/// The largest absolute difference.
func largestDifference(_ x: Matrix, _ y: Matrix) -> Double {
    zip(x.elements, y.elements).map { abs(Double($0) - Double($1)) }.max() ?? 0
}

/// Shapes around the edges of vectors and tiles: rows and columns.
let oddShapes = [(1, 1), (3, 5), (5, 17), (17, 3), (1, 33), (33, 16), (2, 47), (0, 4), (4, 0)]
