internal import Vocabulary

/// The mean and the standard deviation over seeds.
package struct Spread: Equatable, Codable, Sendable {
    /// The mean.
    package var mean: Double
    /// The sample standard deviation; nil for a single value.
    package var deviation: Double?

    /// The spread of values; nil without any.
    package init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let mean = values.reduce(0, +) / Double(values.count)
        self.mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        deviation = values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : nil
    }
}

/// A named preset with changes: a line of a comparison.
package struct Variant: Equatable, Sendable {
    /// The name of the line.
    package var name: String
    /// The preset that it starts from.
    package var preset: Preset
    /// The differences from the preset.
    package var changes: [HyperparameterChange]

    /// The preset itself.
    package init(_ preset: Preset) {
        name = preset.rawValue
        self.preset = preset
        changes = []
    }

    /// Reads `NAME=PRESET,key=value,…`.
    ///
    /// - Throws: `RunFailure(.usage)` that says what is wrong with it.
    package init(parsing text: String) throws(RunFailure) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let pairs = parts.map { part in
            part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        guard let first = pairs.first, pairs.allSatisfy({ $0.count == 2 && !$0[0].isEmpty }) else {
            throw RunFailure(
                .usage,
                "a variant cannot be “\(text)”; it is NAME=PRESET,key=value,… such as "
                    + "“block only=mgrq,global_weight=0,local_weight=0”")
        }
        do throws(RunFailure) {
            preset = try Preset(named: first[1])
        } catch {
            throw RunFailure(error.kind, "the variant “\(first[0])”: \(error.message)")
        }
        name = first[0]
        changes = pairs.dropFirst().map { HyperparameterChange(key: $0[0], value: $0[1]) }
    }

    /// The plan of this variant at some bits.
    ///
    /// - Parameters:
    ///   - plan: The source of everything else: the model and the images.
    ///   - shared: Changes for all variants; those of the preset and the variant take precedence.
    ///   - weightBits: The width of weight codes.
    ///   - activationBits: The width of activation codes.
    ///   - seed: The seed of everything random.
    /// - Returns: The plan.
    /// - Throws: `PlanError` for a change with an unknown key or a bad value.
    package func plan(
        from plan: RunPlan, shared: [HyperparameterChange], weightBits: Int, activationBits: Int, seed: UInt64
    ) throws(PlanError) -> RunPlan {
        var result = plan
        result.preset = preset
        result.hyperparameters = preset.hyperparameters(for: plan.target)
        result.hyperparameters.weightBits = weightBits
        result.hyperparameters.activationBits = activationBits
        let own = Set(Hyperparameters().changes(to: preset.hyperparameters).map(\.key))
        try result.hyperparameters.apply(shared.filter { !own.contains($0.key) } + changes)
        result.seed = seed
        return result
    }
}

/// The results of one variant at some bits, over its seeds.
package struct ComparisonRow: Equatable, Codable, Sendable {
    /// The variant's name.
    package var name: String
    /// The width of weight codes.
    package var weightBits: Int
    /// The width of activation codes.
    package var activationBits: Int
    /// The seeds.
    package var seeds: [UInt64]
    /// The full-precision model's top-1 in percent; nil without labels.
    package var fullPrecisionTop1: Double?
    /// The final models' top-1 in percent; nil without labels.
    package var top1: Spread?
    /// The final models' agreement with full precision in percent.
    package var agreement: Spread?
    /// The final models' KL(full ‖ quantized) in nats.
    package var kl: Spread?
    /// The same on the images that they were calibrated on; nil where a report has no units.
    package var calibrationKl: Spread?
    /// The final models' noise floors of KL, in nats; nil where a run has not measured it.
    package var noiseFloor: Spread?
    /// The size of the export in bytes.
    package var bytes: Int
    /// The runs' time in seconds.
    package var seconds: Spread?
    /// The runs' processor time in seconds over all threads; nil where one is not known.
    package var processorSeconds: Spread?

    /// Summarises reports.
    ///
    /// - Parameters:
    ///   - name: The variant's name.
    ///   - plan: One of its plans.
    ///   - runs: The seeds and reports of finished runs.
    package init(name: String, plan: RunPlan, runs: [(seed: UInt64, report: RunReport)]) {
        self.name = name
        weightBits = plan.hyperparameters.weightBits
        activationBits = plan.hyperparameters.activationBits
        seeds = runs.map(\.seed)
        fullPrecisionTop1 = runs.first?.report.fullPrecision?.top1
        top1 = Spread(runs.compactMap { $0.report.final?.top1 })
        agreement = Spread(runs.compactMap { $0.report.final?.agreement })
        kl = Spread(runs.compactMap { $0.report.final?.kl })
        func known(_ value: (RunReport) -> Double?) -> Spread? {
            let values = runs.compactMap { value($0.report) }
            return values.count == runs.count ? Spread(values) : nil
        }
        calibrationKl = known(\.calibrationKl)
        noiseFloor = known { $0.noiseFloor?.kl }
        bytes = runs.first?.report.bytes ?? 0
        seconds = Spread(runs.map(\.report.seconds))
        processorSeconds = known(\.processorSeconds)
    }
}

/// The differences of one variant from another at the same bits, paired by evaluation image and seed.
package struct ComparisonDifference: Equatable, Codable, Sendable {
    /// The variant's name.
    package var name: String
    /// The name of the variant that it is compared with.
    package var against: String
    /// The width of weight codes.
    package var weightBits: Int
    /// The width of activation codes.
    package var activationBits: Int
    /// The number of evaluation images.
    package var images: Int
    /// The difference in top-1, in points; nil without labels.
    package var top1: PairedDifference?
    /// The difference in agreement with full precision, in points.
    package var agreement: PairedDifference
    /// The difference in KL(full ‖ quantized), in nats; nil if a run has not kept it by image.
    package var kl: PairedDifference?
    /// Whether the difference in KL is less than the greater noise floor of the two; nil where one is not known.
    package var klIsBelowNoiseFloor: Bool?

    /// Compares two lines of a comparison; nil with less than two images.
    ///
    /// - Parameters:
    ///   - row: The first.
    ///   - other: The second, at the same bits and with the same seeds.
    ///   - predictions: The predictions of the first's runs, one per seed.
    ///   - others: The predictions of the second's runs, on the same images.
    package init?(
        _ row: ComparisonRow, from other: ComparisonRow, predictions: [Predictions], others: [Predictions]
    ) {
        let agreement = PairedDifference(shares: predictions.map(\.agreeing), others.map(\.agreeing))
        guard let first = predictions.first, let agreement else { return nil }
        name = row.name
        against = other.name
        weightBits = row.weightBits
        activationBits = row.activationBits
        images = first.final.count
        top1 = PairedDifference(shares: predictions.compactMap(\.right), others.compactMap(\.right))
        self.agreement = agreement
        func divergences(_ predictions: [Predictions]) -> [[Double]] {
            predictions.compactMap { $0.kl?.map(Double.init) }
        }
        let (own, theirs) = (divergences(predictions), divergences(others))
        let kl = own.count == predictions.count ? PairedDifference(own, theirs) : nil
        self.kl = kl
        if let kl, let floor = row.noiseFloor, let otherFloor = other.noiseFloor {
            klIsBelowNoiseFloor = abs(kl.mean) < max(floor.mean, otherFloor.mean)
        }
    }
}

/// The tables of an experiment: its lines, and how far they are from others at the same bits.
package struct Comparison: Equatable, Encodable, Sendable {
    /// One row for each line.
    package var rows: [ComparisonRow]
    /// One difference for each line that is compared with another and whose runs all have predictions.
    package var differences: [ComparisonDifference]

    /// Compares lines pairwise, image by image.
    ///
    /// - Parameters:
    ///   - lines: The lines; those without runs are left out.
    ///   - runs: The runs of the first lines.
    ///   - name: The line that others at its bits are compared with; nil takes the first at each bits.
    package init(_ lines: [Experiment.Line], runs: [[FinishedRun]], against name: String?) {
        let rows = zip(lines, runs).map { line, runs in
            ComparisonRow(
                name: line.name, plan: line.trials[0].plan, runs: runs.map { ($0.seed, $0.report) })
        }
        func predictions(_ row: Int) -> [Predictions]? {
            let found = runs[row].compactMap(\.predictions)
            return found.count == runs[row].count ? found : nil
        }
        self.rows = rows
        differences = rows.indices.compactMap { index in
            let row = rows[index]
            let other = rows.indices.first {
                rows[$0].weightBits == row.weightBits && rows[$0].activationBits == row.activationBits
                    && (name == nil || rows[$0].name == name)
            }
            guard let other, other != index, let own = predictions(index), let others = predictions(other)
            else { return nil }
            return ComparisonDifference(row, from: rows[other], predictions: own, others: others)
        }
    }
}
