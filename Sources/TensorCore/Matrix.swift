/// A view of floats in rows, with reference semantics: copies of the view see the same elements.
///
/// Element (r, c) lies at `offset + r · stride + c` of the storage. See `FloatStorage` for when it may be
/// write when.
package struct Matrix: Sendable {
    /// The floats that this view and others share.
    package let storage: FloatStorage
    /// Where element (0, 0) lies.
    package let offset: Int
    /// The number of rows.
    package let rows: Int
    /// The number of columns.
    package let columns: Int
    /// The distance between the first elements of two rows, at least `columns`.
    package let stride: Int

    /// Makes a view of part of a storage.
    ///
    /// - Parameters:
    ///   - storage: The floats to look at.
    ///   - offset: Where element (0, 0) lies.
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    ///   - stride: The distance between rows; `columns` if nil.
    package init(storage: FloatStorage, offset: Int, rows: Int, columns: Int, stride: Int? = nil) {
        let stride = stride ?? columns
        precondition(
            rows >= 0 && columns >= 0 && offset >= 0 && stride >= columns,
            "no matrix of \(rows) × \(columns) with stride \(stride) at \(offset)")
        precondition(
            rows == 0 || columns == 0 || offset + (rows - 1) * stride + columns <= storage.count,
            "\(rows) × \(columns) with stride \(stride) at \(offset) does not fit in \(storage.count) floats")
        self.storage = storage
        self.offset = offset
        self.rows = rows
        self.columns = columns
        self.stride = stride
    }

    /// Makes a matrix of zeros with its own storage and no gaps between rows.
    ///
    /// - Parameters:
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    package init(rows: Int, columns: Int) {
        self.init(storage: FloatStorage(count: rows * columns), offset: 0, rows: rows, columns: columns)
    }

    /// Makes a matrix with its own storage that holds a copy of `elements`.
    ///
    /// - Parameters:
    ///   - rows: The number of rows.
    ///   - columns: The number of columns.
    ///   - elements: `[rows, columns]` values, row by row.
    package init(rows: Int, columns: Int, elements: [Float]) {
        precondition(
            elements.count == rows * columns, "\(elements.count) elements do not make \(rows) × \(columns)")
        self.init(rows: rows, columns: columns)
        for (index, element) in elements.enumerated() {
            storage[index] = element
        }
    }

    /// One element.
    package subscript(row: Int, column: Int) -> Float {
        get {
            checkIndex(row, column)
            return storage[offset + row * stride + column]
        }
        nonmutating set {
            checkIndex(row, column)
            storage[offset + row * stride + column] = newValue
        }
    }

    private func checkIndex(_ row: Int, _ column: Int) {
        precondition(
            row >= 0 && row < rows && column >= 0 && column < columns,
            "(\(row), \(column)) is outside \(rows) × \(columns)")
    }

    /// The rows in `range`, as a view.
    package func rows(_ range: Range<Int>) -> Matrix {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) are outside 0 ..< \(rows)")
        return Matrix(
            storage: storage, offset: offset + range.lowerBound * stride, rows: range.count, columns: columns,
            stride: stride)
    }

    /// The columns in `range`, as a view.
    package func columns(_ range: Range<Int>) -> Matrix {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= columns,
            "columns \(range) are outside 0 ..< \(columns)")
        return Matrix(
            storage: storage, offset: offset + range.lowerBound, rows: rows, columns: range.count,
            stride: stride)
    }

    /// Whether rows follow one another without gaps.
    package var isContiguous: Bool { stride == columns || rows <= 1 }

    /// The elements, row by row, as a copy.
    package var elements: [Float] {
        var result: [Float] = []
        result.reserveCapacity(rows * columns)
        for row in 0..<rows {
            for column in 0..<columns {
                result.append(storage[offset + row * stride + column])
            }
        }
        return result
    }

    /// The address of element (0, 0), for kernels.
    @unsafe package var pointer: UnsafeMutablePointer<Float> {
        unsafe storage.pointer(at: offset)
    }
}

/// A view of floats in a line, with reference semantics.
package struct Vector: Sendable {
    /// The floats that this view and others share.
    package let storage: FloatStorage
    /// Where the first element lies.
    package let offset: Int
    /// The number of elements.
    package let count: Int

    /// Makes a view of part of a storage.
    ///
    /// - Parameters:
    ///   - storage: The floats to look at.
    ///   - offset: Where the first element lies.
    ///   - count: The number of elements.
    package init(storage: FloatStorage, offset: Int, count: Int) {
        precondition(
            offset >= 0 && count >= 0 && offset + count <= storage.count,
            "\(count) elements at \(offset) do not fit in \(storage.count) floats")
        self.storage = storage
        self.offset = offset
        self.count = count
    }

    /// Makes a vector of zeros with its own storage.
    ///
    /// - Parameter count: The number of elements.
    package init(count: Int) {
        self.init(storage: FloatStorage(count: count), offset: 0, count: count)
    }

    /// Makes a vector with its own storage that holds a copy of `elements`.
    ///
    /// - Parameter elements: The values.
    package init(_ elements: [Float]) {
        self.init(count: elements.count)
        for (index, element) in elements.enumerated() {
            storage[index] = element
        }
    }

    /// One element.
    package subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index \(index) is outside 0 ..< \(count)")
            return storage[offset + index]
        }
        nonmutating set {
            precondition(index >= 0 && index < count, "index \(index) is outside 0 ..< \(count)")
            storage[offset + index] = newValue
        }
    }

    /// The elements in `range`, as a view.
    package subscript(range: Range<Int>) -> Vector {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= count, "\(range) is outside 0 ..< \(count)")
        return Vector(storage: storage, offset: offset + range.lowerBound, count: range.count)
    }

    /// The elements, as a copy.
    package var elements: [Float] { (0..<count).map { storage[offset + $0] } }

    /// The address of the first element, for kernels.
    @unsafe package var pointer: UnsafeMutablePointer<Float> {
        unsafe storage.pointer(at: offset)
    }
}
