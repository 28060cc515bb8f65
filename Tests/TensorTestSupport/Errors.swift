package import TensorCore

internal import Glibc

/// How far `actual` is from `expected`, relative to the latter: `‖actual − expected‖ / ‖expected‖`.
///
/// - Parameters:
///   - actual: `[rows, columns]`.
///   - expected: `[rows, columns]`.
/// - Returns: 0 for equal matrices, infinity where only `expected` is zero or an element is not finite.
package func relativeError(_ actual: Matrix, _ expected: Matrix) -> Double {
    precondition(
        actual.rows == expected.rows && actual.columns == expected.columns,
        """
        \(actual.rows) × \(actual.columns) cannot be compared with \(expected.rows) × \(expected.columns)
        """)
    return relativeError(actual.elements.map(Double.init), expected.elements.map(Double.init))
}

/// How far `actual` is from `expected`, relative to the latter.
///
/// - Parameters:
///   - actual: Values.
///   - expected: As many values.
/// - Returns: 0 for equal arrays, infinity where only `expected` is zero or an element is not finite.
package func relativeError(_ actual: [Double], _ expected: [Double]) -> Double {
    precondition(
        actual.count == expected.count, "\(actual.count) values cannot be compared with \(expected.count)")
    var difference = 0.0
    var size = 0.0
    for (a, e) in zip(actual, expected) {
        difference += (a - e) * (a - e)
        size += e * e
    }
    guard difference.isFinite && size.isFinite else { return .infinity }
    return difference == 0 ? 0 : (difference / size).squareRoot()
}

/// A relative error as a signal-to-noise ratio.
///
/// - Parameter relativeError: What `relativeError(_:_:)` returned.
/// - Returns: The ratio in dB; infinity for no error.
package func decibels(_ relativeError: Double) -> Double {
    -20 * log10(relativeError)
}

/// The bits of all elements, row by row: equal exactly where results are the same, NaN included.
///
/// - Parameter x: `[rows, columns]`.
/// - Returns: One pattern for each element.
package func bitPatterns(_ x: Matrix) -> [UInt32] {
    x.elements.map(\.bitPattern)
}

/// Whether the gaps between the rows of a seeded matrix still hold the NaN they were made with.
///
/// - Parameter x: A matrix that `seededMatrix` made with padding.
/// - Returns: False if something was written outside the matrix.
package func paddingIsUntouched(_ x: Matrix) -> Bool {
    (0..<x.rows).allSatisfy { row in
        (x.columns..<x.stride).allSatisfy { x.storage[x.offset + row * x.stride + $0].isNaN }
    }
}
