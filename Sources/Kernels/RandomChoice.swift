internal import CKernels
package import TensorCore

/// A random choice among the elements of a matrix that follows from numbers alone, so nothing has to be stored
/// and any part of the matrix can be chosen from apart from the others.
package struct RandomChoice: Sendable, Hashable {
    /// Decides together with an element's number.
    package var seed: UInt32
    /// The number of the first element.
    package var first: UInt32
    private let threshold: UInt32

    /// Makes a choice.
    ///
    /// - Parameters:
    ///   - share: The share of elements that is chosen, 0 through 1.
    ///   - seed: Decides together with an element's number.
    ///   - first: The number of the first element; the others are counted row by row, gaps left out.
    package init(share: Double, seed: UInt32, first: Int = 0) {
        precondition(share >= 0 && share <= 1, "\(share) is not a share of the elements")
        self.seed = seed
        self.first = UInt32(truncatingIfNeeded: first)
        threshold = UInt32((share * 0x1p24).rounded())
    }

    var view: ck_choice { ck_choice(seed: seed, first: first, threshold: threshold) }
}

/// Takes each element from one of two matrices: `out = y` where chosen, else `x`.
///
/// - Parameters:
///   - x: `[rows, columns]`.
///   - y: `[rows, columns]`.
///   - choice: Which elements are taken from `y`.
///   - out: `[rows, columns]`, overwritten; may be `x` or `y`.
package func choose(_ x: Matrix, _ y: Matrix, _ choice: RandomChoice, into out: Matrix) {
    y.require(like: x, "y")
    out.require(like: x, "out")
    unsafe kernels.choose(x.view, y.view, choice.view, out.view)
}

/// Moves the elements that are not chosen from `x` to `rest`; their places become 0.
///
/// - Parameters:
///   - x: `[rows, columns]`; keeps the chosen elements.
///   - choice: Which elements stay.
///   - rest: `[rows, columns]`, overwritten.
package func divide(_ x: Matrix, _ choice: RandomChoice, rest: Matrix) {
    rest.require(like: x, "rest")
    unsafe kernels.divide(x.view, choice.view, rest.view)
}
