/// One point of a sweep.
package struct SweepPoint: Equatable, Codable, Sendable {
    /// The width of weight codes.
    package var weightBits: Int
    /// The width of activation codes.
    package var activationBits: Int
    /// The size of the exported weights, scales and zero points, in bytes.
    package var bytes: Int
    /// How the point's model compares with full precision.
    package var evaluation: Evaluation

    package init(weightBits: Int, activationBits: Int, bytes: Int, evaluation: Evaluation) {
        self.weightBits = weightBits
        self.activationBits = activationBits
        self.bytes = bytes
        self.evaluation = evaluation
    }
}
