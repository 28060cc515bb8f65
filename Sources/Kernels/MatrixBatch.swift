internal import CKernels
package import TensorCore

/// A grid of equally shaped matrices in one storage, with reference semantics: images × heads.
package struct MatrixBatch: Sendable {
    /// The floats that this view and others share.
    package let storage: FloatStorage
    /// Where element (0, 0) of the first matrix lies.
    package let offset: Int
    /// The number of rows of each matrix.
    package let rows: Int
    /// The number of columns of each matrix.
    package let columns: Int
    /// The distance between two rows of a matrix.
    package let stride: Int
    /// The extent of the grid along its first axis.
    package let outerCount: Int
    /// The distance between neighbours along the first axis.
    package let outerStride: Int
    /// The extent of the grid along its second axis.
    package let innerCount: Int
    /// The distance between neighbours along the second axis.
    package let innerStride: Int

    /// Makes a view of part of a storage.
    ///
    /// - Parameters:
    ///   - storage: The floats to look at.
    ///   - offset: Where element (0, 0) of the first matrix lies.
    ///   - rows: The number of rows of each matrix.
    ///   - columns: The number of columns of each matrix.
    ///   - stride: The distance between two rows, at least `columns`.
    ///   - outerCount: The extent of the grid along its first axis.
    ///   - outerStride: The distance between neighbours along the first axis.
    ///   - innerCount: The extent of the grid along its second axis.
    ///   - innerStride: The distance between neighbours along the second axis.
    package init(
        storage: FloatStorage, offset: Int, rows: Int, columns: Int, stride: Int, outerCount: Int,
        outerStride: Int, innerCount: Int, innerStride: Int
    ) {
        precondition(
            offset >= 0 && rows >= 0 && columns >= 0 && stride >= columns && outerCount >= 0
                && innerCount >= 0 && outerStride >= 0 && innerStride >= 0,
            """
            no grid of \(outerCount) × \(innerCount) matrices of \(rows) × \(columns) with strides \
            \(outerStride), \(innerStride) and \(stride) at \(offset)
            """)
        let isEmpty = rows == 0 || columns == 0 || outerCount == 0 || innerCount == 0
        let end =
            isEmpty
            ? 0
            : offset + (outerCount - 1) * outerStride + (innerCount - 1) * innerStride + (rows - 1) * stride
                + columns
        precondition(
            end <= storage.count, "a grid that ends at \(end) does not fit in \(storage.count) floats")
        self.storage = storage
        self.offset = offset
        self.rows = rows
        self.columns = columns
        self.stride = stride
        self.outerCount = outerCount
        self.outerStride = outerStride
        self.innerCount = innerCount
        self.innerStride = innerStride
    }

    /// Cuts a matrix into a grid of tiles: `[images · tokens, heads · width]` into tokens × width for each
    /// image and head.
    ///
    /// - Parameters:
    ///   - matrix: Its rows are a multiple of `outerCount`, its columns one of `innerCount`.
    ///   - outerCount: How many pieces the rows are cut into, at least 1.
    ///   - innerCount: How many pieces the columns are cut into, at least 1.
    package init(tiling matrix: Matrix, outerCount: Int, innerCount: Int) {
        precondition(
            outerCount > 0 && innerCount > 0 && matrix.rows.isMultiple(of: outerCount)
                && matrix.columns.isMultiple(of: innerCount),
            "\(matrix.rows) × \(matrix.columns) cannot be cut into \(outerCount) × \(innerCount) tiles")
        let rows = matrix.rows / outerCount
        let columns = matrix.columns / innerCount
        self.init(
            storage: matrix.storage, offset: matrix.offset, rows: rows, columns: columns,
            stride: matrix.stride, outerCount: outerCount, outerStride: rows * matrix.stride,
            innerCount: innerCount, innerStride: columns)
    }

    /// Cuts a matrix into a grid of strips: `[images · heads · tokens, tokens]` into tokens × tokens for each
    /// image and head.
    ///
    /// - Parameters:
    ///   - matrix: Its rows are a multiple of `outerCount · innerCount`.
    ///   - outerCount: The extent of the grid along its first axis, at least 1.
    ///   - innerCount: The extent of the grid along its second axis, at least 1.
    package init(stacking matrix: Matrix, outerCount: Int, innerCount: Int) {
        precondition(
            outerCount > 0 && innerCount > 0 && matrix.rows.isMultiple(of: outerCount * innerCount),
            "\(matrix.rows) rows cannot be cut into \(outerCount) × \(innerCount) strips")
        let rows = matrix.rows / (outerCount * innerCount)
        self.init(
            storage: matrix.storage, offset: matrix.offset, rows: rows, columns: matrix.columns,
            stride: matrix.stride, outerCount: outerCount, outerStride: innerCount * rows * matrix.stride,
            innerCount: innerCount, innerStride: rows * matrix.stride)
    }

    /// One matrix of the grid, as a view.
    package subscript(outer: Int, inner: Int) -> Matrix {
        precondition(
            outer >= 0 && outer < outerCount && inner >= 0 && inner < innerCount,
            "(\(outer), \(inner)) is outside a grid of \(outerCount) × \(innerCount)")
        return Matrix(
            storage: storage, offset: offset + outer * outerStride + inner * innerStride, rows: rows,
            columns: columns, stride: stride)
    }

    /// The grid as C sees it.
    @unsafe var view: ck_batch {
        let first = unsafe ck_matrix(
            data: storage.pointer(at: offset), rows: rows, columns: columns, stride: stride)
        return unsafe ck_batch(
            first: first, outer_count: outerCount, outer_stride: outerStride, inner_count: innerCount,
            inner_stride: innerStride)
    }
}
