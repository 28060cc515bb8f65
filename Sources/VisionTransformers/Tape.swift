package import TensorCore

/// The activations of a forward pass over some images, one buffer per entry of a unit's shapes.
package struct Tape: Sendable {
    /// The buffers.
    package let buffers: [Matrix]
    /// The number of images.
    package let images: Int
    private let shapes: [RowShape]

    /// Makes buffers of zeros.
    ///
    /// - Parameters:
    ///   - shapes: The rows that one image has in each buffer.
    ///   - images: The number of images.
    package init(shapes: [RowShape], images: Int) {
        self.shapes = shapes
        self.images = images
        buffers = shapes.map { $0.matrix(images: images) }
    }

    private init(shapes: [RowShape], images: Int, buffers: [Matrix]) {
        self.shapes = shapes
        self.images = images
        self.buffers = buffers
    }

    /// One buffer.
    package subscript(slot: Int) -> Matrix { buffers[slot] }

    /// The part of every buffer that belongs to some images, as views.
    package func images(_ range: Range<Int>) -> Tape {
        precondition(range.upperBound <= images, "images \(range) are outside 0 ..< \(images)")
        let views = zip(buffers, shapes).map { buffer, shape in
            buffer.rows(range.lowerBound * shape.rows..<range.upperBound * shape.rows)
        }
        return Tape(shapes: shapes, images: range.count, buffers: views)
    }
}
