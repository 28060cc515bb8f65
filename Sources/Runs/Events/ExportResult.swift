/// The result of reading an exported file back.
package struct ExportVerification: Equatable, Codable, Sendable {
    /// The number of integer codes that equal those in memory; 0 for a recipe.
    package var codes: Int
    /// The number of images whose logits equal those of the model in memory, bit for bit.
    package var images: Int

    package init(codes: Int, images: Int) {
        (self.codes, self.images) = (codes, images)
    }
}

/// A file that was exported.
package struct ExportResult: Equatable, Codable, Sendable {
    /// The size in bytes.
    package var bytes: Int
    /// The result of reading it back.
    package var verification: ExportVerification

    package init(bytes: Int, verification: ExportVerification) {
        (self.bytes, self.verification) = (bytes, verification)
    }
}
