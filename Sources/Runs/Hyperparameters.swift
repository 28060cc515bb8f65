/// How the weights of a unit are rounded while they are learned.
public enum Rounding: String, CaseIterable, Codable, Sendable {
    /// Straight-through estimation: the weights themselves are trained through the quantizer.
    case ste
    /// AdaRound: only the choice between rounding down and up is trained (arXiv 2004.10568).
    case adaround
}

/// What the global term compares at the model's output.
public enum GlobalTarget: String, CaseIterable, Codable, Sendable {
    /// Kullback–Leibler divergence of the logits, as in PD-Quant.
    case logits
    /// Mean squared error of the feature before the classifier, as in GLF-Q.
    case features
}

/// How the three terms are brought to one scale before their weights apply.
public enum Fusion: String, CaseIterable, Codable, Sendable {
    /// Every term is divided by its mean over a few batches of the calibrated unit, so that each starts near 1.
    case firstStep = "first_step"
    /// The terms are used as they are.
    case fixed
}

/// Everything that decides how one unit is quantized and reconstructed.
///
/// A snapshot of it belongs to every attempt; it can be edited at a gate for the coming units.
public struct Hyperparameters: Equatable, Sendable {
    /// The width of weight codes in bits: 2 through 8, or 16 to leave weights in full precision.
    public var weightBits = 4
    /// The width of activation codes in bits: 2 through 8, or 16 to leave activations in full precision.
    public var activationBits = 4
    /// The number of optimisation steps of a unit; 0 leaves it as calibrated.
    public var steps = 200
    /// The number of images in a step.
    public var batch = 32
    /// How weights are rounded while they are learned.
    public var rounding = Rounding.ste
    /// The learning rate of weights (`ste`) or of rounding variables (`adaround`).
    public var weightLearningRate = 1e-3
    /// The learning rate of the logarithm of activation scales; 0 freezes them.
    public var scaleLearningRate = 1e-3
    /// The weight of the block term.
    public var blockWeight = 2.0
    /// The weight of the global term; 0 leaves it out and saves its time.
    public var globalWeight = 1.0
    /// The weight of the local terms together; 0 leaves them out.
    public var localWeight = 0.5
    /// What the global term compares.
    public var globalTarget = GlobalTarget.logits
    /// The temperature that divides logits in the global term.
    public var temperature = 4.0
    /// How the terms are brought to one scale.
    public var fusion = Fusion.firstStep
    /// The factor on AdaRound's regulariser.
    public var roundingRegularizer = 0.01
    /// Whether scale reparameterisation (RepQ-ViT) is applied to the inputs of qkv and fc1.
    public var reparameterize = true
    /// Whether a unit that got worse than its calibrated state is put back to it.
    public var keepOrRevert = true

    /// The values a plan has when it names neither a preset nor a value.
    public init() {}
}
