internal import CImageCodecs

/// Encodes pixels as a PNG file of 8 bits a channel.
///
/// - Parameters:
///   - pixels: Red, green and blue of each pixel: `[height, width, 3]`.
///   - width: The columns, at least 1.
///   - height: The rows, at least 1.
/// - Returns: The bytes of the file.
package func encodedPNG(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
    precondition(width > 0 && height > 0, "a picture has at least one pixel, not \(width) × \(height)")
    precondition(
        pixels.count == width * height * 3,
        "\(width) × \(height) pixels have \(width * height * 3) bytes, not \(pixels.count)")
    let (columns, rows) = (UInt32(width), UInt32(height))
    let capacity = image_png_capacity(columns, rows)
    return unsafe Array(unsafeUninitializedCapacity: capacity) { file, count in
        unsafe pixels.withUnsafeBufferPointer { pixels in
            count = unsafe image_encode_png(pixels.baseAddress, columns, rows, file.baseAddress, capacity)
        }
        precondition(count > 0, "libpng has no memory for \(width) × \(height) pixels")
    }
}
