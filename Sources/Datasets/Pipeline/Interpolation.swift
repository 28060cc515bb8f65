/// The filter that a change of size weighs neighbouring pixels with, as Pillow defines it.
public enum Interpolation: String, Hashable, Sendable, Codable, CaseIterable {
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

    /// Makes the filter that Pillow gives a number, as `resample` of `preprocessor_config.json` does.
    ///
    /// - Parameter pillowCode: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, 4 box, 5 Hamming; nil for any other.
    public init?(pillowCode: Int) {
        let codes: [Interpolation] = [.nearest, .lanczos, .bilinear, .bicubic, .box, .hamming]
        guard codes.indices.contains(pillowCode) else { return nil }
        self = codes[pillowCode]
    }
}
