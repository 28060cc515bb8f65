/// What was found out about an exported file by reading it back.
public struct ExportVerification: Equatable, Codable, Sendable {
    /// The number of integer codes that are those of the model in memory; 0 for a recipe, which is the same plan.
    public var codes: Int
    /// The number of images on which the file's model and the one in memory give the same logits, bit for bit.
    public var images: Int

    /// Makes a verification.
    public init(codes: Int, images: Int) {
        self.codes = codes
        self.images = images
    }
}

/// A file that was exported.
public struct ExportResult: Equatable, Sendable {
    /// The size in bytes.
    public var bytes: Int
    /// What reading it back showed.
    public var verification: ExportVerification

    /// Makes a result.
    public init(bytes: Int, verification: ExportVerification) {
        self.bytes = bytes
        self.verification = verification
    }
}
