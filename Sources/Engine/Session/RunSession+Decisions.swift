internal import Checkpoints
internal import Quantization
internal import Runs
internal import Vocabulary

extension RunSession {
    /// Changes hyperparameters of units that are still to come.
    func change(_ changes: [HyperparameterChange], sites: [SiteOverride], unit: Int?) throws {
        let coming = ledger.unitsDone..<ledger.units.count
        guard !coming.isEmpty else {
            return try emit(.warning("no unit is left that could have other hyperparameters"))
        }
        if let unit, !coming.contains(unit) {
            let reason =
                ledger.units.indices.contains(unit)
                ? "\(ledger.units[unit].name) is quantized already; redo it with the change"
                : "there is no unit \(unit); units count from 0 through \(ledger.units.count - 1)"
            return try emit(.warning(reason))
        }
        let units = unit.map { [$0] } ?? Array(coming)
        let event = RunEvent.changed(units: units, changes: changes, sites: sites)
        guard try isPossible(event, units: units, changes: changes, sites: sites) else { return }
        try emit(event)
    }

    /// Makes another attempt at a unit that is quantized.
    ///
    /// - Returns: Whether anything was done.
    func redo(
        _ unit: Int, changes: [HyperparameterChange], sites: [SiteOverride], lab: QuantizationLab
    ) throws -> Bool {
        guard try isQuantized(unit) else { return false }
        let event = RunEvent.redoStarted(units: [unit], changes: changes, sites: sites)
        let changesNothing = changes.isEmpty && sites.isEmpty
        guard try changesNothing || isPossible(event, units: [unit], changes: changes, sites: sites) else {
            return false
        }
        try emit(event)
        try finishRedo(lab)
        return true
    }

    /// Makes another attempt at every unit from the first stale one on.
    ///
    /// - Returns: Whether anything was done.
    func redoStale(_ lab: QuantizationLab) throws -> Bool {
        guard let first = ledger.stale.first else {
            try emit(.warning("no unit is stale"))
            return false
        }
        // Redoing the first changes the prefix of all units after it.
        let units = Array(first..<ledger.unitsDone)
        try emit(.redoStarted(units: units, changes: [], sites: []))
        try finishRedo(lab)
        return true
    }

    /// Makes the attempts that a redo still lacks.
    func finishRedo(_ lab: QuantizationLab) throws {
        while let unit = ledger.pendingRedo.first {
            try attempt(unit, lab: lab)
        }
    }

    /// Chooses among a unit's attempts.
    ///
    /// - Returns: Whether anything was done.
    func choose(unit: Int, attempt: Int) throws -> Bool {
        guard ledger.units.indices.contains(unit), unit <= ledger.unitsDone else {
            try emit(.warning("an attempt can be chosen for a unit that is quantized or comes next"))
            return false
        }
        guard let report = ledger.attempt(attempt, of: unit) else {
            let known = ledger.attempts[unit].map { "\($0.attempt)" }.joined(separator: ", ")
            try emit(
                .warning(
                    "\(ledger.units[unit].name) has no attempt \(attempt); it has "
                        + (known.isEmpty ? "none" : known)))
            return false
        }
        guard ledger.chosenAttempt(of: unit) != report else {
            try emit(.warning("attempt \(attempt) at \(report.name) is chosen already"))
            return false
        }
        try emit(.attemptChosen(unit: unit, attempt: attempt))
        return true
    }

    /// Goes back to the gate before a unit.
    ///
    /// - Returns: Whether anything was done.
    func rollBack(to unit: Int) throws -> Bool {
        guard try isQuantized(unit) else { return false }
        try emit(.rolledBack(unit: unit))
        return true
    }

    /// Undoes the last decision.
    ///
    /// - Returns: Whether anything was done.
    func undo() throws -> Bool {
        guard let last = ledger.undoable else {
            try emit(.warning("there is no decision that could be taken back"))
            return false
        }
        var before = ledger
        before.apply(.undone(last.decision, chosen: []))
        try emit(.undone(last.decision, chosen: before.chosen))
        return true
    }

    private func isQuantized(_ unit: Int) throws -> Bool {
        if ledger.chosen.indices.contains(unit) { return true }
        let done = ledger.chosen.indices.map { ledger.units[$0].name }.joined(separator: ", ")
        try emit(
            .warning(
                "unit \(unit) is not quantized; " + (done.isEmpty ? "none is yet" : "those that are: \(done)")
            ))
        return false
    }

    /// Whether a change is possible; warns if not.
    private func isPossible(
        _ event: RunEvent, units: [Int], changes: [HyperparameterChange], sites: [SiteOverride]
    ) throws -> Bool {
        func refuse(_ reason: String) throws -> Bool {
            try emit(.warning("the change was not taken: \(reason)"))
            return false
        }
        guard !changes.isEmpty || !sites.isEmpty else { return try refuse("it changes nothing") }
        for override in sites {
            guard Hyperparameters.bitWidths.contains(override.bits) else {
                return try refuse(
                    "\(override.match) cannot have \(override.bits) bits; 2 through 8, or 16 for full precision"
                )
            }
            let names = units.flatMap { ledger.units[$0].sites }
            guard names.contains(where: { matches(pattern: override.match, name: $0) }) else {
                let near = closest(to: override.match, among: names).map { "; did you mean “\($0)”?" }
                return try refuse("no site of these units is named “\(override.match)”\(near ?? "")")
            }
        }
        var changed = ledger
        changed.apply(event)
        do {
            for unit in units {
                _ = try changed.plan.hyperparameters(of: ledger.units[unit].name)
            }
        } catch {
            return try refuse("\(error)")
        }
        return true
    }
}

// MARK: - Results at a gate

extension RunSession {
    /// Evaluates the current model.
    func evaluate(_ lab: QuantizationLab) throws {
        let model = try chosenUnits()
        let isKnown = facts.fullPrecision != nil
        let fullPrecision = try fullPrecision(lab)
        guard !model.isEmpty else {
            return isKnown ? try emit(.evaluated(.fullPrecision, fullPrecision)) : ()
        }
        let progress = counting("evaluating on images", .waits)
        try emit(.evaluated(.prefix(unit: model.count - 1), try lab.evaluate(model, progress: progress)))
    }

    /// Writes a file; if it cannot be written, the run goes on after a warning.
    func export(_ format: ExportFormat, to path: String) throws {
        if !ledger.stale.isEmpty { try emit(.warning(staleSentence)) }
        guard !format.needsCompleteModel || ledger.unitsDone == ledger.units.count else {
            return try emit(
                .warning("\(format.rawValue) can be written when every unit is quantized"))
        }
        let source = ExportSource(
            plan: ledger.plan, stale: staleNames, model: packedModel,
            checkpoint: { [resources] in resources.modelPath })
        let outcome: RunEvent
        do throws(RunFailure) {
            outcome = .exported(
                format: format, path: path, try source.export(format, to: path, pool: pool))
        } catch {
            outcome = .warning("\(path) was not written: \(error.message)")
        }
        try emit(outcome)
    }

    /// The quantized model with the chosen attempts.
    private func packedModel() throws -> PackedCheckpoint {
        guard var file = attempts.header else {
            throw RunFailure(.internal, "the model's shape is not known yet")
        }
        file.plan = ledger.plan.yaml(stale: staleNames)
        file.units = Dictionary(uniqueKeysWithValues: try chosenUnits().enumerated().map { ($0, $1) })
        return file
    }

    /// The units that are quantized, as chosen, in order; after the last one as they learned together, if they did.
    func chosenUnits() throws -> [QuantizedUnit] {
        let known = chain.flatMap { ledger.chosen.starts(with: $0.attempts) ? $0.quantized : nil } ?? []
        var units = known
        for place in ledger.chosen.indices.dropFirst(known.count) {
            guard let report = ledger.chosenAttempt(of: place) else { continue }
            let (unit, all) = try attempts.load(report)
            units.append(unit)
            for (place, unit) in all { units[place] = unit }
        }
        return units
    }
}
