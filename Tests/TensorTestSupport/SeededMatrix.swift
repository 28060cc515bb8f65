package import TensorCore

/// A matrix of uniform random numbers that follow from the seed.
///
/// - Parameters:
///   - rows: The number of rows.
///   - columns: The number of columns.
///   - seed: What the numbers follow from.
///   - scale: The numbers are in −scale ..< scale.
///   - padding: How far rows are apart beyond `columns`; the gap is filled with NaN, so that a kernel which
///     reads it is found out.
/// - Returns: The matrix, with its own storage.
package func seededMatrix(
    _ rows: Int, _ columns: Int, seed: UInt64, scale: Float = 1, padding: Int = 0
) -> Matrix {
    var generator = SeededGenerator(seed: seed, stream: "matrix")
    let stride = columns + padding
    let storage = FloatStorage(count: rows * stride)
    for row in 0..<rows {
        for column in 0..<stride {
            storage[row * stride + column] =
                column < columns ? (2 * generator.uniform() - 1) * scale : .nan
        }
    }
    return Matrix(storage: storage, offset: 0, rows: rows, columns: columns, stride: stride)
}

/// A vector of uniform random numbers that follow from the seed.
///
/// - Parameters:
///   - count: The number of elements.
///   - seed: What the numbers follow from.
///   - range: The numbers are in this range.
/// - Returns: The vector, with its own storage.
package func seededVector(_ count: Int, seed: UInt64, in range: ClosedRange<Float> = -1...1) -> Vector {
    var generator = SeededGenerator(seed: seed, stream: "vector")
    return Vector(
        (0..<count).map { _ in
            range.lowerBound + generator.uniform() * (range.upperBound - range.lowerBound)
        })
}
