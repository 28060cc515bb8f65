/// The filter that a change of size weighs neighbouring pixels with, as Pillow defines it.
package enum Interpolation: String, Hashable, Sendable, Codable, CaseIterable {
    /// The one pixel at the place; no weights.
    case nearest
    /// The mean of the pixels that the place covers.
    case box
    /// A triangle of support 1.
    case bilinear
    /// A cosine window of support 1.
    case hamming
    /// A piecewise cubic of support 2 with a = −0.5.
    case bicubic
    /// A windowed sinc of support 3.
    case lanczos
}
