/// How one unit is reconstructed.
package struct ReconstructionSettings: Equatable, Sendable {
    /// What is learned of the weights.
    package enum Rounding: Equatable, Sendable {
        /// The weights, through the quantizer, and the biases.
        case straightThrough
        /// The choice between rounding down and up, with this factor on the regulariser.
        case adaRound(regularizer: Double)
    }

    /// What the global term compares.
    package enum GlobalTarget: Equatable, Sendable {
        /// Kullback–Leibler divergence of logits that were divided by a temperature.
        case logits(temperature: Double)
        /// Mean squared error of the feature before the classifier.
        case features
    }

    /// How the terms are brought to one scale.
    package enum Fusion: Equatable, Sendable {
        /// Every term is divided by its mean over a few batches at the start.
        case firstSteps
        /// The terms are used as they are.
        case fixed
    }

    /// The number of optimisation steps.
    package var steps: Int
    /// The number of images in a step.
    package var batch: Int
    /// What is learned of the weights.
    package var rounding = Rounding.straightThrough
    /// The learning rate of weights or rounding variables at the first step; it falls to 0 as a cosine.
    package var weightLearningRate: Double
    /// The learning rate of the logarithm of activation scales at the first step; it falls likewise.
    package var scaleLearningRate: Double
    /// The weight of the block term.
    package var blockWeight: Double
    /// The weight of the global term; 0 leaves it out.
    package var globalWeight: Double
    /// The weight of the local terms together; 0 leaves them out.
    package var localWeight: Double
    /// What the global term compares.
    package var globalTarget = GlobalTarget.logits(temperature: 4)
    /// How the terms are brought to one scale.
    package var fusion = Fusion.firstSteps
    /// Decides the order of images.
    package var seed: UInt64

    /// Makes settings.
    package init(
        steps: Int, batch: Int, weightLearningRate: Double, scaleLearningRate: Double, blockWeight: Double,
        globalWeight: Double, localWeight: Double, seed: UInt64
    ) {
        self.steps = steps
        self.batch = batch
        self.weightLearningRate = weightLearningRate
        self.scaleLearningRate = scaleLearningRate
        self.blockWeight = blockWeight
        self.globalWeight = globalWeight
        self.localWeight = localWeight
        self.seed = seed
    }

    /// The steps at which gradient norms are measured: the first, and about twenty more.
    package var stepsBetweenProbes: Int { max(1, steps / 20) }
}

/// One value for each supervision term; nil where the term is off.
package struct Terms: Equatable, Sendable {
    /// The block term.
    package var block: Double?
    /// The global term.
    package var global: Double?
    /// The local terms' mean.
    package var local: Double?

    /// Makes values.
    package init(block: Double? = nil, global: Double? = nil, local: Double? = nil) {
        self.block = block
        self.global = global
        self.local = local
    }
}

/// What one step measured.
package struct StepMeasurement: Equatable, Sendable {
    /// The step, from 1.
    package var step: Int
    /// The fused loss, AdaRound's regulariser included.
    package var loss: Double
    /// Every term as measured.
    package var terms: Terms
    /// Every term as it enters the loss.
    package var weighted: Terms
    /// The norm of each weighted term's gradient on the unit's weights; nil except at probed steps.
    package var gradientNorms: Terms?
}
