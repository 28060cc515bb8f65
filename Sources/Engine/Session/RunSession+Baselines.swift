internal import Runs

/// Models that are measured for comparison only.
///
/// They decide no result, so that they are measured a part at a time: after units, and while the run waits at a gate.
struct Baselines {
    /// The units as calibrated by the plan at the start, as far as they are; nil before the first.
    var calibrated: CalibratedModel?
    /// The same with weights rounded to the nearest codes.
    var nearest: CalibratedModel?
    /// Units of runs' chains that were calibrated after nothing but calibrated units, from the first on.
    var known: [CalibratedUnit] = []
    /// Whether all that is left is to be measured after the unit in work.
    var isWanted = false

    /// A part of the measurements, done without a pause.
    enum Part: Equatable {
        case fullPrecision
        case calibratedUnit
        case calibratedModel
        case nearestUnit
        case heldOut
    }
}

/// What work does about commands that arrive meanwhile.
enum CommandHandling {
    /// It takes them.
    case takes
    /// All but a stop wait for the next gate.
    case waits
    /// It ends at a command, for the gate to follow it.
    case givesWay
}

extension RunSession {
    /// Thrown where a command ends work that can wait.
    private struct GaveWay: Error {}

    /// Takes commands, lets them wait, or ends the work.
    private func handleCommands(_ handling: CommandHandling) throws {
        switch handling {
        case .takes: try takeCommands(during: .preparation)
        case .waits: if commands.update({ $0.contains(.stop) }) { try takeCommands(during: .preparation) }
        case .givesWay: if commands.update({ !$0.isEmpty }) { throw GaveWay() }
        }
    }

    /// Says how far an activity is, whenever it is called.
    func counting(_ activity: String, _ handling: CommandHandling = .takes) -> ImageProgress {
        { done, total in
            try self.emit(.progressed(activity: activity, done: done, total: total))
            try self.handleCommands(handling)
        }
    }

    /// The parts of the baselines that are left, in the order in which they are measured.
    private func partsLeft(_ lab: QuantizationLab) throws -> [Baselines.Part] {
        var parts: [Baselines.Part] = facts.fullPrecision == nil ? [.fullPrecision] : []
        guard options.evaluatesCalibrated else { return parts }
        let measuresHeldOut = facts.heldOut == nil && lab.inputs.heldOut != nil
        func left(of model: CalibratedModel?) -> Int { lab.units.count - (model?.units.count ?? 0) }
        if facts.calibrated == nil || measuresHeldOut {
            parts += Array(repeating: .calibratedUnit, count: left(of: baselines.calibrated))
        }
        if facts.calibrated == nil { parts.append(.calibratedModel) }
        guard measuresHeldOut else { return parts }
        if try lab.planOfNearestCodes(planAtStart) != nil {
            parts += Array(repeating: .nearestUnit, count: left(of: baselines.nearest))
        }
        return parts + [.heldOut]
    }

    /// Measures a share of what is left of the baselines, so that the last part follows the last unit.
    func measureBaselines(_ lab: QuantizationLab) throws {
        guard ledger.unitsDone > 0 else { return }
        let left = try partsLeft(lab)
        let timesLeft = lab.units.count - ledger.unitsDone + 1
        let isLast = timesLeft == 1
        try measure(
            left, first: baselines.isWanted ? left.count : (left.count + timesLeft - 1) / timesLeft, lab,
            isLast ? .waits : .givesWay)
    }

    /// Measures baselines at a gate until a command arrives.
    func measureBaselinesWhileWaiting(_ lab: QuantizationLab) throws {
        let left = try partsLeft(lab)
        try measure(left, first: left.count, lab, .givesWay)
    }

    /// Measures the first of the parts that are left.
    private func measure(
        _ left: [Baselines.Part], first count: Int, _ lab: QuantizationLab, _ handling: CommandHandling
    ) throws {
        do {
            for (index, part) in left.prefix(count).enumerated() {
                try handleCommands(handling)
                let total = try allParts(lab)
                let counting = counting("measuring baselines", handling)
                try counting(total - (left.count - index), total)
                try measure(part, lab, handling)
                if index + 1 == left.count { try counting(total, total) }
            }
        } catch is GaveWay {}
    }

    /// The number of parts before the first is measured.
    private func allParts(_ lab: QuantizationLab) throws -> Int {
        let units = lab.units.count
        guard options.evaluatesCalibrated else { return 1 }
        guard lab.inputs.heldOut != nil else { return 2 + units }
        return 3 + units + (try lab.planOfNearestCodes(planAtStart) == nil ? 0 : units)
    }

    private func measure(
        _ part: Baselines.Part, _ lab: QuantizationLab, _ handling: CommandHandling
    ) throws {
        switch part {
        case .fullPrecision: _ = try fullPrecision(lab, handling)
        case .calibratedUnit: try calibrateBaseline(lab, handling)
        case .calibratedModel:
            guard let model = baselines.calibrated else { return }
            let progress = counting("evaluating the calibrated model on images", handling)
            try emit(.evaluated(.calibrated, try lab.evaluate(model.units.map(\.unit), progress: progress)))
        case .nearestUnit:
            guard let plan = try lab.planOfNearestCodes(planAtStart) else { return }
            var model = baselines.nearest ?? lab.startCalibratedModel(plan: plan, isMeasured: true)
            try lab.calibrateNext(of: &model) { _, _ in try self.handleCommands(handling) }
            baselines.nearest = model
        case .heldOut:
            guard let heldOut = try lab.heldOutImages(), let calibrated = baselines.calibrated else { return }
            try emit(
                .heldOutMeasured(
                    heldOut.baseline(
                        calibrated: calibrated.evaluations, roundedToNearest: baselines.nearest?.evaluations))
            )
        }
    }

    /// Calibrates the next unit of the calibrated model.
    private func calibrateBaseline(_ lab: QuantizationLab, _ handling: CommandHandling) throws {
        let measuresHeldOut = facts.heldOut == nil && options.evaluatesCalibrated
        var model =
            baselines.calibrated
            ?? lab.startCalibratedModel(plan: planAtStart, isMeasured: measuresHeldOut)
        try lab.calibrateNext(of: &model, known: baselines.known) { _, _ in
            try self.handleCommands(handling)
        }
        baselines.calibrated = model
    }

    /// The units from the first on as calibrated by the plan at the start, at least so many.
    func calibratedUnits(_ count: Int, lab: QuantizationLab) throws -> [CalibratedUnit] {
        while (baselines.calibrated?.units.count ?? 0) < count {
            try counting("calibrating the model", .waits)(baselines.calibrated?.units.count ?? 0, count)
            try calibrateBaseline(lab, .waits)
        }
        return baselines.calibrated?.units ?? []
    }

    /// Evaluates the checkpoint, unless that was done before.
    ///
    /// - Returns: Its evaluation.
    /// - Throws: `RunFailure(.badData)` where an earlier process of the run had another result.
    @discardableResult
    func fullPrecision(_ lab: QuantizationLab, _ handling: CommandHandling = .waits) throws -> Evaluation {
        let evaluation = try lab.measureReference(
            progress: counting("evaluating the full-precision model on images", handling))
        if let before = facts.fullPrecision {
            guard before == evaluation else { throw ResumedRun.otherInputs }
        } else {
            try emit(.evaluated(.fullPrecision, evaluation))
            if lab.isRefitted { try emit(.evaluated(.refitted, try lab.evaluateFullPrecision())) }
        }
        return evaluation
    }
}
