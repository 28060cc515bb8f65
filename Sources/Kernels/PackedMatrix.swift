internal import CKernels
package import TensorCore

/// The right operand of products, laid out once for many of them: weights that stay the same for a while.
///
/// The layout is the same at every instruction level. Packing while another thread multiplies is a
/// programming error, as with any other view's elements.
package final class PackedMatrix: @unchecked Sendable {
    // `@unchecked Sendable`: all properties are constants; `FloatStorage` documents when it may be written.

    /// The number of rows of the operand.
    package let inner: Int
    /// The number of columns of the operand.
    package let columns: Int

    private let storage: FloatStorage

    /// Makes a packed matrix of zeros.
    ///
    /// - Parameters:
    ///   - inner: The number of rows.
    ///   - columns: The number of columns.
    package init(inner: Int, columns: Int) {
        precondition(inner >= 0 && columns >= 0, "no matrix of \(inner) × \(columns)")
        self.inner = inner
        self.columns = columns
        storage = FloatStorage(count: ck_packed_count(inner, columns))
    }

    /// Makes a packed copy of a matrix.
    ///
    /// - Parameters:
    ///   - b: `[inner, columns]`, or `[columns, inner]` if transposed.
    ///   - transposed: Whether the operand is the transpose of `b`.
    package convenience init(_ b: Matrix, transposed: Bool) {
        self.init(inner: transposed ? b.columns : b.rows, columns: transposed ? b.rows : b.columns)
        pack(b, transposed: transposed)
    }

    /// Replaces the elements.
    ///
    /// - Parameters:
    ///   - b: `[inner, columns]`; or, if transposed, `[columns, inner]`, as a checkpoint's `[out, in]` weight
    ///     enters the product of activations and weight.
    ///   - transposed: Whether the operand is the transpose of `b`.
    package func pack(_ b: Matrix, transposed: Bool) {
        b.require(transposed ? columns : inner, transposed ? inner : columns, "the matrix to pack")
        unsafe kernels.pack(b.view, transposed, view)
    }

    /// The operand as C sees it.
    @unsafe var view: ck_packed {
        unsafe ck_packed(data: storage.pointer(at: 0), inner: inner, columns: columns)
    }
}
