/// How one unit is reconstructed.
package struct ReconstructionSettings: Equatable, Sendable {
    /// What is learned of the weights.
    package enum Rounding: Equatable, Sendable {
        /// The weights, through the quantizer, and the biases.
        case straightThrough
        /// The choice between rounding down and up, with this factor on the regulariser.
        case adaRound(regularizer: Double)
    }

    /// How errors of the unit's output count in the block term.
    package enum BlockDistance: String, CaseIterable, Equatable, Sendable {
        /// All alike: the mean squared error.
        case meanSquaredError
        /// Each by the squared gradient of the model's divergence there, image by image (BRECQ).
        case squaredGradient
        /// Each by how a perturbation changes that gradient, averaged over images (APHQ-ViT).
        case perturbationHessian
        /// By the diagonal and a low-rank part of the Fisher matrix, renewed as the unit learns (FIMA-Q).
        case fisher
    }

    /// How operators' outputs are compared in the local term.
    package enum LocalDistance: String, CaseIterable, Equatable, Sendable {
        /// Squared error relative to the operator's mean square.
        case relativeSquaredError
        /// Divergence of softmaxes over channels, outputs divided by the operator's root mean square.
        case channelDivergence
        /// Squared differences of every channel's mean and deviation, relative to the variance.
        case moments
    }

    /// What the global term compares.
    package enum GlobalTarget: Equatable, Sendable {
        /// Kullback–Leibler divergence of logits that were divided by a temperature.
        case logits(temperature: Double)
        /// Mean squared error of the feature before the classifier.
        case features
    }

    /// How the terms are brought to one scale.
    package enum Fusion: String, CaseIterable, Equatable, Sendable {
        /// Every term is divided by its mean over a few batches at the start.
        case firstSteps
        /// The terms are used as they are.
        case fixed
        /// Every term is divided by its running mean.
        case runningMean
        /// Every term is divided so that the norms of gradients stand as the weights do.
        case gradientNorm
        /// As at the start, with a learned variance for each term.
        case uncertainty
    }

    /// How a term's weight, or the learning rates, change over the steps.
    package enum Schedule: String, CaseIterable, Equatable, Sendable {
        /// Not at all.
        case constant
        /// Up from 0 over the first fifth.
        case ramp
        /// Down to 0 as a cosine.
        case decay

        /// The factor at a share of the steps.
        func factor(at progress: Double) -> Double {
            switch self {
            case .constant: 1
            case .ramp: min(1, progress / 0.2)
            case .decay: halfCosine(at: progress)
            }
        }
    }

    /// The number of optimisation steps.
    package var steps: Int
    /// The number of images in a step.
    package var batch: Int
    /// What is learned of the weights.
    package var rounding = Rounding.straightThrough
    /// The highest learning rate of weights, in units of their quantizer's step, or of rounding variables.
    package var weightLearningRate: Double
    /// The learning rate of the logarithm of activation scales at its highest.
    package var scaleLearningRate: Double
    /// The share of the steps over which learning rates rise from 0.
    package var warmUp = 0.0
    /// How learning rates change after that: constant, or a decay.
    package var learningRateSchedule = Schedule.decay
    /// The probability with which the unit's input is the full-precision one, element by element (QDrop).
    package var inputDrop = 0.0
    /// The probability with which a site's value is left unquantized, element by element (QDrop).
    package var activationDrop = 0.0
    /// The share of calibration images that are kept from learning to judge it by; 0 keeps none.
    package var validationShare = 0.0
    /// After how many judgements without an improvement learning ends; 0 never ends it.
    package var patience = 0
    /// The weight of the block term.
    package var blockWeight: Double
    /// The weight of the global term; 0 leaves it out.
    package var globalWeight: Double
    /// The weight of the local terms together; 0 leaves them out.
    package var localWeight: Double
    /// How the block term's weight changes.
    package var blockSchedule = Schedule.constant
    /// How the global term's weight changes.
    package var globalSchedule = Schedule.constant
    /// How the local terms' weight changes.
    package var localSchedule = Schedule.constant
    /// How errors of the unit's output count.
    package var blockDistance = BlockDistance.meanSquaredError
    /// How operators' outputs are compared.
    package var localDistance = LocalDistance.relativeSquaredError
    /// What the global term compares.
    package var globalTarget = GlobalTarget.logits(temperature: 4)
    /// The share of a step's images that the global term sees; the others save its time.
    package var globalShare = 1.0
    /// How the terms are brought to one scale.
    package var fusion = Fusion.firstSteps
    /// Decides the order of images and what is dropped.
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

    /// The steps between judgements on the images that were kept: ten of them in all.
    var stepsBetweenJudgements: Int { max(1, steps / 10) }

    /// The factor on learning rates at a share of the steps.
    func learningRateFactor(at progress: Double) -> Double {
        if progress < warmUp { return progress / warmUp }
        return learningRateSchedule.factor(at: warmUp < 1 ? (progress - warmUp) / (1 - warmUp) : 1)
    }
}
