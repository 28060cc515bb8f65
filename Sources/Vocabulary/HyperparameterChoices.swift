/// How the ranges of quantizers are searched.
package enum RangeSearch: String, CaseIterable, Codable, Sendable {
    /// Some percentiles, as in RepQ-ViT.
    case percentile
    /// The least squared error over many ranges.
    case squaredError = "mse"
    /// As `mse`; inputs of linear layers then by the error of the layer's output.
    case outputError = "output_mse"
}

/// Which levels attention maps have.
package enum AttentionLevels: String, CaseIterable, Codable, Sendable {
    /// Powers of √2 and zero, as in RepQ-ViT.
    case logSqrt2 = "log_sqrt2"
    /// Equal steps, one for each head, as in FIMA-Q.
    case uniform
    /// Powers of a base that is searched for each head, and zero, as in AdaLog.
    case searchedLog = "searched_log"
    /// Whichever of these changes the unit's output least.
    case outputError = "output_error"
}

/// The levels for the inputs of layers after GELU.
package enum GELULevels: String, CaseIterable, Codable, Sendable {
    /// Equal steps.
    case uniform
    /// Powers of a searched base above the least value of GELU, as in AdaLog.
    case shiftedLog = "shifted_log"
    /// Whichever of the two changes the unit's output less.
    case outputError = "output_error"

    /// The levels that calibration tries; the unit's output decides between several.
    package var candidates: [GELULevels] {
        self == .outputError ? GELULevels.allCases.filter { $0 != .outputError } : [self]
    }
}

/// Which values of queries, keys, values or attention maps share a quantizer.
package enum OperandGroups: String, CaseIterable, Codable, Sendable {
    /// Those of a head.
    case head
    /// All.
    case tensor
}

/// How a layer's weight is brought onto its codes when it is calibrated.
package enum WeightSolver: String, CaseIterable, Codable, Sendable {
    /// Every weight goes to the nearest code.
    case nearest
    /// The weight is first corrected for its quantized inputs, in closed form, as in ERQ.
    case ridge
    /// Each weight also makes up for the rounding of others, as in GPTQ.
    case gptq
    /// Both.
    case ridgeGptq = "ridge_gptq"
}

/// How the weights of a unit are rounded while they are learned.
package enum Rounding: String, CaseIterable, Codable, Sendable {
    /// Straight-through estimation: the weights themselves are trained through the quantizer.
    case ste
    /// AdaRound: only the choice between rounding down and up is trained (arXiv 2004.10568).
    case adaround
}

/// How learning rates change over the steps.
package enum LearningRateSchedule: String, CaseIterable, Codable, Sendable {
    /// Down to 0 as a cosine.
    case cosine
    /// Not at all.
    case constant
}

/// How a term's weight changes over the steps.
package enum WeightSchedule: String, CaseIterable, Codable, Sendable {
    /// Not at all.
    case constant
    /// Up from 0 over the first fifth.
    case ramp
    /// Down to 0 as a cosine.
    case decay
}

/// How errors of a unit's output count in the block term.
package enum BlockDistance: String, CaseIterable, Codable, Sendable {
    /// All alike.
    case squaredError = "mse"
    /// Each by the squared gradient of the model's divergence, as in BRECQ.
    case brecq
    /// Each by the average perturbation Hessian, as in APHQ-ViT.
    case aphq
    /// By the diagonal and a low-rank part of the Fisher matrix, as in FIMA-Q.
    case fima
}

/// How operators' outputs are compared in the local terms.
package enum LocalDistance: String, CaseIterable, Codable, Sendable {
    /// Squared error relative to the operator's mean square.
    case relative = "mse_rel"
    /// Divergence of softmaxes over channels.
    case channelDivergence = "kl_channel"
    /// Squared differences of channels' means and deviations.
    case moments
}

/// What the global term compares at the model's output.
package enum GlobalTarget: String, CaseIterable, Codable, Sendable {
    /// Kullback–Leibler divergence of the logits, as in PD-Quant.
    case logits
    /// Mean squared error of the feature before the classifier, as in GLF-Q.
    case features
}

/// How the three terms are brought to one scale before their weights apply.
package enum Fusion: String, CaseIterable, Codable, Sendable {
    /// Every term is divided by its mean over a few batches of the calibrated unit, so that each starts near 1.
    case firstStep = "first_step"
    /// The terms are used as they are.
    case fixed
    /// Every term is divided by its running mean.
    case runningMean = "ema"
    /// Terms are divided so that their gradients' norms are in proportion to their weights.
    case gradientNorm = "grad_norm"
    /// As `first_step`, with a learned variance for each term.
    case uncertainty
}
