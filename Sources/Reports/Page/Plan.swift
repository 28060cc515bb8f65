internal import RunText
internal import Runs
internal import Vocabulary

extension ReportPage {
    /// What people decided at gates, and what the program did about units that got worse.
    var decisions: Markup {
        var result: Markup = ""
        if run.decisions.isEmpty {
            result += paragraph("Nobody intervened: the run followed its plan.")
        } else {
            let rows = run.decisions.map { decision -> [Markup] in
                ["\(QuantityText.clock(decision.seconds))", "\(decision.sentence)"]
            }
            result +=
                MarkupTable(columns: [.init("time", .numbers), .init("decision", .sentences)], rows: rows)
                .markup
        }
        if !run.warnings.isEmpty {
            let items = run.warnings.map { warning -> Markup in "<li>\(warning)</li>\n" }
            result += "<h3>Warnings</h3>\n<ul>\(items)</ul>\n"
        }
        return result
    }

    /// The hyperparameters: first those that differ from the preset, then all.
    var settings: Markup {
        guard let plan = run.plan else { return paragraph("The run has not begun.") }
        let usual = plan.preset.hyperparameters
        func row(_ place: String, _ key: String, _ value: String) -> [Markup] {
            let field = HyperparameterField.all.first { $0.key == key }
            return [
                "\(place)", "<span class=\"mono\">\(key)</span>", "\(value)",
                "\(field?.value(of: plan.preset) ?? "–")",
                "\(field?.summary ?? "")",
            ]
        }
        var rows = usual.changes(to: plan.hyperparameters).map { row("every unit", $0.key, $0.value) }
        for unit in plan.units { rows += unit.changes.map { row(unit.match, $0.key, $0.value) } }
        for site in plan.sites { rows.append(row(site.match, "bits", "\(site.bits)")) }
        let columns: [MarkupTable.Column] = [
            .init("where"), .init("key"), .init("value", .numbers), .init("preset", .numbers),
            .init("meaning", .sentences),
        ]
        let changed =
            rows.isEmpty
            ? paragraph("Every value is that of the preset \(plan.preset.rawValue).")
            : MarkupTable(columns: columns, rows: rows).markup
        let groups = HyperparameterField.Group.allCases.map { group -> Markup in
            let lines = group.fields.map { field -> [Markup] in
                [
                    "<span class=\"mono\">\(field.key)</span>", "\(field.value(in: plan.hyperparameters))",
                    "\(field.summary)",
                ]
            }
            let table = MarkupTable(
                columns: [.init("key"), .init("value", .numbers), .init("meaning", .sentences)], rows: lines)
            return "<h3>\(group.rawValue)</h3>\n\(table.markup)"
        }
        return """
            <h3>Different from the preset \(plan.preset.rawValue)</h3>
            \(changed)\(details("All settings of the plan", "\(groups)"))
            """
    }

    /// The files that were written, and how they compare with the model.
    var verification: Markup {
        let verifications = run.measurements?.verifications ?? []
        guard !verifications.isEmpty || !run.exports.isEmpty else {
            return paragraph("Not measured: \(Self.verifying)")
        }
        let parts = verifications.map(verification)
        return run.exports.isEmpty ? "\(parts)" : "\(parts)\(exports)"
    }

    /// A file that was run and compared with the model, and what was measured of it.
    private func verification(_ verification: RunMeasurements.Verification) -> Markup {
        let report = verification.report
        let digests =
            [("SHA-256", report.sha256)] + report.dataFiles.map { ("SHA-256 of \($0.name)", $0.sha256) }
        let facts = [("compared", verification.time)] + VerificationText.facts(report) + digests
        let items = facts.map { name, value -> Markup in "<dt>\(name)</dt><dd>\(value)</dd>" }
        let runtime = report.runtime.map { " in \($0.name)" } ?? ""
        let failure = VerificationText.failure(report)
        let verdict =
            failure.map { paragraph("\($0).") }
            ?? paragraph("The file computes what the run evaluated: every bound is kept.")
        let rows = report.checks.map { check -> [Markup] in
            VerificationText.cells(check).map { "\($0)" }
        }
        let table = MarkupTable(
            columns: [
                .init("check"), .init("compared", .numbers), .init("found", .numbers),
                .init("accepted", .numbers), .init(""), .init("worst at"),
            ], rows: rows)
        let omitted = report.omitted.map { note("Not checked: \($0.name): \($0.reason).") }
        return """
            <h3>\(lastPart(of: report.file))\(runtime)</h3>
            \(verdict)<dl>\(items)</dl>
            \(table.markup)\(omitted)
            """
    }

    /// The files that were written while the run was open.
    private var exports: Markup {
        let rows = run.exports.map { export -> [Markup] in
            [
                "\(export.format.rawValue)", "<span class=\"mono\">\(export.path)</span>",
                "\(QuantityText.bytes(export.result.bytes))",
                "\(QuantityText.verification(export.result.verification))",
            ]
        }
        return MarkupTable(
            columns: [
                .init("format"), .init("file"), .init("size", .numbers), .init("read back", .sentences),
            ],
            rows: rows
        ).markup
    }

    /// Everything that is needed to make the same integers again.
    var reproduction: Markup {
        var facts: [(String, String)] = [("program", "mgrq \(programVersion)")]
        if let plan = run.plan {
            facts += [("model", plan.model), ("seed", "\(plan.seed)")]
            if let inputs = plan.inputs {
                facts += [
                    ("SHA-256 of the weights", inputs.weights), ("of the model's shape", inputs.model),
                    ("of the calibration images", inputs.calibration),
                ]
                if let evaluation = inputs.evaluation {
                    facts.append(("of the evaluation images", evaluation))
                }
                facts.append(("held-out evaluation images", "\(inputs.heldOut)"))
                facts.append(
                    (
                        "arithmetic",
                        inputs.arithmetic == .fused ? "fused multiply-add" : "a rounding after each operation"
                    ))
            }
        }
        let items = facts.map { name, value -> Markup in "<dt>\(name)</dt><dd class=\"mono\">\(value)</dd>" }
        let rows = (run.report?.units ?? []).map { report -> [Markup] in
            [
                "\(report.name)", "\(report.attempt)", "<span class=\"mono\">\(report.sha256 ?? "–")</span>",
            ]
        }
        var result: Markup = "<dl>\(items)</dl>\n"
        if !rows.isEmpty {
            let table = MarkupTable(
                columns: [.init("unit"), .init("attempt", .numbers), .init("SHA-256 of its file")],
                rows: rows)
            result += details("Files of the chosen attempts", table.markup)
        }
        if let plan = run.plan {
            let stale = (run.report?.stale ?? []).compactMap { index in
                run.summary.flatMap { $0.units.indices.contains(index) ? $0.units[index].name : nil }
            }
            result += """
                <h3>Plan</h3>
                \(note("Written to a file, this is the input of mgrq run; it replays to the same integers."))\
                <pre>\(plan.yaml(stale: stale))</pre>

                """
        }
        return result
    }
}
