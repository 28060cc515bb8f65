internal import Quantization
internal import Reconstruction
internal import Runs

extension CalibrationSettings {
    /// What a plan says of calibration.
    init(_ values: Hyperparameters, weightBits: [Int], activationBits: [Int]) {
        self.init(
            weightBits: weightBits, activationBits: activationBits,
            reparameterizes: values.reparameterize)
        search =
            switch values.rangeSearch {
            case .percentile: .percentile
            case .squaredError: .meanSquaredError
            case .outputError: .outputError
            }
        attention =
            switch values.attentionLevels {
            case .logSqrt2: .logSqrt2
            case .uniform: .uniform
            case .searchedLog: .searchedLog
            case .outputError: .outputError
            }
        activation =
            switch values.geluLevels {
            case .uniform: .uniform
            case .shiftedLog: .shiftedLog
            case .outputError: .outputError
            }
        solver =
            switch values.weightSolver {
            case .nearest: .nearest
            case .ridge: .ridge
            case .gptq: .gptq
            case .ridgeGptq: .ridgeGptq
            }
        damping = values.solverDamping
        tokenImportance = values.tokenImportance
    }
}

extension ReconstructionSettings {
    /// What a plan says of learning and of the loss.
    init(_ values: Hyperparameters, seed: UInt64) {
        self.init(
            steps: values.steps, batch: values.batch, weightLearningRate: values.weightLearningRate,
            scaleLearningRate: values.scaleLearningRate, blockWeight: values.blockWeight,
            globalWeight: values.globalWeight, localWeight: values.localWeight, seed: seed)
        warmUp = values.warmUp
        inputDrop = values.inputDrop
        activationDrop = values.activationDrop
        validationShare = values.validationShare
        patience = values.patience
        globalShare = values.globalShare
        blockSchedule = Schedule(values.blockSchedule)
        globalSchedule = Schedule(values.globalSchedule)
        localSchedule = Schedule(values.localSchedule)
        learningRateSchedule =
            switch values.learningRateSchedule {
            case .cosine: .decay
            case .constant: .constant
            }
        rounding =
            switch values.rounding {
            case .ste: .straightThrough
            case .adaround: .adaRound(regularizer: values.roundingRegularizer)
            }
        globalTarget =
            switch values.globalTarget {
            case .logits: .logits(temperature: values.temperature)
            case .features: .features
            }
        blockDistance =
            switch values.blockDistance {
            case .squaredError: .meanSquaredError
            case .brecq: .squaredGradient
            case .aphq: .perturbationHessian
            case .fima: .fisher
            }
        localDistance =
            switch values.localDistance {
            case .relative: .relativeSquaredError
            case .channelDivergence: .channelDivergence
            case .moments: .moments
            }
        fusion =
            switch values.fusion {
            case .firstStep: .firstSteps
            case .fixed: .fixed
            case .runningMean: .runningMean
            case .gradientNorm: .gradientNorm
            case .uncertainty: .uncertainty
            }
    }
}

extension ReconstructionSettings.Schedule {
    init(_ schedule: WeightSchedule) {
        self =
            switch schedule {
            case .constant: .constant
            case .ramp: .ramp
            case .decay: .decay
            }
    }
}
