internal import CKernels
package import TensorCore

/// Multiplies matrices: `c = alpha · op(a) · op(b)`, plus what `c` held before if `accumulate` is true.
///
/// Each element is a sum over the inner index in one fixed order, so its bits do not depend on how the rows
/// and columns of `c` are split among calls, nor on which operand is packed, and are the same at every
/// instruction level that has fused multiply-add.
///
/// - Parameters:
///   - a: `[rows, inner]`, or `[inner, rows]` if transposed.
///   - b: `[inner, columns]`, or `[columns, inner]` if transposed.
///   - c: `[rows, columns]`; shares no element with `a` or `b`.
///   - transposeA: Whether `op(a)` is the transpose of `a`.
///   - transposeB: Whether `op(b)` is the transpose of `b`.
///   - alpha: The factor on the product.
///   - accumulate: Whether to add to `c` rather than overwrite it.
/// - Complexity: O(`rows · columns · inner`).
package func multiply(
    _ a: Matrix, _ b: Matrix, into c: Matrix, transposeA: Bool = false, transposeB: Bool = false,
    alpha: Float = 1, accumulate: Bool = false
) {
    let inner = transposeA ? a.rows : a.columns
    c.require(transposeA ? a.columns : a.rows, transposeB ? b.rows : b.columns, "the product")
    precondition(
        inner == (transposeB ? b.columns : b.rows),
        "the inner lengths differ: \(inner) and \(transposeB ? b.columns : b.rows)")
    let epilogue = unsafe ck_epilogue(bias: nil, alpha: alpha, accumulate: accumulate)
    unsafe kernels.multiply(a.view, b.view, c.view, transposeA, transposeB, epilogue, Scratch.pointer())
}

/// Multiplies by a packed matrix: `c = a · b`, plus `bias` in every row, or plus what `c` held before.
///
/// The bits are those of the product with the matrix that was packed.
///
/// - Parameters:
///   - a: `[rows, inner]`.
///   - b: `inner × columns`, packed.
///   - c: `[rows, columns]`; shares no element with `a`.
///   - bias: `[columns]`, added to every row; must be nil if `accumulate` is true.
///   - accumulate: Whether to add to `c` rather than overwrite it.
/// - Complexity: O(`rows · columns · inner`).
package func multiply(
    _ a: Matrix, _ b: PackedMatrix, into c: Matrix, bias: Vector? = nil, accumulate: Bool = false
) {
    precondition(a.columns == b.inner, "the inner lengths differ: \(a.columns) and \(b.inner)")
    c.require(a.rows, b.columns, "the product")
    bias?.require(b.columns, "bias")
    precondition(bias == nil || !accumulate, "a product takes a bias or adds to its result, not both")
    // SAFETY: the bias outlives the call, since `bias` holds its storage.
    let epilogue = unsafe ck_epilogue(
        bias: bias.map { unsafe UnsafePointer($0.pointer) }, alpha: 1, accumulate: accumulate)
    withExtendedLifetime((bias, b)) {
        unsafe kernels.multiply_packed(a.view, b.view, c.view, epilogue, Scratch.pointer())
    }
}

/// Multiplies the matrices of two grids, one product for each place: `c = alpha · op(a) · op(b)`.
///
/// Made for attention, where there are many small matrices. The bits are those of single products.
///
/// - Parameters:
///   - a: A grid of left operands, `[rows, inner]` each, or `[inner, rows]` if transposed.
///   - b: A grid of right operands, `[inner, columns]` each, or `[columns, inner]` if transposed.
///   - c: A grid of results, `[rows, columns]` each, that overlap neither one another nor an operand.
///   - transposeA: Whether `op(a)` is the transpose of `a`.
///   - transposeB: Whether `op(b)` is the transpose of `b`.
///   - alpha: The factor on the products.
///   - accumulate: Whether to add to `c` rather than overwrite it.
/// - Complexity: O(`outer · inner` grid places times `rows · columns · inner`).
package func multiplyBatch(
    _ a: MatrixBatch, _ b: MatrixBatch, into c: MatrixBatch, transposeA: Bool = false,
    transposeB: Bool = false, alpha: Float = 1, accumulate: Bool = false
) {
    for (name, grid) in [("a", a), ("b", b)] {
        precondition(
            grid.outerCount == c.outerCount && grid.innerCount == c.innerCount,
            """
            \(name) is a grid of \(grid.outerCount) × \(grid.innerCount) matrices, the result one of \
            \(c.outerCount) × \(c.innerCount)
            """)
    }
    let rows = transposeA ? a.columns : a.rows
    let inner = transposeA ? a.rows : a.columns
    let columns = transposeB ? b.rows : b.columns
    let other = transposeB ? b.columns : b.rows
    precondition(inner == other, "the inner lengths differ: \(inner) and \(other)")
    precondition(
        c.rows == rows && c.columns == columns,
        "the products are \(c.rows) × \(c.columns); \(rows) × \(columns) is needed")
    let epilogue = unsafe ck_epilogue(bias: nil, alpha: alpha, accumulate: accumulate)
    unsafe kernels.multiply_batch(
        a.view, b.view, c.view, transposeA, transposeB, epilogue, Scratch.pointer())
}
