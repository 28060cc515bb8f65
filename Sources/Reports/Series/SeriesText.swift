package import Runs

extension RunSeries {
    /// A value of the long table.
    struct Row {
        var unit = ""
        var attempt: Int?
        var step: Int?
        var series: String
        /// Nil where it is not finite.
        var value: Double?
    }

    /// The JSON file.
    ///
    /// - Throws: `RunFailure(.internal)`, which a value of this type does not cause.
    package func json() throws(RunFailure) -> [UInt8] { Array(try JSONText(encoding: self).page.utf8) }

    /// The measurements as one long table, in CSV (RFC 4180).
    ///
    /// The values of steps come first, unit by unit and attempt by attempt, then the results of each attempt, which have no
    /// step, then evaluations and the points of the sweep, which have no unit. A value that is not finite is empty.
    package var csv: [UInt8] {
        var text = "unit,attempt,step,series,value\r\n"
        func add(_ row: Row) {
            let cells = [
                Self.cell(row.unit), row.attempt.map { "\($0)" } ?? "", row.step.map { "\($0)" } ?? "",
                Self.cell(row.series), row.value.map { "\($0)" } ?? "",
            ]
            text += cells.joined(separator: ",") + "\r\n"
        }
        for attempt in attempts {
            for series in attempt.series {
                // The fewest digits that a value of 32 bits needs.
                let head = "\(Self.cell(attempt.unit)),\(attempt.attempt),"
                let name = Self.cell(series.name)
                for (step, value) in attempt.values(of: series) {
                    text += "\(head)\(step),\(name),\(value.map { "\($0)" } ?? "")\r\n"
                }
            }
        }
        for row in outcomes { add(row) }
        return Array(text.utf8)
    }

    /// The values that have no step.
    var outcomes: [Row] {
        let units = attempts.flatMap { attempt -> [Row] in
            guard let outcome = attempt.outcome else { return [] }
            return outcome.measures.map {
                Row(unit: attempt.unit, attempt: attempt.attempt, series: $0.name, value: finite($0.value))
            }
        }
        let models = evaluations.flatMap { model in
            model.evaluation.measures.map {
                Row(series: "\(model.subject.text)/\($0.name)", value: finite($0.value))
            }
        }
        let points = sweep.flatMap { point in
            ([("bytes", Double(point.bytes))] + point.evaluation.measures).map { name, value in
                Row(
                    series: "sweep/w\(point.weightBits)a\(point.activationBits)/\(name)",
                    value: finite(value))
            }
        }
        let floor = noiseFloor.map { [("kl", $0.kl), ("changed", $0.changed)] } ?? []
        return units + models
            + floor.map { Row(series: "final/noise_floor_\($0.0)", value: finite($0.1)) } + points
    }

    private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

    /// A text as a cell.
    private static func cell(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
            return text
        }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }
}

extension AttemptReport {
    /// Its measures by their names in files.
    fileprivate var measures: [(name: String, value: Double)] {
        [
            ("calibrated_loss", calibratedLoss), ("final_loss", finalLoss), ("calibrated_kl", calibratedKl),
            ("final_kl", finalKl),
        ] + (heldOut?.measures ?? []).map { ("held_out_\($0.name)", $0.value) }
            + [("seconds", seconds), ("bytes", Double(bytes))]
    }
}

extension Evaluation {
    /// Its measures by their names in files; unknown ones are left out.
    fileprivate var measures: [(name: String, value: Double)] {
        let all = [
            ("top1", top1), ("top5", top5), ("agreement", agreement), ("kl", kl), ("sqnr_db", sqnrDb),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension EvaluationSubject {
    /// Its name in files.
    fileprivate var text: String {
        switch self {
        case .fullPrecision: "full_precision"
        case .refitted: "refitted"
        case .calibrated: "calibrated"
        case .prefix(let unit): "prefix/\(unit)"
        case .final: "final"
        }
    }
}
