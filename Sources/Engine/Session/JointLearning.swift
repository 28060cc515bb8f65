internal import Quantization
internal import Reconstruction
internal import Runs
internal import VisionTransformers
internal import Vocabulary

/// What an attempt gave.
struct AttemptOutcome {
    /// The attempt's unit, by its place; all units where they learned together.
    var units: [Int: QuantizedUnit]
    var report: AttemptReport
}

extension RunSession {
    /// Learns all units together after the last one, if its settings ask for that.
    ///
    /// The model that comes out is kept if its KL is lower, or if units are never put back: on the held-out images, without
    /// any on new views of the calibration images. On these images themselves it is higher: units fitted them one by one.
    ///
    /// - Parameters:
    ///   - outcome: The attempt at the head, which takes the result.
    ///   - model: All units as they were learned one by one.
    ///   - lab: The model and its images.
    /// - Throws: `Stopped`; a file that cannot be written.
    func learnTogether(_ outcome: inout AttemptOutcome, model: [QuantizedUnit], lab: QuantizationLab) throws {
        var settings = try Hyperparameters(changes: outcome.report.hyperparameters)
        guard settings.lastJointStep > 0, outcome.report.ending != .cancelled else { return }
        let (name, began) = (outcome.report.name, seconds)
        defer { outcome.report.seconds += seconds - began }
        var all = try lab.units.map { try ledger.plan.hyperparameters(of: $0.name) }
        all[all.count - 1] = settings
        let reconstruction = ModelReconstruction(
            lab.jointTask(of: model, plan: ledger.plan), attempt: outcome.report.attempt, settings: all,
            seed: ledger.plan.seed, pool: lab.pool)
        let ending = try learn(reconstruction, settings: settings)
        switch ending {
        case .complete: break
        case .finishedEarly(let step):
            settings.stopAfter = step
            outcome.report.ending = .finishedEarly
        case .cancelled:
            settings.jointSteps = 0
            outcome.report.ending = .cancelled
        }
        outcome.report.hyperparameters = Hyperparameters().changes(to: settings)
        guard ending != .cancelled else { return }
        let learned: [QuantizedUnit]
        do {
            learned = try reconstruction.finish()
        } catch {
            return try emit(.warning("\(name): \(error); all units stay as they were"))
        }
        let heldOut = try lab.heldOutEvaluation(
            ofModel: learned, measuresNoiseFloor: options.measuresNoiseFloor,
            progress: counting("measuring all units on held-out images"))
        let (before, after): (Double, Double)
        if let heldOut, let apart = outcome.report.heldOut {
            (before, after) = (apart.kl, heldOut.evaluation.kl)
        } else {
            let found = try lab.newViewsKL(of: [model, learned], plan: ledger.plan)
            (before, after) = (found[0], found[1])
        }
        guard after.isFinite, after < before || !settings.keepOrRevert else {
            let images = heldOut == nil ? "new views of calibration images" : "held-out images"
            return try emit(
                .warning(
                    "\(name): learning all units together did not help, KL \(after) instead of \(before) nats on "
                        + "\(images), so they stay as they were"))
        }
        let kl = try lab.calibrationKL(of: learned)
        outcome.units = Dictionary(uniqueKeysWithValues: learned.enumerated().map { ($0, $1) })
        (outcome.report.finalLoss, outcome.report.finalKl) = (kl, kl)
        outcome.report.heldOut = heldOut?.evaluation
        (outcome.report.heldOutKl, outcome.report.heldOutNoiseFloor) = (heldOut?.divergences, heldOut?.floor)
        (outcome.report.reverted, outcome.report.diagnosis) = (false, nil)
    }

    /// How the learning of all units together ended.
    private enum JointEnding: Equatable {
        case complete, cancelled
        /// After a step, counted from the first of the head's own.
        case finishedEarly(Int)
    }

    private func learn(
        _ reconstruction: ModelReconstruction, settings: Hyperparameters
    ) throws -> JointEnding {
        let interval = max(1, settings.jointSteps / 300)
        for step in 1...settings.lastJointStep {
            let measured = reconstruction.step()
            if step == 1 || step % interval == 0 || step == settings.lastJointStep {
                try emit(.stepped(measured))
            }
            // What is not finite does not become so again; `finish` or the score tells.
            guard measured.loss.isFinite else { return .complete }
            switch try takeCommands(during: .optimisation) {
            case .cancelAttempt: return .cancelled
            case .finishUnit where step < settings.lastJointStep: return .finishedEarly(measured.step)
            default: break
            }
        }
        return .complete
    }
}
