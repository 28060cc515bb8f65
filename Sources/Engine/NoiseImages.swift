internal import TensorCore

/// Images of noise between −1 and 1, for checks that need any images.
///
/// - Parameters:
///   - count: How many.
///   - values: The values of an image.
///   - stream: What they are for; other streams give other noise.
/// - Returns: `[count, values]`, the same every time.
func noiseImages(_ count: Int, values: Int, stream: String) -> Matrix {
    let images = Matrix(rows: count, columns: values)
    var generator = SeededGenerator(seed: 1, stream: stream)
    for index in 0..<images.storage.count {
        images.storage[index] = 2 * generator.uniform() - 1
    }
    return images
}
