/// An unnamed array of floats with a shape, as checkpoints store it.
///
/// A value; copies are independent.
package struct Tensor: Equatable, Sendable {
    /// The extents, outermost axis first.
    ///
    /// Empty for a scalar.
    package let shape: [Int]
    /// The elements in row-major order; as many as the product of `shape`.
    package var elements: [Float]

    /// Makes a tensor of given elements.
    ///
    /// - Parameters:
    ///   - shape: The extents, outermost axis first.
    ///   - elements: The elements in row-major order.
    package init(shape: [Int], elements: [Float]) {
        precondition(shape.allSatisfy { $0 >= 0 }, "\(shape) is not a shape")
        precondition(
            shape.reduce(1, *) == elements.count, "\(elements.count) elements do not make \(shape)")
        self.shape = shape
        self.elements = elements
    }

    /// Makes a tensor whose elements are all the same.
    ///
    /// - Parameters:
    ///   - shape: The extents, outermost axis first.
    ///   - value: Every element's value.
    package init(shape: [Int], repeating value: Float = 0) {
        self.init(shape: shape, elements: Array(repeating: value, count: shape.reduce(1, *)))
    }

    /// The number of elements.
    package var count: Int { elements.count }

    /// A new matrix with the same elements: the first axis as rows, all others as columns.
    ///
    /// A tensor with fewer than two axes becomes one row.
    package func matrix() -> Matrix {
        let rows = shape.count >= 2 ? shape[0] : 1
        return Matrix(rows: rows, columns: rows == 0 ? 0 : count / rows, elements: elements)
    }

    /// A new vector with the same elements.
    package func vector() -> Vector { Vector(elements) }
}
