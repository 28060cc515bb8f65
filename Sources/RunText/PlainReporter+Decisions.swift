package import Runs

extension PlainReporter {
    /// A person's decision, in a line.
    ///
    /// - Parameters:
    ///   - event: The decision.
    ///   - before: The ledger before it; nil where it is not known.
    /// - Returns: The line; none for other events.
    func describeDecision(_ event: RunEvent, after before: RunLedger?) -> [String] {
        switch event {
        case .changed(let units, let changes, let sites):
            ["\(places(units)): \(describe(changes, sites))"]
        case .redoStarted(let units, let changes, let sites):
            [
                "redoing \(places(units))"
                    + (changes.isEmpty && sites.isEmpty ? "" : ": \(describe(changes, sites))")
            ]
        case .attemptChosen(let unit, let attempt): ["\(place(unit)): attempt \(attempt) is chosen"]
        case .rolledBack(let unit):
            [
                "back at the gate before \(place(unit))"
                    + returning(Array((before?.chosen.indices ?? 0..<0).dropFirst(max(0, unit))))
            ]
        case .staleChanged(let units):
            units.isEmpty
                ? ["no unit is stale"]
                : ["stale, as an earlier unit has another attempt now: \(names(units))"]
        default: []
        }
    }

    /// How an attempt ended if not as planned, and its evaluation on held-out images.
    func describeOutcome(_ report: AttemptReport) -> String {
        var text = ""
        switch report.ending {
        case .complete: break
        case .finishedEarly: text += ", finished early"
        case .cancelled: text += ", cancelled"
        }
        if report.reverted { text += "; learning made it worse: put back to its calibrated state" }
        if let heldOut = report.heldOut {
            text +=
                "; held out: "
                + (heldOut.top1.map { "top-1 \(QuantityText.fixed($0, decimals: 2)) %, " } ?? "")
                + "KL \(QuantityText.measure(heldOut.kl)) nats"
        }
        return text
    }

    func describe(_ baseline: HeldOutBaseline) -> String {
        let last = baseline.calibrated.last.map { "; calibrated: \(describe($0))" } ?? ""
        return "attempts are compared on \(baseline.imagesText)\(last)"
    }

    func describe(_ inspection: SiteInspection) -> String {
        let sqnr = inspection.sqnrDb.map { ", SQNR \(QuantityText.fixed($0, decimals: 1)) dB" } ?? ""
        return "\(inspection.request.site): \(inspection.quantizer), \(inspection.bits) bits, values "
            + "\(QuantityText.measure(inspection.histogram.lower)) … "
            + "\(QuantityText.measure(inspection.histogram.upper)), clipped "
            + "\(QuantityText.fixed(inspection.clippedShare * 100, decimals: 2)) %\(sqnr)"
    }

    func describe(_ page: ImagePage) -> String {
        "\(page.request.images.rawValue) images: \(page.differing) of \(page.total) predictions changed"
    }

    // MARK: - Undoing

    /// A decision in a few words, with its units and attempts, for the time when it is undone.
    func name(ofDecision event: RunEvent) -> String {
        switch event {
        case .changed(let units, let changes, let sites): "\(describe(changes, sites)), \(places(units))"
        case .redoStarted(let units, _, _): "redo of \(names(units))"
        case .attemptChosen(let unit, let attempt): "choice of attempt \(attempt) at \(names([unit]))"
        case .rolledBack(let unit): "return to the gate before \(place(unit))"
        default: ""
        }
    }

    /// A kind of decision, where no more is known of it.
    func name(of decision: RunDecision) -> String {
        switch decision {
        case .change: "change of hyperparameters"
        case .redo: "redo"
        case .choose: "choice of an attempt"
        case .rollBack: "return to an earlier gate"
        }
    }

    /// An undone decision, and which attempts are chosen now that were not before.
    func describeUndone(_ decision: String, chosen: [Int], after before: RunLedger?) -> String {
        guard let before else {
            return
                "undone: \(decision); \(chosen.count) \(chosen.count == 1 ? "unit is" : "units are") quantized"
        }
        let other = chosen.indices.filter { unit in
            !before.chosen.indices.contains(unit) || before.chosen[unit] != chosen[unit]
        }
        let attempts = Dictionary(grouping: other) { chosen[$0] }.sorted { $0.key < $1.key }
            .map { "attempt \($0.key) of \(names($0.value))" }
        let again = attempts.isEmpty ? "" : "; chosen again: \(attempts.joined(separator: ", "))"
        return "undone: \(decision)\(again)\(returning(Array(before.chosen.indices.dropFirst(chosen.count))))"
    }

    /// Units that are quantized no longer, after what makes them so.
    private func returning(_ units: [Int]) -> String {
        guard !units.isEmpty else { return "" }
        return "; \(names(units)) \(units.count == 1 ? "returns" : "return") to full precision"
    }

    private func describe(_ changes: [HyperparameterChange], _ sites: [SiteOverride]) -> String {
        (changes.map { "\($0.key) = \($0.value)" } + sites.map { "\($0.match) at \($0.bits) bits" })
            .joined(separator: ", ")
    }

    /// Units that follow one another to the end of the model, or all of them by name.
    private func places(_ units: [Int]) -> String {
        guard let first = units.first, units.count > 1 else { return units.first.map(place) ?? "no unit" }
        let reachesEnd = summary.map { $0.units.count == first + units.count } ?? true
        return reachesEnd && units == Array(first..<first + units.count)
            ? "from \(place(first)) on" : names(units)
    }

    private func names(_ units: [Int]) -> String {
        units.map { unit in
            guard let known = summary?.units, known.indices.contains(unit) else { return "unit \(unit + 1)" }
            return known[unit].name
        }
        .joined(separator: ", ")
    }
}

extension HeldOutBaseline {
    /// The held-out images in words: how many, and where they come from.
    package var imagesText: String {
        let images = QuantityText.count(fullPrecision.images)
        return source == .evaluation
            ? "\(images) evaluation images, which no other result contains"
            : "\(images) calibration images, which the run does not calibrate with"
    }
}
