internal import Quantization
internal import Runs
internal import Vocabulary

extension RunSession {
    /// Measures a grid of bit-widths.
    func sweep(
        _ request: SweepRequest, lab: QuantizationLab, measured: () -> Void = {}
    ) throws {
        let isPossible = (request.weightBits + request.activationBits)
            .allSatisfy(Hyperparameters.bitWidths.contains)
        guard isPossible, !request.points.isEmpty else {
            return try emit(
                .warning("a sweep needs widths of 2 through 8, or 16, for weights and for activations"))
        }
        try emit(.sweepStarted(points: request.points.count))
        do {
            for bits in request.points {
                try emit(.sweepMeasured(try measure(bits, lab: lab)))
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
    /// Everything but the bits is as the plan has it, the solver of weights among it: what a point says is what a run
    /// at its bits starts from.
    private func measure(
        _ bits: (weightBits: Int, activationBits: Int), lab: QuantizationLab
    ) throws -> SweepPoint {
        var point = ledger.plan
        point.hyperparameters.steps = 0
        point.hyperparameters.weightBits = bits.weightBits
        point.hyperparameters.activationBits = bits.activationBits
        point.units = []
        let model = try lab.calibratedModel(
            plan: point,
            progress: { _, _ in
                while let command = commands.next() {
                    switch command {
                    case .stopSweep: throw SweepStopped()
                    case .stop: throw Stopped()
                    default: try emit(.warning("a sweep is in work; stop it first"))
                    }
                }
            }
        ).map(\.unit)
        return SweepPoint(
            weightBits: bits.weightBits, activationBits: bits.activationBits, bytes: lab.bytes(of: model),
            evaluation: try lab.evaluate(model))
    }
}
