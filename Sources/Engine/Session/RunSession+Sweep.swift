internal import Kernels
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers
internal import Vocabulary

extension RunSession {
    /// Measures a grid of bit-widths.
    ///
    /// - Parameters:
    ///   - request: The grid.
    ///   - lab: The model and its images.
    ///   - hasGate: Whether the sweep runs at a gate of a run.
    ///   - known: The points that an earlier process measured; nil where it did not begin.
    ///   - measured: Called after each point that is measured.
    /// - Throws: `Stopped` for `.stop`; what calibration and evaluation throw.
    func sweep(
        _ request: SweepRequest, lab: QuantizationLab, hasGate: Bool, known: [SweepPoint]? = nil,
        measured: () -> Void = {}
    ) throws {
        if let obstacle = lab.obstacle(to: request) { return try emit(.warning(obstacle)) }
        let isPossible = (request.weightBits + request.activationBits)
            .allSatisfy(Hyperparameters.bitWidths.contains)
        guard isPossible, !request.points.isEmpty else {
            return try emit(
                .warning("a sweep needs widths of 2 through 8, or 16, for weights and for activations"))
        }
        if known == nil { try emit(.sweepStarted(points: request.points.count)) }
        do {
            for bits in request.points {
                let isKnown = (known ?? []).contains {
                    ($0.weightBits, $0.activationBits) == (bits.weightBits, bits.activationBits)
                }
                if isKnown { continue }
                try emit(.sweepMeasured(try measure(bits, of: request, lab: lab, hasGate: hasGate)))
                measured()
            }
            try emit(.sweepFinished(complete: true))
        } catch is SweepStopped {
            try emit(.sweepFinished(complete: false))
        }
    }

    /// Thrown where the user ended a sweep.
    private struct SweepStopped: Error {}

    /// Calibrates the whole model at some bits, reconstructs it where steps are asked for, and evaluates it.
    ///
    /// Everything but bits and steps follows the plan, including the weight solver, so that a calibrated point is the state
    /// in which a run with these bits starts.
    private func measure(
        _ bits: (weightBits: Int, activationBits: Int), of request: SweepRequest, lab: QuantizationLab,
        hasGate: Bool
    ) throws -> SweepPoint {
        var point = ledger.plan
        point.hyperparameters.steps = request.steps
        point.hyperparameters.weightBits = bits.weightBits
        point.hyperparameters.activationBits = bits.activationBits
        point.units = []
        func follow() throws {
            guard try takeCommands(during: .sweep(hasGate: hasGate)) == nil else { throw SweepStopped() }
        }
        let model =
            request.steps > 0
            ? try reconstructedModel(plan: point, lab: lab, follow: follow)
            : try lab.calibratedModel(plan: point, progress: { _, _ in try follow() }).map(\.unit)
        return SweepPoint(
            weightBits: bits.weightBits, activationBits: bits.activationBits, bytes: lab.bytes(of: model),
            evaluation: try lab.evaluate(model, for: request))
    }

    /// Reconstructs every unit in order, each on the outputs of the ones before, and keeps no attempt.
    ///
    /// - Parameters:
    ///   - plan: The hyperparameters.
    ///   - lab: The model and its images.
    ///   - follow: Called before every step; what it throws ends the work.
    /// - Returns: The units.
    /// - Throws: What `follow` and calibration throw.
    private func reconstructedModel(
        plan: RunPlan, lab: QuantizationLab, follow: () throws -> Void
    ) throws -> [QuantizedUnit] {
        var chain = try lab.startChain()
        while true {
            try follow()
            let index = chain.next
            let calibrated = try lab.calibrated(after: chain, plan: plan, known: []).unit
            let task = lab.task(for: calibrated, in: chain)
            let hyperparameters = try plan.hyperparameters(of: lab.units[index].name)
            let unit = try learned(
                calibrated, task, index: index, hyperparameters: hyperparameters, lab: lab, chain: chain,
                follow: follow)
            guard index < lab.units.count - 1 else { return chain.quantized + [unit] }
            chain = try lab.advance(chain, with: unit, attempt: 1)
        }
    }

    /// Optimises the chain's next unit; one that got worse, or whose loss is not finite, is as calibrated.
    private func learned(
        _ calibrated: QuantizedUnit, _ task: ReconstructionTask, index: Int,
        hyperparameters: Hyperparameters, lab: QuantizationLab, chain: UnitChain, follow: () throws -> Void
    ) throws -> QuantizedUnit {
        let reconstruction = UnitReconstruction(
            task, index: index, attempt: 1, settings: hyperparameters, seed: ledger.plan.seed, pool: lab.pool)
        guard reconstruction.learnsAnything else { return calibrated }
        for _ in 0..<hyperparameters.lastStep {
            try follow()
            guard reconstruction.step().loss.isFinite else { return calibrated }
            if reconstruction.isFinished { break }
        }
        // What cannot be fixed to its codes has diverged.
        guard let unit = try? reconstruction.finish() else { return calibrated }
        let before = try lab.score(calibrated, task: task, chain: chain)
        let candidates = [unit] + ((try? reconstruction.fallbacks()) ?? []).map(\.unit)
        return try candidates.first { candidate in
            hyperparameters.keeps(try lab.score(candidate, task: task, chain: chain), insteadOf: before)
        } ?? calibrated
    }
}

extension QuantizationLab {
    /// Why a sweep cannot be measured; nil if it can.
    fileprivate func obstacle(to request: SweepRequest) -> String? {
        if request.images == .heldOut, inputs.heldOut == nil {
            return "there are no held-out images to evaluate a sweep on; it can be evaluated on the others"
        }
        if request.count < 0 {
            return "a sweep cannot be evaluated on \(request.count) images; it takes 1 or more, or 0 for all"
        }
        return request.steps < 0 ? "a sweep cannot take \(request.steps) steps; it takes 0 or more" : nil
    }

    /// Evaluates a whole model as a point of a sweep.
    fileprivate func evaluate(_ model: [QuantizedUnit], for request: SweepRequest) throws -> Evaluation {
        let count = request.count > 0 ? request.count : nil
        guard request.images == .heldOut, let all = try heldOutImages() else {
            return try evaluate(model, spreadOver: count)
        }
        let heldOut = count.map(all.spread) ?? all
        return heldOut.evaluation(of: outputs(of: prepared(model), on: heldOut.images, pool: pool))
    }
}
