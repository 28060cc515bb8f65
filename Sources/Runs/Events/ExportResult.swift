/// What was found out about an exported file by reading it back.
package struct ExportVerification: Equatable, Codable, Sendable {
    /// The number of integer codes that are those of the model in memory; 0 for a recipe, which is the same plan.
    package var codes: Int
    /// The number of images on which the file's model and the one in memory give the same logits, bit for bit.
    package var images: Int

    /// Makes a verification.
    package init(codes: Int, images: Int) {
        self.codes = codes
        self.images = images
    }
}

/// A file that was exported.
package struct ExportResult: Equatable, Codable, Sendable {
    /// The size in bytes.
    package var bytes: Int
    /// What reading it back showed.
    package var verification: ExportVerification

    /// Makes a result.
    package init(bytes: Int, verification: ExportVerification) {
        self.bytes = bytes
        self.verification = verification
    }
}
