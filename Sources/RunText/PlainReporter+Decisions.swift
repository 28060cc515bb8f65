package import Runs

extension PlainReporter {
    /// A person's decision, in a line.
    func describeDecision(_ event: RunEvent) -> [String] {
        switch event {
        case .changed(let units, let changes, let sites):
            ["\(places(units)): \(describe(changes, sites))"]
        case .redoStarted(let units, let changes, let sites):
            [
                "redoing \(places(units))"
                    + (changes.isEmpty && sites.isEmpty ? "" : ": \(describe(changes, sites))")
            ]
        case .attemptChosen(let unit, let attempt): ["\(place(unit)): attempt \(attempt) is chosen"]
        case .rolledBack(let unit): ["rolled back to \(place(unit))"]
        case .undone(let decision, let chosen):
            [
                "undone: \(describe(decision)); \(chosen.count) \(chosen.count == 1 ? "unit is" : "units are") quantized"
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
        if report.reverted { text += ", learning made it worse: the calibrated version is kept" }
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

    private func describe(_ decision: RunDecision) -> String {
        switch decision {
        case .change: "the change of hyperparameters"
        case .redo: "the redo, its attempt is kept and no longer chosen"
        case .choose: "the choice of an attempt"
        case .rollBack: "the return to an earlier unit"
        }
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
