internal import Quantization
internal import Runs
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
                try emit(.sweepMeasured(try measure(bits, lab: lab, hasGate: hasGate)))
                measured()
            }
            try emit(.sweepFinished(complete: true))
        } catch is SweepStopped {
            try emit(.sweepFinished(complete: false))
        }
    }

    /// Thrown where the user ended a sweep.
    private struct SweepStopped: Error {}

    /// Calibrates the whole model at some bits and evaluates it.
    ///
    /// Everything but the bits follows the plan, including the weight solver, so that a point is the state in which a run
    /// with these bits starts.
    private func measure(
        _ bits: (weightBits: Int, activationBits: Int), lab: QuantizationLab, hasGate: Bool
    ) throws -> SweepPoint {
        var point = ledger.plan
        point.hyperparameters.steps = 0
        point.hyperparameters.weightBits = bits.weightBits
        point.hyperparameters.activationBits = bits.activationBits
        point.units = []
        let model = try lab.calibratedModel(
            plan: point,
            progress: { _, _ in
                guard try takeCommands(during: .sweep(hasGate: hasGate)) == nil else { throw SweepStopped() }
            }
        ).map(\.unit)
        return SweepPoint(
            weightBits: bits.weightBits, activationBits: bits.activationBits, bytes: lab.bytes(of: model),
            evaluation: try lab.evaluate(model))
    }
}
