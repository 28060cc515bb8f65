/// Everything that decides how one unit is quantized and reconstructed.
///
/// A snapshot of it belongs to every attempt; it can be edited at a gate for the coming units.
package struct Hyperparameters: Equatable, Sendable {
    /// The widths that codes can have, in bits; 16 leaves a site in full precision.
    package static let bitWidths = Array(2...8) + [16]

    /// The number of images, views included, that a run calibrates on unless it is said.
    package static let enoughImages = 2048

    // MARK: Images

    /// How many views of a calibration image there are, itself included; 0 lets `viewsPerImage` choose; the same for all
    /// units.
    package var views = 0
    /// Whether every other view is flipped from left to right; the same for all units.
    package var viewFlip = true
    /// By which share of its sides a view is shifted at most; the same for all units.
    package var viewShift = 0.07

    // MARK: Calibration

    /// The width of weight codes in bits: 2 through 8, or 16 to leave weights in full precision.
    package var weightBits = 4
    /// The width of activation codes in bits: 2 through 8, or 16 to leave activations in full precision.
    package var activationBits = 4
    /// How ranges are searched.
    package var rangeSearch = RangeSearch.squaredError
    /// Which levels attention maps have.
    package var attentionLevels = AttentionLevels.outputError
    /// The levels for the inputs of layers after GELU.
    package var geluLevels = GELULevels.outputError
    /// Which values of an operand of attention share a quantizer.
    package var operandGroups = OperandGroups.head
    /// Whether the zero point of every weight is the middle code, so that codes stand for whole multiples of a scale.
    package var weightSymmetry = false
    /// Whether scale reparameterisation (RepQ-ViT) is applied to the inputs of qkv and fc1.
    package var reparameterize = true
    /// How weights are brought onto their codes when a unit is calibrated.
    package var weightSolver = WeightSolver.ridgeGptq
    /// The damping of that solution, as a share of the mean of the inputs' variances.
    package var solverDamping = 0.01
    /// How far that solution weighs tokens by what their errors do to the feature: 0 all alike, 1 by nothing else.
    package var tokenImportance = 0.33

    /// Whether the model's features are rotated before anything else; the same for all units.
    package var rotate = true
    /// Whether keys, values and the last feature are moved so that each channel has mean 0; the same for all units.
    package var centreActivations = true
    /// Whether heads get the bases in which errors of their operands do the least; the same for all units.
    package var balanceHeads = true

    /// In how many steps each MLP is refitted with ReLU in place of GELU before anything else; 0 keeps GELU.
    ///
    /// The same for all units.
    package var reluRefitSteps = 0

    // MARK: Learning

    /// The number of optimisation steps of a unit; 0 leaves it as calibrated.
    package var steps = 200
    /// The step after which a unit ends although its schedule is of `steps`; 0 carries all of them out.
    package var stopAfter = 0
    /// The number of images in a step.
    package var batch = 32
    /// In how many steps all units learn together once the head is reconstructed; 0 leaves them as they are.
    ///
    /// The head's value decides.
    package var jointSteps = 0
    /// How many rows of a unit's output a step has at least; units with few rows an image take more images.
    package var leastRows = 256
    /// How weights are rounded while they are learned.
    package var rounding = Rounding.ste
    /// The highest learning rate of weights in units of their quantizer's step (`ste`), or of rounding variables
    /// (`adaround`).
    package var weightLearningRate = 0.03
    /// The highest learning rate of the logarithm of activation scales; 0 freezes them.
    package var scaleLearningRate = 5e-3
    /// The share of the steps over which learning rates rise from 0.
    package var warmUp = 0.1
    /// How learning rates change after that.
    package var learningRateSchedule = LearningRateSchedule.cosine
    /// The factor on AdaRound's regulariser.
    package var roundingRegularizer = 0.01
    /// The probability with which an element of a unit's input is that of full precision (QDrop).
    package var inputDrop = 0.0
    /// The probability with which an activation is left unquantized while learning (QDrop).
    package var activationDrop = 0.0
    /// The share of calibration images that validate a unit and teach it nothing.
    package var validationShare = 0.0
    /// After how many validations without an improvement, of ten, a unit's learning ends; 0 never ends it.
    package var patience = 0
    /// How often learning rates are lowered to a tenth where a unit gets worse.
    ///
    /// It ends at the next time; 0 never judges it.
    package var backoffs = 2
    /// Whether a unit that got worse than its calibrated state is put back to it.
    package var keepOrRevert = true

    // MARK: Loss

    /// The weight of the block term.
    package var blockWeight = 2.0
    /// The weight of the global term; 0 leaves it out and saves its time.
    package var globalWeight = 0.25
    /// The weight of the local terms together; 0 leaves them out.
    package var localWeight = 0.1
    /// How the block term's weight changes over the steps.
    package var blockSchedule = WeightSchedule.constant
    /// How the global term's weight changes over the steps.
    package var globalSchedule = WeightSchedule.constant
    /// How the local terms' weight changes over the steps.
    package var localSchedule = WeightSchedule.constant
    /// How errors of a unit's output count in the block term.
    package var blockDistance = BlockDistance.squaredError
    /// How operators' outputs are compared in the local terms.
    package var localDistance = LocalDistance.relative
    /// What the global term compares.
    package var globalTarget = GlobalTarget.features
    /// The share of a step's images that the global term sees.
    package var globalShare = 0.25
    /// The temperature that divides logits in the global term.
    package var temperature = 4.0
    /// How the terms are brought to one scale.
    package var fusion = Fusion.gradientNorm

    /// The values a plan has when it names neither a preset nor a value.
    package init() {}
}

extension Hyperparameters {
    /// The terms' weights.
    package var weights: PerTerm<Double> {
        PerTerm(block: blockWeight, global: globalWeight, local: localWeight)
    }

    /// How many views of each image there are in a run that calibrates on so many images.
    ///
    /// Unless it is said, as many as make `enoughImages` in all, and at most 4: other images are better than more views.
    ///
    /// - Parameter images: The number of calibration images, at least 1.
    /// - Returns: 1 or more.
    package func viewsPerImage(of images: Int) -> Int {
        views > 0 ? views : min(4, max(1, Self.enoughImages / images))
    }

    /// How many images a step takes of a unit.
    ///
    /// - Parameters:
    ///   - rows: How many rows the unit's output has for an image.
    ///   - images: How many there are to take.
    /// - Returns: `batch`, or as many as have `leastRows` rows; at most all.
    package func images(ofStepAt rows: Int, among images: Int) -> Int {
        min(max(batch, (leastRows + rows - 1) / rows), images)
    }

    /// Whether a term is measured: the block term always, the others if they have a weight.
    package func isOn(_ term: Term) -> Bool { term == .block || weights[term] > 0 }

    /// The number of steps in which all units learn together that are carried out: `stopAfter` counts both kinds.
    package var lastJointStep: Int {
        stopAfter == 0 ? jointSteps : min(max(0, stopAfter - steps), jointSteps)
    }

    /// The number of steps that are carried out.
    package var lastStep: Int { stopAfter == 0 ? steps : min(steps, stopAfter) }

    /// How the terms' weights change over the steps.
    package var schedules: PerTerm<WeightSchedule> {
        PerTerm(block: blockSchedule, global: globalSchedule, local: localSchedule)
    }
}
