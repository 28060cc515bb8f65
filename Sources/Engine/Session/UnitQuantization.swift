internal import Checkpoints
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

/// The result of an optimisation, the course of its loss, and its duration in seconds.
private typealias LearningCourse = (result: Learning, course: LossCourse, seconds: Double)

/// The result of an optimisation.
private enum Learning {
    /// The unit as learned, and what to keep where that is worse than calibrated; ended early after a step, or carried out
    /// in full.
    case learned(QuantizedUnit, fallbacks: [Fallback], endedAt: Int?)
    /// The loss or a scale is not finite.
    case diverged
    /// The user cancelled it.
    case cancelled
}

extension Hyperparameters {
    /// Whether a learned unit is kept by its score and that of the calibrated one: it is finite, and, where units may be
    /// put back, not worse by both measures.
    func keeps(
        _ learned: (loss: Double, kl: Double), insteadOf calibrated: (loss: Double, kl: Double)
    ) -> Bool {
        let worse = !(learned.loss <= calibrated.loss) && !(learned.kl <= calibrated.kl)
        return learned.loss.isFinite && learned.kl.isFinite && !(worse && keepOrRevert)
    }
}

extension Fallback.Origin {
    /// What says that a unit is kept in this state after its last step.
    fileprivate func event(unit: Int, attempt: Int, lastStep: Int) -> RunEvent {
        switch self {
        case .step(let step, let endRatio):
            .rateLowered(
                unit: unit, attempt: attempt, step: lastStep, restoredStep: step, ratio: endRatio, factor: nil
            )
        case .share(let share): .steppedBack(unit: unit, attempt: attempt, share: share)
        }
    }
}

extension RunSession {
    /// Makes an attempt at a unit on the chosen attempts of the units before, and stores it.
    func attempt(_ index: Int, lab: QuantizationLab) throws {
        let chain = try chain(to: index, lab: lab)
        let (unit, report) = try quantize(index, chain: chain, lab: lab)
        var outcome = AttemptOutcome(units: [index: unit], report: report)
        if index == lab.units.count - 1 {
            try learnTogether(&outcome, model: chain.quantized + [unit], lab: lab)
        }
        outcome.report.sha256 = try attempts.store(outcome.units, of: outcome.report)
        try emit(.unitFinished(outcome.report))
    }

    /// The chain of the chosen attempts before a unit.
    ///
    /// Starts from the last chain if that is a part of it, else from the images, so that another attempt at the same unit
    /// needs no pass at all.
    func chain(to index: Int, lab: QuantizationLab) throws -> UnitChain {
        let wanted = Array(ledger.chosen[..<index])
        func inputs(of unit: Int) -> ImageProgress {
            counting("computing the inputs of \(ledger.units[unit].name) on images")
        }
        var result =
            try chain.flatMap { wanted.starts(with: $0.attempts) ? $0 : nil }
            ?? lab.startChain(progress: inputs(of: 0))
        // One chain at a time: each holds the activations of all images.
        chain = nil
        // After a unit that was just finished there is only one to run, which is quick.
        let isReplay = index - result.next > 1
        while result.next < index {
            guard let report = ledger.chosenAttempt(of: result.next) else {
                throw RunFailure(.internal, "\(ledger.units[result.next].name) has no chosen attempt")
            }
            if isReplay {
                try emit(
                    .progressed(activity: "running the quantized units", done: result.next, total: index))
            }
            try takeCommands(during: .preparation)
            result = try lab.advance(
                result, with: try attempts.load(report).unit, attempt: report.attempt,
                progress: isReplay ? nil : inputs(of: index))
        }
        chain = result
        return result
    }

    /// Calibrates and reconstructs the chain's next unit.
    private func quantize(
        _ index: Int, chain: UnitChain, lab: QuantizationLab
    ) throws -> (unit: QuantizedUnit, report: AttemptReport) {
        let name = lab.units[index].name
        var hyperparameters = try ledger.plan.hyperparameters(of: name)
        let attempt = ledger.nextAttempt(of: index)
        let started = seconds
        try emit(
            .unitStarted(
                unit: index, attempt: attempt, hyperparameters: Hyperparameters().changes(to: hyperparameters)
            ))
        let calibration = try lab.calibrated(
            after: chain, plan: ledger.plan, known: baselines.calibrated?.units ?? [],
            progress: counting("calibrating the quantizers of \(name)"))
        let (calibrated, sites) = (calibration.unit, calibration.sites)
        if index == baselines.known.count, baselines.known.map(\.unit) == chain.quantized {
            baselines.known.append(calibration)
        }
        let task = lab.task(for: calibrated, in: chain)
        let calibratedLoss = lab.loss(of: calibrated, task: task, chain: chain).loss
        try emit(.unitCalibrated(unit: index, attempt: attempt, sites: sites, loss: calibratedLoss))
        func score(_ unit: QuantizedUnit, _ state: String) throws -> (loss: Double, kl: Double) {
            try lab.score(
                unit, task: task, chain: chain,
                progress: counting("measuring \(name) as \(state) on calibration images"))
        }
        let learning =
            hyperparameters.steps > 0
            ? try reconstruct(
                task, index: index, attempt: attempt, hyperparameters: hyperparameters, lab: lab) : nil
        let before = try score(calibrated, "calibrated")
        var (unit, after, reverted, ending) = (calibrated, before, false, AttemptEnding.complete)
        var diagnosis: RevertDiagnosis?
        if let learning {
            var isFinite = true
            switch learning.result {
            case .learned(let learned, let fallbacks, let endedAt):
                (unit, after) = (learned, try score(learned, "learned"))
                for fallback in fallbacks where !hyperparameters.keeps(after, insteadOf: before) {
                    (unit, after) = (fallback.unit, try score(fallback.unit, "learned"))
                    guard hyperparameters.keeps(after, insteadOf: before) else { continue }
                    try emit(
                        fallback.origin.event(unit: index, attempt: attempt, lastStep: learning.course.steps))
                }
                reverted = !hyperparameters.keeps(after, insteadOf: before)
                if reverted { unit = calibrated }
                if let endedAt {
                    ending = .finishedEarly
                    hyperparameters.stopAfter = endedAt
                }
            case .diverged:
                (reverted, isFinite) = (true, false)
            case .cancelled:
                ending = .cancelled
                (hyperparameters.steps, hyperparameters.jointSteps) = (0, 0)
            }
            if reverted {
                let steps = Double(max(1, learning.course.steps))
                let found = learning.course.diagnosis(
                    hyperparameters, isFinite: isFinite, secondsPerStep: learning.seconds / steps,
                    otherSeconds: seconds - started - learning.seconds)
                try emit(
                    .warning(
                        "\(name): learning made it worse, so it is put back to its calibrated state; \(found.sentence)"
                    ))
                (diagnosis, after) = (found, before)
            }
        }
        _ = try lab.heldOutImages(
            progress: counting("running the full-precision model on held-out images"))
        let heldOut = try lab.heldOutEvaluation(
            unit, in: chain, measuresNoiseFloor: options.measuresNoiseFloor,
            progress: counting("measuring \(name) on held-out images"))
        let report = AttemptReport(
            unit: index, name: name, attempt: attempt,
            hyperparameters: Hyperparameters().changes(to: hyperparameters),
            sites: sites.compactMap { site in
                let usual =
                    site.site.hasSuffix(".weight")
                    ? hyperparameters.weightBits : hyperparameters.activationBits
                return site.bits == usual ? nil : SiteOverride(match: site.site, bits: site.bits)
            }, prefix: chain.attempts, calibratedLoss: before.loss, finalLoss: after.loss,
            calibratedKl: before.kl, finalKl: after.kl, heldOut: heldOut?.evaluation,
            heldOutKl: heldOut?.divergences, heldOutNoiseFloor: heldOut?.floor, reverted: reverted,
            diagnosis: diagnosis, ending: ending, seconds: seconds - started, bytes: unit.exportedBytes)
        return (unit, report)
    }

    /// Runs the optimisation.
    private func reconstruct(
        _ task: ReconstructionTask, index: Int, attempt: Int, hyperparameters: Hyperparameters,
        lab: QuantizationLab
    ) throws -> LearningCourse {
        let began = seconds
        var course = LossCourse()
        let result = try learn(
            task, index: index, attempt: attempt, hyperparameters: hyperparameters, lab: lab,
            course: &course)
        return (result, course, seconds - began)
    }

    private func learn(
        _ task: ReconstructionTask, index: Int, attempt: Int, hyperparameters: Hyperparameters,
        lab: QuantizationLab, course: inout LossCourse
    ) throws -> Learning {
        let reconstruction = UnitReconstruction(
            task, index: index, attempt: attempt, settings: hyperparameters, seed: ledger.plan.seed,
            pool: lab.pool)
        guard reconstruction.learnsAnything else { return .learned(task.state, fallbacks: [], endedAt: nil) }
        let interval = max(1, hyperparameters.steps / 300)
        var endedAt: Int?
        var drowned = DrownedTermCheck()
        for step in 1...hyperparameters.lastStep {
            var measured = reconstruction.step()
            if task.isHead { measured.steps += hyperparameters.jointSteps }
            course.add(measured.terms.block ?? measured.loss)
            guard measured.loss.isFinite else {
                try emit(.warning("\(task.unit.name): the loss is \(measured.loss) at step \(step)"))
                return .diverged
            }
            if step == 1 || step % interval == 0 || measured.gradientNorms != nil
                || measured.validationLoss != nil || reconstruction.isFinished
                || step == hyperparameters.lastStep
            {
                try emit(.stepped(measured))
            }
            if let norms = measured.gradientNorms { drowned.add(norms) }
            if let change = reconstruction.rateChange {
                try emit(
                    .rateLowered(
                        unit: index, attempt: attempt, step: step, restoredStep: change.restored,
                        ratio: change.ratio, factor: change.factor))
            }
            let request = try takeCommands(during: .optimisation)
            if reconstruction.isFinished { break }
            if request == .cancelAttempt { return .cancelled }
            if request == .finishUnit {
                if step < hyperparameters.lastStep { endedAt = step }
                break
            }
        }
        for sentence in drowned.sentences(unit: task.unit.name) { try emit(.warning(sentence)) }
        do {
            let unit = try reconstruction.finish()
            return .learned(unit, fallbacks: try reconstruction.fallbacks(), endedAt: endedAt)
        } catch {
            try emit(.warning("\(task.unit.name): \(error)"))
            return .diverged
        }
    }
}
