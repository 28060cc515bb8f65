/// How far a model's answers move when its images do by the least that a float holds.
///
/// Rounding sends a value beside a boundary to one code or the other, so that two implementations of a quantized model, or
/// one of them before and after a change of the order of summation, agree no better than this.
package struct NoiseFloor: Equatable, Codable, Sendable {
    /// KL of the logits of disturbed images from those of the images, in nats: the greater of two draws.
    package var kl: Double
    /// The share of images that get another answer, in percent: the greater of two draws.
    package var changed: Double

    package init(kl: Double, changed: Double) {
        (self.kl, self.changed) = (kl, changed)
    }
}
