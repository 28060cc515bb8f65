/// The facts about a model before a run.
package struct ModelCard: Equatable, Sendable {
    /// Its name in a plan, such as `sample:fashion-vit`.
    package var reference: String
    /// The architecture in words, such as `ViT, 6 blocks of width 128, 4 heads, 4 × 4 patches`.
    package var architecture: String
    /// The image preparation in words; empty if unknown.
    package var preprocessing: String
    /// The number of weights and biases.
    package var parameters: Int
    /// The size of the full-precision weights in bytes.
    package var bytes: Int
    /// The number of calibration images.
    package var calibrationImages: Int
    /// The number of evaluation images; 0 without any.
    package var evaluationImages: Int
    /// Whether the evaluation images have labels.
    package var isLabelled: Bool

    /// A card with only the reference.
    package static func unknown(_ reference: String) -> ModelCard {
        ModelCard(
            reference: reference, architecture: "", parameters: 0, bytes: 0, calibrationImages: 0,
            evaluationImages: 0, isLabelled: false)
    }

    package init(
        reference: String, architecture: String, preprocessing: String = "", parameters: Int, bytes: Int,
        calibrationImages: Int,
        evaluationImages: Int, isLabelled: Bool
    ) {
        self.reference = reference
        self.architecture = architecture
        self.preprocessing = preprocessing
        self.parameters = parameters
        self.bytes = bytes
        self.calibrationImages = calibrationImages
        self.evaluationImages = evaluationImages
        self.isLabelled = isLabelled
    }
}
