/// The measurements of one optimisation step.
package struct StepSample: Equatable, Codable, Sendable {
    /// The unit's index.
    package var unit: Int
    /// The attempt's number, from 1.
    package var attempt: Int
    /// The step, from 1.
    package var step: Int
    /// The number of steps of the attempt.
    package var steps: Int
    /// The fused loss: the sum of the weighted terms and of AdaRound's regulariser.
    package var loss: Double
    /// Every term as measured, in the unit of its distance: `block_distance`, `global_target` (nats for logits, mean
    /// squared error for features), `local_distance`.
    package var terms: Terms
    /// Every term as it enters the loss: scaled and weighted.
    package var weighted: Terms
    /// The norm of each weighted term's gradient on the unit's weights; nil except at probed steps.
    package var gradientNorms: Terms?
    /// The cosines between these gradients; nil except at probed steps.
    package var gradientCosines: GradientCosines?
    /// The local terms one by one; nil except at probed steps, and where they are off.
    package var operatorLosses: [OperatorLoss]?
    /// The fused loss over the validation images; nil where it was not measured.
    package var validationLoss: Double?

    package init(
        unit: Int, attempt: Int, step: Int, steps: Int, loss: Double, terms: Terms, weighted: Terms,
        gradientNorms: Terms? = nil, gradientCosines: GradientCosines? = nil,
        operatorLosses: [OperatorLoss]? = nil, validationLoss: Double? = nil
    ) {
        self.unit = unit
        self.attempt = attempt
        self.step = step
        self.steps = steps
        self.loss = loss
        self.terms = terms
        self.weighted = weighted
        self.gradientNorms = gradientNorms
        self.gradientCosines = gradientCosines
        self.operatorLosses = operatorLosses
        self.validationLoss = validationLoss
    }
}

/// How far one operator's output is from full precision.
package struct OperatorLoss: Equatable, Codable, Sendable {
    /// The operator's name, such as `qkv`.
    package var name: String
    /// Its part of the local terms, before their mean.
    package var loss: Double

    package init(name: String, loss: Double) {
        (self.name, self.loss) = (name, loss)
    }
}

/// How well a quantizer fits its site.
package struct SiteReport: Equatable, Codable, Sendable {
    /// The site's name.
    package var site: String
    /// The width of its codes in bits; 16 in full precision.
    package var bits: Int
    /// The quantizer and what shares its parameters, such as `uniform per channel`.
    package var quantizer: String
    /// Signal to quantization noise in dB; nil where there is no noise at all.
    package var sqnrDb: Double?

    package init(site: String, bits: Int, quantizer: String, sqnrDb: Double?) {
        self.site = site
        self.bits = bits
        self.quantizer = quantizer
        self.sqnrDb = sqnrDb
    }
}

// NaN is written as `null`. This overload takes the place of the standard library's in the synthesized decoding of this
// module's types, and reads it back.
extension KeyedDecodingContainer {
    func decode(_: Double.Type, forKey key: Key) throws -> Double {
        try decode(Double?.self, forKey: key) ?? .nan
    }
}
