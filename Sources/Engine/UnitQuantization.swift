internal import Checkpoints
internal import Quantization
internal import Reconstruction
internal import Runs
internal import VisionTransformers

extension RunSession {
    /// Calibrates and reconstructs the chain's next unit.
    func quantize(
        _ index: Int, chain: QuantizationLab.Chain, lab: QuantizationLab
    ) throws -> (unit: QuantizedUnit, report: AttemptReport) {
        let name = lab.units[index].name
        let hyperparameters = try plan.hyperparameters(of: name)
        let snapshot = Hyperparameters().changes(to: hyperparameters)
        let attempt = 1
        let started = seconds
        try emit(.unitStarted(unit: index, attempt: attempt, hyperparameters: snapshot))
        let (calibrated, sites) = try lab.calibrated(
            index, input: chain.prefixInput, fullPrecisionInput: chain.fullPrecisionInput, plan: plan)
        try emit(.unitCalibrated(unit: index, attempt: attempt, sites: sites.map(SiteReport.init)))
        let task = lab.task(for: calibrated, in: chain)
        let before = lab.score(calibrated, task: task, chain: chain)
        var (unit, after, reverted) = (calibrated, before, false)
        if hyperparameters.steps > 0 {
            let learned = try reconstruct(
                task, index: index, attempt: attempt, hyperparameters: hyperparameters, lab: lab)
            if let learned {
                after = lab.score(learned, task: task, chain: chain)
                let worse = !(after.loss <= before.loss) && !(after.kl <= before.kl)
                reverted = worse && hyperparameters.keepOrRevert || !after.loss.isFinite || !after.kl.isFinite
                unit = reverted ? calibrated : learned
            } else {
                reverted = true
            }
            if reverted {
                try emit(.warning("\(name) got worse and was put back to its calibrated state"))
                after = before
            }
        }
        let report = AttemptReport(
            unit: index, name: name, attempt: attempt, hyperparameters: snapshot, calibratedLoss: before.loss,
            finalLoss: after.loss, calibratedKl: before.kl, finalKl: after.kl, reverted: reverted,
            seconds: seconds - started, bytes: unit.exportedBytes)
        return (unit, report)
    }

    /// Runs the optimisation.
    ///
    /// - Returns: The unit as learned; nil if the optimisation diverged.
    private func reconstruct(
        _ task: ReconstructionTask, index: Int, attempt: Int, hyperparameters: Hyperparameters,
        lab: QuantizationLab
    ) throws -> QuantizedUnit? {
        let reconstruction = UnitReconstruction(
            task, settings: ReconstructionSettings(hyperparameters, seed: plan.seed), pool: lab.pool)
        guard reconstruction.learnsAnything else { return task.state }
        let interval = max(1, hyperparameters.steps / 300)
        for step in 1...hyperparameters.steps {
            let measured = reconstruction.step()
            guard measured.loss.isFinite else {
                try emit(.warning("\(task.unit.name): the loss is \(measured.loss) at step \(step)"))
                return nil
            }
            if step == 1 || step % interval == 0 || measured.gradientNorms != nil
                || measured.heldOutLoss != nil || reconstruction.isFinished
            {
                try emit(
                    .stepped(
                        StepSample(measured, unit: index, attempt: attempt, steps: hyperparameters.steps)))
            }
            if try takeBetweenSteps() || reconstruction.isFinished { break }
        }
        do {
            return try reconstruction.finish()
        } catch {
            try emit(.warning("\(task.unit.name): \(error)"))
            return nil
        }
    }
}

extension TermValues {
    init(_ terms: Terms) {
        self.init(block: terms.block, global: terms.global, local: terms.local)
    }
}

extension StepSample {
    init(_ measured: StepMeasurement, unit: Int, attempt: Int, steps: Int) {
        self.init(
            unit: unit, attempt: attempt, step: measured.step, steps: steps, loss: measured.loss,
            terms: TermValues(measured.terms), weighted: TermValues(measured.weighted),
            gradientNorms: measured.gradientNorms.map(TermValues.init),
            gradientCosines: measured.gradientCosines.map {
                .init(
                    blockGlobal: $0.blockGlobal, blockLocal: $0.blockLocal, globalLocal: $0.globalLocal)
            },
            operatorLosses: measured.operatorLosses?.map { .init(name: $0.name, loss: $0.loss) },
            heldOutLoss: measured.heldOutLoss)
    }
}

extension SiteReport {
    init(_ site: CalibratedSite) {
        self.init(site: site.name, bits: site.bits, quantizer: site.quantizer, sqnrDb: site.sqnrDb)
    }
}
