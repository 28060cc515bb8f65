internal import CKernels
internal import TensorCore

// What every function of this module checks before it hands addresses to C.

extension Matrix {
    /// The view as C sees it.
    @unsafe var view: ck_matrix {
        unsafe ck_matrix(data: pointer, rows: rows, columns: columns, stride: stride)
    }

    /// Traps unless the matrix has the given shape.
    func require(_ rows: Int, _ columns: Int, _ name: StaticString) {
        precondition(
            self.rows == rows && self.columns == columns,
            "\(name) is \(self.rows) × \(self.columns); \(rows) × \(columns) is needed")
    }

    /// Traps unless the matrix has the shape of `other`.
    func require(like other: Matrix, _ name: StaticString) {
        require(other.rows, other.columns, name)
    }
}

extension Vector {
    /// Traps unless the vector has the given length.
    func require(_ count: Int, _ name: StaticString) {
        precondition(self.count == count, "\(name) has \(self.count) elements; \(count) are needed")
    }
}

/// The kernels of the level in use.
@unsafe var kernels: ck_kernels {
    @inline(__always)
    get { unsafe ck_current_kernels().pointee }
}
