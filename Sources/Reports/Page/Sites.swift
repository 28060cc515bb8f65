internal import ChartScale
internal import RunText
internal import Runs
internal import Vocabulary

extension ReportPage {
    /// A site with what is known of it.
    private struct SiteRow {
        let name: String
        let bits: Int
        let quantizer: String
        let sqnrDb: Double?
        let inspection: SiteInspection?
    }

    /// The sites of every unit: as they were looked at for this page, else as the journal has them.
    private var rows: [(unit: String, sites: [SiteRow])] {
        let inspected = Dictionary(
            (run.sites ?? []).map { ($0.request.site, $0) }, uniquingKeysWith: { first, _ in first })
        return (run.summary?.units ?? []).enumerated().map { index, unit in
            let reports = run.chosenAttempt(of: index)?.sites ?? []
            let sites = unit.sites.compactMap { name -> SiteRow? in
                if let found = inspected[name] {
                    return SiteRow(
                        name: name, bits: found.bits, quantizer: found.quantizer, sqnrDb: found.sqnrDb,
                        inspection: found)
                }
                return reports.first { $0.site == name }.map {
                    SiteRow(
                        name: name, bits: $0.bits, quantizer: $0.quantizer, sqnrDb: $0.sqnrDb, inspection: nil
                    )
                }
            }
            return (unit.name, sites)
        }
    }

    /// How well each quantizer fits its tensor.
    var sites: Markup {
        let rows = rows.filter { !$0.sites.isEmpty }
        guard !rows.isEmpty else { return paragraph("No site has a quantizer yet.") }
        var result: Markup = ""
        if let missing = run.missing { result += "<p class=\"notice\">\(missing)</p>\n" }
        let what =
            run.sites == nil
            ? "Signal to quantization noise of each calibrated site, in dB"
            : "Signal to quantization noise of each site in the final model, in dB"
        result += note("\(what): 6 dB are about one bit. Units in columns; the darker, the noisier.")
        result += heat(rows)
        if run.sites != nil {
            result += note(
                "Below: how often each value occurs (logarithmic), and the levels of the quantizer's codes; of a site with "
                    + "groups, those of the group with the widest range. Activations are those of up to 32 calibration images."
            )
        }
        for (unit, sites) in rows {
            result += details(
                "\(unit)<span>\(sites.count == 1 ? "1 site" : "\(sites.count) sites"), lowest SQNR \(lowest(sites))</span>",
                table(unit, sites))
        }
        return result
    }

    private func lowest(_ sites: [SiteRow]) -> String {
        sites.compactMap(\.sqnrDb).min().map { "\(QuantityText.fixed($0, decimals: 1)) dB" } ?? "–"
    }

    private func short(_ site: String, of unit: String) -> String {
        site.hasPrefix("\(unit).") ? String(site.dropFirst(unit.count + 1)) : site
    }

    /// Sites × units.
    ///
    /// Sites that only one unit has are left to its own table.
    private func heat(_ rows: [(unit: String, sites: [SiteRow])]) -> Markup {
        var names: [String] = []
        for (unit, sites) in rows {
            for name in sites.map({ short($0.name, of: unit) }) where !names.contains(name) {
                names.append(name)
            }
        }
        let shared = names.filter { name in
            rows.count { unit, sites in sites.contains { short($0.name, of: unit) == name } } > 1
        }
        let columns = rows.filter { unit, sites in
            sites.contains { shared.contains(short($0.name, of: unit)) }
        }
        guard !shared.isEmpty, columns.count > 1 else { return "" }
        let heads = columns.map { column -> Markup in "<th scope=\"col\">\(column.unit)</th>" }
        let lines = shared.map { name -> Markup in
            let cells = columns.map { unit, sites -> Markup in
                guard let site = sites.first(where: { short($0.name, of: unit) == name }) else {
                    return "<td></td>"
                }
                guard let sqnr = site.sqnrDb else { return "<td>–</td>" }
                // From 40 dB, which no one sees, to 5 dB.
                return heatCell("\(QuantityText.fixed(sqnr, decimals: 1))", share: (40 - sqnr) / 35)
            }
            return "<tr><th scope=\"row\">\(name)</th>\(cells)</tr>"
        }
        return """
            <div class="scroll"><table class="heat"><thead><tr><th></th>\(heads)</tr></thead><tbody>\(lines)</tbody></table></div>

            """
    }

    private func table(_ unit: String, _ sites: [SiteRow]) -> Markup {
        let rows = sites.map { site -> [Markup] in
            let sqnr = site.sqnrDb.map { "\(QuantityText.fixed($0, decimals: 1)) dB" } ?? "–"
            let known: [Markup] = [
                "<span class=\"mono\">\(short(site.name, of: unit))</span>", "\(site.quantizer)",
                "\(site.bits == 16 ? "full precision" : "\(site.bits)")", "\(sqnr)",
            ]
            guard run.sites != nil else { return known }
            guard let inspection = site.inspection else { return known + ["–", ""] }
            let clipped = "\(QuantityText.fixed(inspection.clippedShare * 100, decimals: 2)) %"
            return known + ["\(clipped)", HistogramDrawing(inspection: inspection).markup]
        }
        let columns: [MarkupTable.Column] = [
            .init("site"), .init("quantizer"), .init("bits", .numbers), .init("SQNR", .numbers),
        ]
        let inspected: [MarkupTable.Column] = [.init("clipped", .numbers), .init("values and levels")]
        return MarkupTable(
            columns: columns + (run.sites == nil ? [] : inspected), rows: rows, kind: "sites"
        ).markup
    }
}
