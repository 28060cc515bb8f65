internal import Checkpoints
internal import Datasets
internal import Foundation
internal import Quantization
internal import Reconstruction
internal import Runs
internal import TensorCore
internal import VisionTransformers

/// One run, from the plan to its last event.
///
/// Lives on the engine's thread.
final class RunSession {
    /// The plan with every decision made at a gate folded in.
    var plan: RunPlan
    let resources: RunResources
    let options: EngineOptions
    let commands: CommandQueue
    private let sink: @Sendable (RunEvent) -> Void
    private let began = ContinuousClock.now
    private let pool: WorkerPool
    private var record: RunRecord?
    /// Whether the run waits at the next gate.
    private var pausesAtNextGate: Bool

    init(
        plan: RunPlan, resources: RunResources, options: EngineOptions, commands: CommandQueue,
        sink: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.plan = plan
        self.resources = resources
        self.options = options
        self.commands = commands
        self.sink = sink
        pool = WorkerPool(threads: options.threads)
        pausesAtNextGate = options.waitsAtFirstGate
    }

    /// Thrown where the user ended the run.
    struct Stopped: Error {}

    /// Carries the plan out; gives exactly one last event.
    func carryOut() {
        conclude(run)
    }

    /// Measures a grid of bit-widths instead; gives exactly one last event.
    func carryOutSweep(_ request: SweepRequest) {
        conclude { done throws in try self.sweepAlone(request, done: &done) }
    }

    private func conclude(_ work: (inout Int) throws -> RunReport) {
        defer { pool.shutDown() }
        var done = 0
        var last: RunEvent
        do {
            last = .finished(try work(&done))
        } catch is Stopped {
            last = .stopped(unitsDone: done)
        } catch {
            last = .failed(failure(of: error))
        }
        do {
            try record?.append(last, at: seconds)
        } catch {
            last = .failed(failure(of: error))
        }
        record?.close(keeping: done > 0)
        sink(last)
    }

    /// Writes an event to the journal, then shows it.
    func emit(_ event: RunEvent) throws {
        try record?.append(event, at: seconds)
        sink(event)
    }

    /// The time since the run began.
    var seconds: Double {
        let elapsed = ContinuousClock.now - began
        return Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    }

    /// Reads the inputs, makes the directory, and runs the full-precision model.
    private func begin() throws -> (lab: QuantizationLab, fullPrecision: Evaluation) {
        let inputs = try RunInputs(plan: plan, resources: resources, pool: pool)
        for unit in inputs.checkpoint.model.units {
            _ = try plan.hyperparameters(of: unit.name)
        }
        record = try options.directory.map {
            try RunRecord(directory: $0, plan: plan, checkpoint: inputs.checkpoint)
        }
        try record?.save(inputs.manifest)
        try emit(.started(summary(of: inputs)))
        for warning in inputs.manifest.warnings { try emit(.warning(warning)) }
        try emit(.progressed(activity: "running the full-precision model", done: 0, total: 1))
        let lab = QuantizationLab(inputs: inputs, plan: plan, pool: pool)
        let fullPrecision = lab.prepareCaches()
        try emit(.evaluated(.fullPrecision, fullPrecision))
        return (lab, fullPrecision)
    }

    private func sweepAlone(_ request: SweepRequest, done: inout Int) throws -> RunReport {
        let (lab, fullPrecision) = try begin()
        try sweep(request, lab: lab) { done += 1 }
        return RunReport(
            fullPrecision: fullPrecision, calibrated: nil, final: nil, units: [],
            fullPrecisionBytes: lab.inputs.checkpoint.model.parameterCount * 4, bytes: 0, seconds: seconds)
    }

    private func run(done: inout Int) throws -> RunReport {
        let (lab, fullPrecision) = try begin()
        let inputs = lab.inputs
        let baseline = try lab.calibratedModel(plan: plan) { index, total in
            try emit(.progressed(activity: "calibrating", done: index, total: total))
            try checkForStop()
        }
        let calibrated = lab.evaluate(baseline)
        try emit(.evaluated(.calibrated, calibrated))

        var chain = lab.startChain()
        var reports: [AttemptReport] = []
        for index in lab.units.indices {
            try gate(index, lab: lab)
            let outcome = try quantize(index, chain: chain, lab: lab)
            chain = lab.advance(chain, with: outcome.unit)
            try record?.store(
                outcome.unit, index: index, name: outcome.report.name, attempt: outcome.report.attempt)
            reports.append(outcome.report)
            done = index + 1
            try emit(.unitFinished(outcome.report))
        }
        if pausesAtNextGate {
            try gate(lab.units.count, lab: lab)
        }
        let final = lab.evaluate(chain.quantized)
        try emit(.evaluated(.final, final))
        let report = RunReport(
            fullPrecision: fullPrecision, calibrated: calibrated, final: final, units: reports,
            fullPrecisionBytes: inputs.checkpoint.model.parameterCount * 4,
            bytes: reports.reduce(0) { $0 + $1.bytes }, seconds: seconds)
        try record?.finish(report)
        return report
    }

    private func summary(of inputs: RunInputs) throws -> RunSummary {
        let model = inputs.checkpoint.model
        let units = zip(model.units, model.weights).map { unit, weights in
            UnitSummary(
                name: unit.name, parameters: weights.count,
                sites: unit.linears.map { "\($0.name).weight" } + unit.sites.map(\.name))
        }
        let hyperparameters = try model.units.map { try plan.hyperparameters(of: $0.name) }
        return RunSummary(
            model: plan.model, architecture: model.configuration.summary, preset: plan.preset, units: units,
            weightBits: hyperparameters.map(\.weightBits),
            activationBits: hyperparameters.map(\.activationBits),
            fullPrecisionBytes: model.parameterCount * 4, calibrationImages: inputs.calibration.rows,
            evaluationImages: inputs.evaluation?.images.rows ?? 0, threads: options.threads,
            directory: options.directory)
    }
}

// MARK: - Commands

extension RunSession {
    /// Waits before a unit if someone asked for it, and carries out what they ask for meanwhile.
    private func gate(_ index: Int, lab: QuantizationLab) throws {
        while let command = commands.next() {
            try take(command, at: index, lab: lab)
        }
        guard pausesAtNextGate else { return }
        try emit(.waiting(unit: index))
        while pausesAtNextGate {
            switch commands.waitForNext() {
            case .step:
                try emit(.resumed(unit: index))
                // The pause stays for the gate behind the unit.
                return
            case .pause:
                break
            case let command:
                try take(command, at: index, lab: lab)
            }
        }
        try emit(.resumed(unit: index))
    }

    /// Carries out a command at a gate.
    private func take(_ command: RunCommand, at index: Int, lab: QuantizationLab) throws {
        try record?.append(command, at: seconds)
        switch command {
        case .pause, .step:
            pausesAtNextGate = true
        case .resume:
            pausesAtNextGate = false
        case .change(let changes, _, _):
            try change(changes, from: index, units: lab.units.map(\.name))
        case .sweep(let request):
            try sweep(request, lab: lab)
        case .export(let format, let path):
            try export(format, to: path)
        case .stop:
            throw Stopped()
        case .finishUnit, .stopSweep, .cancelAttempt:
            try emit(.warning("there is nothing to finish at a gate"))
        case .redo, .redoStale, .choose, .rollBack, .undo, .evaluate, .inspectSite, .inspectImages:
            try emit(.warning("the engine cannot do this yet"))
        }
    }

    /// Carries out a command in the middle of a unit's optimisation.
    ///
    /// - Returns: Whether the optimisation ends here.
    func takeBetweenSteps() throws -> Bool {
        var finishes = false
        while let command = commands.next() {
            try record?.append(command, at: seconds)
            switch command {
            case .pause, .step:
                pausesAtNextGate = true
                try emit(.pauseQueued)
            case .resume:
                pausesAtNextGate = false
            case .finishUnit:
                finishes = true
            case .stop:
                throw Stopped()
            case .cancelAttempt:
                try emit(.warning("the engine cannot do this yet"))
            case .change, .redo, .redoStale, .choose, .rollBack, .undo, .evaluate, .inspectSite,
                .inspectImages,
                .sweep, .export:
                try emit(.warning("this can be done at a gate only: pause, and try again when the run waits"))
            case .stopSweep:
                try emit(.warning("there is no sweep to stop"))
            }
        }
        return finishes
    }

    /// Looks for a wish to end the run during work that has no other borders; keeps a pause for the gate.
    private func checkForStop() throws {
        _ = try takeBetweenSteps()
    }

    private func change(_ changes: [HyperparameterChange], from index: Int, units: [String]) throws {
        guard index < units.count else {
            return try emit(.warning("no unit is left that could have other hyperparameters"))
        }
        var changed = plan
        changed.units += units[index...].map { UnitOverride(match: $0, changes: changes) }
        do {
            for unit in units[index...] {
                _ = try changed.hyperparameters(of: unit)
            }
        } catch {
            return try emit(.warning("the change was not taken: \(error)"))
        }
        plan = changed
        try record?.save(plan)
        try emit(.changed(units: Array(index..<units.count), changes: changes))
    }

    private func export(_ format: ExportFormat, to path: String) throws {
        switch format {
        case .recipe:
            do {
                let bytes = try writeRecipe(plan, to: path)
                try emit(.exported(format: .recipe, path: path, bytes: bytes))
            } catch {
                try emit(.warning("the recipe was not written: \(error)"))
            }
        case .packed:
            try emit(.warning("the packed checkpoint can be written when every unit is quantized"))
        }
    }

    private func sweep(
        _ request: SweepRequest, lab: QuantizationLab, measured: () -> Void = {}
    ) throws {
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
    private func measure(
        _ bits: (weightBits: Int, activationBits: Int), lab: QuantizationLab
    ) throws -> SweepPoint {
        var point = plan
        point.hyperparameters = Preset.calibrate.hyperparameters
        point.hyperparameters.reparameterize = plan.hyperparameters.reparameterize
        point.hyperparameters.weightBits = bits.weightBits
        point.hyperparameters.activationBits = bits.activationBits
        point.units = []
        let model = try lab.calibratedModel(plan: point) { _, _ in
            while let command = commands.next() {
                switch command {
                case .stopSweep: throw SweepStopped()
                case .stop: throw Stopped()
                default: try emit(.warning("a sweep is in work; stop it first"))
                }
            }
        }
        return SweepPoint(
            weightBits: bits.weightBits, activationBits: bits.activationBits, bytes: lab.bytes(of: model),
            evaluation: lab.evaluate(model))
    }
}
